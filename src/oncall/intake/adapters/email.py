"""A mail: as it is (RFC 5322), or as Mailgun, SendGrid, Postmark and CloudMailin post those that they receive.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http, https://postmarkapp.com/developer/webhooks/inbound-webhook.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

import msgspec

from oncall.incidents.values import Action
from oncall.intake.adapters.nagios import IGNORED, SEVERITIES
from oncall.intake.rules import ACTIONS, instant_of, one_line, said_at, severity_of, storable, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

MIME = "message/rfc822"
HEAD = re.compile(r"[!-9;-~]{1,100}:\s?\S")
REPLY = re.compile(r"(?i)^(?:\s*(?:re|fwd?|aw|wg|antw|tr|rv|sv|vs)\s?(?:\[\d{1,4}\])?:)+\s*")
STATE = re.compile(r"\s*(?:\[(?P<bracket>[^\[\]]{1,60})\]|\*\*\s*(?P<star>[A-Za-z]+)\b)\s*")
END_OF_NAGIOS = re.compile(r"\s+is\s+([A-Z]+)\s*\*\*\s*$")
TOKEN = re.compile(r"<[^<>\s]{1,250}>")
KEYS = ("x-dedup-key", "x-alert-key", "x-incident-key")
PROVIDERS = (
    {"body-plain", "recipient", "sender"},  # Mailgun
    {"body-mime", "recipient", "sender"},
    {"envelope", "charsets", "to"},  # SendGrid
    {"envelope", "email", "to"},
    {"FromFull", "ToFull", "MailboxHash"},  # Postmark
    {"envelope", "plain", "headers"},  # CloudMailin
)
MAX_HEADER = 4 * 1024
MAX_PARSED = 256 * 1024  # of a longer mail the rest is attachments
MAX_TEXT = 16 * 1024


@dataclass(frozen=True, slots=True)
class Mail:
    """What is read of a mail, whoever brings it; names of headers are in lower case."""

    subject: str
    sender: str
    text: str
    headers: Mapping[str, str]


def knows(value: object, received: Received) -> bool:
    """By its media type, by the head of a mail, or by the names of those who bring mails; and it has a subject or a sender."""
    if isinstance(value, dict):
        looks = any(names <= value.keys() for names in PROVIDERS)
    else:
        looks = isinstance(value, str) and (received.content_type.lower().startswith(MIME) or _has_head(value))
    try:
        return looks and bool((mail := _mail_of(value, received)).subject or mail.sender)
    except Unreadable:
        return False


def _has_head(text: str) -> bool:
    head = text[:16_384].replace("\r\n", "\n").partition("\n\n")[0]
    lower = "\n" + head.lower()
    return bool(HEAD.match(head)) and "\nsubject:" in lower and "\nfrom:" in lower


def read(value: object, received: Received) -> list[Reading]:
    """One event. The state is a word in brackets or behind stars before the subject; replies belong to the mail that they answer."""
    mail = _mail_of(value, received)
    if not mail.subject and not mail.sender:
        raise Unreadable("it is no mail: it has neither a subject nor a sender")
    word, title = said_before(REPLY.sub("", one_line(mail.subject)))
    ends = END_OF_NAGIOS.search(title)
    # `auto-generated` is what monitors call their own mails.
    is_reply = mail.headers.get("auto-submitted", "").strip().lower().startswith("auto-replied")
    reason = "an automatic reply" if is_reply else IGNORED.get(word, "")
    message = _first_id(mail.headers.get("message-id"))
    root = _first_id(mail.headers.get("references")) or _first_id(mail.headers.get("in-reply-to")) or message
    return [
        Reading(
            Action.IGNORE if reason else ACTIONS.get(word, Action.TRIGGER),
            one_line(END_OF_NAGIOS.sub("", title).removesuffix("**")) or "mail without a subject",
            dedup_key=next((key for name in KEYS if (key := mail.headers.get(name, "").strip())), root) or None,
            severity=SEVERITIES.get(ends[1].lower() if ends else "") or severity_of(mail.headers.get("x-severity"), word),
            source=one_line(mail.sender),
            labels={"list": listed} if (listed := one_line(mail.headers.get("list-id"))) else {},
            occurred_at=_date(mail.headers.get("date", "")),
            details={"text": mail.text} if mail.text else {},
            reason=reason,
            delivery_id=message,
        )
    ]


def said_before(title: str) -> tuple[str, str]:
    """The word of state before a title, in lower case, and the title without it; `[db-1] [RESOLVED] …` keeps what is no state."""
    at, kept = 0, ""
    while found := STATE.match(title, at):
        word = (found["bracket"] or found["star"]).partition(":")[0].strip().lower()  # `[FIRING:2]`
        if word in ACTIONS or word.replace(" ", "_") in ACTIONS or word in IGNORED or word == "alerting":
            return word, (kept + title[found.end() :]).strip()
        kept += title[at : found.end()]
        at = found.end()
    return "", title.strip()


def _mail_of(value: object, received: Received) -> Mail:
    if not isinstance(value, dict):
        return _parsed(received.raw)
    mime = said_at(value, ("body-mime", "email"))
    if isinstance(mime, str) and _has_head(mime):
        return _parsed(mime.encode("utf-8", "replace"))
    headers = _headers(said_at(value, ("message-headers", "Headers", "headers")))
    headers.setdefault("message-id", text_of(said_at(value, ("Message-Id", "MessageID"))))
    headers.setdefault("date", text_of(said_at(value, ("Date",))))
    return Mail(
        text_of(said_at(value, ("subject", "Subject"))) or headers.get("subject", ""),
        text_of(said_at(value, ("from", "From", "sender"))) or headers.get("from", ""),
        text_of(said_at(value, ("stripped-text", "body-plain", "text", "TextBody", "plain")), limit=MAX_TEXT),
        headers,
    )


def _parsed(raw: bytes) -> Mail:
    try:
        message = message_from_bytes(raw[:MAX_PARSED])
        headers = _lowered((name, str(said)) for name, said in message.items())
        text = next((_text(part) for part in message.walk() if part.get_content_type() == "text/plain"), "")
    except RecursionError:
        raise Unreadable("the parts of the mail nest too deep") from None
    return Mail(_decoded(headers.get("subject", "")), _decoded(headers.get("from", "")), text, headers)


def _text(part: Message) -> str:
    try:
        raw = part.get_payload(decode=True)
        text = raw.decode(part.get_content_charset("utf-8"), "replace") if isinstance(raw, bytes) else ""
    except (MessageError, LookupError, ValueError):
        return ""
    return text_of(storable(text), limit=MAX_TEXT)


def _headers(value: object) -> dict[str, str]:
    """As one text (SendGrid), an object (CloudMailin), a list of pairs (Mailgun, which may write it as JSON) or of objects (Postmark)."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(msgspec.DecodeError, RecursionError, ValueError):
            value = msgspec.json.decode(value)
    match value:
        case str():
            return _lowered((name, str(said)) for name, said in message_from_bytes(value.encode("utf-8", "replace")).items())
        case dict():
            return _lowered((name, text_of(said)) for name, said in value.items())
        case list():
            return _lowered(_pair(header) for header in value)
        case _:
            return {}


