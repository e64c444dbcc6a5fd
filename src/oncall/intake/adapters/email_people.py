"""A mail that a person wrote: who, what of, which mails it answers, and what of its text is not quoted."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from hashlib import sha256

import msgspec

from oncall.channels.answers import without_word
from oncall.incidents.values.mails import PersonsMail
from oncall.intake.adapters.email import TOKEN, Mail
from oncall.intake.adapters.email_answers import why_ignored
from oncall.intake.adapters.email_subjects import REPLY
from oncall.intake.rules import one_line
from oncall.kit.mail import check_mail_address

MAX_NAME = 100
MAX_ANSWERS = 30
NO_REPLY = re.compile(r"(?i)^(?:mailer-daemon|postmaster|(?:do[-_.]?)?no[-_.]?t?[-_.]?reply|bounces?)(?:[-+_.].*)?@")
OF_LISTS = ("list-id", "list-post", "list-unsubscribe", "x-mailing-list", "x-loop")
BY_MACHINES = {"bulk", "junk", "list", "auto_reply", "auto-reply"}
ORIGINAL = re.compile(
    r"(?im)^[ \t]*(?:-{2,}[ \t]*(?:original message|ursprüngliche nachricht|message d'origine|mensagem original)[ \t]*-{2,}[ \t]*$"
    r"|_{20,}[ \t]*\n[ \t]*\w{1,15}[ \t\xa0]*:)"
)
"""What Outlook puts before what is answered: in words, or a line with the sender's header below. A line by itself anybody may draw."""

QUOTED = re.compile(r"^\s*>")


def persons_mail(mail: Mail, *, ours: str, raw: bytes) -> PersonsMail | str:
    """What they wrote, or why it is nothing that anybody wrote: an answer of a machine, a report, a mail of ours. `ours` is our sender's
    address.
    """
    name, address = _sender(mail)
    if reason := why_ignored(mail.headers, mail.sender, mail.subject):
        return reason
    if address == ours.lower():
        return "a mail of ours on its way back"
    text = "\n".join(mail.text.splitlines()).strip()
    return PersonsMail(
        name=name,
        address=address,
        subject=without_word(REPLY.sub("", one_line(mail.subject))),
        heading=one_line(mail.subject),
        text=text,
        own_words=own_words(text),
        attachments=mail.attachments,
        message_id=_id(mail, raw),
        answers=_answers(mail.headers),
        may_be_answered=_may_be_answered(mail.headers, address),
    )


def _sender(mail: Mail) -> tuple[str, str]:
    """Name and address, in lower case; the address is empty where there is none that a mail could be sent to."""
    name, address = parseaddr(one_line(mail.sender))
    name = one_line(name if "@" in address else name or mail.sender)[:MAX_NAME].strip()
    for said in (address, mail.headers.get("return-path", "").strip("<> ")):
        try:
            return name, check_mail_address(said).lower()
        except ValueError:  # it is no address: then the envelope's, or none, and the mail is logged all the same
            continue
    return name, ""


def _id(mail: Mail, raw: bytes) -> str:
    """Its own; else it is known by who wrote what when: a relay that brings it again adds other lines. One without a date is known by all
    that came (`raw`), since a device may well say the same twice, and better it is logged twice than never.
    """
    found = TOKEN.search(mail.headers.get("message-id", ""))
    if found and found[0].isascii():
        return found[0]
    date = mail.headers.get("date", "").strip()
    written = msgspec.json.encode((date, mail.sender, mail.subject, mail.text, mail.attachments)) if date else raw
    return f"<{sha256(written).hexdigest()}@none>"


def _answers(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The nearest first, of a long conversation the newest."""
    nearest = TOKEN.findall(headers.get("in-reply-to", ""))
    return tuple(dict.fromkeys([*nearest, *reversed(TOKEN.findall(headers.get("references", "")))]))[:MAX_ANSWERS]


def _may_be_answered(headers: Mapping[str, str], address: str) -> bool:
    """RFC 3834 §2, and what was usual before."""
    submitted = headers.get("auto-submitted", "no").strip().lower()
    suppressed = headers.get("x-auto-response-suppress", "").lower()
    return (
        bool(address)
        and not NO_REPLY.match(address)
        and submitted in {"", "no"}
        and headers.get("precedence", "").strip().lower() not in BY_MACHINES
        and headers.get("return-path", "").strip() != "<>"
        and not any(name in headers for name in OF_LISTS)
        and not ("all" in suppressed or "autoreply" in suppressed)
    )


def own_words(text: str) -> str:
    """A text without what it quotes at its end; all of it, if nothing would be left. Whoever answers between the lines keeps them."""
    found = ORIGINAL.search(text)
    lines = (text[: found.start()] if found else text).rstrip().split("\n")
    quotes = len(lines)
    while lines and (QUOTED.match(lines[-1]) or not lines[-1].strip()):
        lines.pop()
    if len(lines) < quotes and lines and lines[-1].rstrip().endswith(":"):
        while lines and lines[-1].strip():  # "On Monday, Kim <kim@…> wrote:", on a line or two
            lines.pop()
    return "\n".join(lines).strip() or text.strip()