def _pair(header: object) -> tuple[str, str]:
    match header:
        case [str(name), said] | {"Name": str(name), "Value": said}:
            return name, text_of(said)
        case _:
            return "", ""


def _lowered(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Of a header that is there more than once the first."""
    headers: dict[str, str] = {}
    for name, said in pairs:
        headers.setdefault(name.lower().replace("_", "-"), storable(said))
    return headers


def _decoded(header: str) -> str:
    """The text of a header, which may be encoded; as it stands if it is so wrongly."""
    try:
        return storable(str(make_header(decode_header(header[:MAX_HEADER]))))
    except (MessageError, LookupError, ValueError):
        return header


def _first_id(header: str | None) -> str:
    found = TOKEN.search(header or "")
    return found[0] if found else (header or "").strip()[:255]


def _date(header: str) -> datetime | None:
    try:
        return instant_of(parsedate_to_datetime(header).isoformat())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


GUIDE = """
Let a service that receives mail post it here: **Mailgun** (a route with `forward("{url}")`), **SendGrid** (Inbound Parse, destination
URL `{url}`), **Postmark** (inbound stream, webhook `{url}`), **CloudMailin** (target `{url}`). Or pipe mails from your own server:

```
# /etc/aliases (Postfix)
oncall: "|/usr/bin/curl -sS --fail --max-time 20 -H 'Content-Type: message/rfc822' --data-binary @- {url} || exit 75"
```

The title is the subject, without `Re:` and without the state. The state is read only from a word in brackets or behind stars before it:
`[RESOLVED] …`, `[OK] …`, `** RECOVERY …` resolve, `[ACK] …`, `** ACKNOWLEDGEMENT …` acknowledge; anything else triggers, except an
automatic reply (`Auto-Submitted: auto-replied`), which is ignored. A mail that
answers another (`References`, `In-Reply-To`) is about the same alert; so are mails with the same header `X-Dedup-Key`. Without either
each mail is an alert of its own, and a mail that says `[RESOLVED]` resolves nothing. The severity is read from a header
`X-Severity`, else from such a word: `[CRITICAL] …`.
"""

EXAMPLE = """From: cron@db-1.example.com
To: oncall@example.com
Subject: [PROBLEM] Backup of db-1
Message-ID: <20260301031200.4200@db-1.example.com>
Date: Sun, 01 Mar 2026 03:12:00 +0000
X-Dedup-Key: db-1/backup
X-Severity: error
Content-Type: text/plain; charset=utf-8

pg_dump left with status 1
"""

DIALECT = Dialect(
    type=IntegrationType.EMAIL,
    name="E-mail",
    group="Your own",
    read=read,
    knows=knows,
    resolves="A mail of the same thread or `X-Dedup-Key` whose subject begins with `[RESOLVED]`, `[OK]` or `** RECOVERY`.",
    guide=GUIDE,
    example=EXAMPLE,
)
