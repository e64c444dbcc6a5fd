"""A mail: as it is (RFC 5322), or as Mailgun, SendGrid, Postmark and CloudMailin post those that they receive.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http, https://postmarkapp.com/developer/webhooks/inbound-webhook.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import msgspec

from oncall.incidents.values import Action
from oncall.intake.adapters.email_answers import why_ignored
from oncall.intake.adapters.email_subjects import action_said, said_in
from oncall.intake.adapters.nagios import IGNORED, SEVERITIES
from oncall.intake.rules import has_head, instant_of, is_mail, lowered, mail_in, one_line, said_at, severity_of, text_of
from oncall.intake.values import Dialect, LocalKey, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

TOKEN = re.compile(r"<[^<>\s]{1,250}>")
ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
KEYS = ("x-dedup-key", "x-alert-key", "x-incident-key")
PROVIDERS = (
    {"body-plain", "recipient", "sender"},  # Mailgun
    {"body-mime", "recipient", "sender"},
    {"envelope", "charsets", "to"},  # SendGrid
    {"envelope", "email", "to"},
    {"FromFull", "ToFull", "MailboxHash"},  # Postmark
    {"envelope", "plain", "headers"},  # CloudMailin
)
MAX_TEXT = 16 * 1024
UNTITLED = "mail without a subject"


@dataclass(frozen=True, slots=True)
class Mail:
    """What is read of a mail, whoever brings it; names of headers are in lower case."""

    subject: str
    sender: str
    text: str
    headers: Mapping[str, str]
    attachments: tuple[str, ...] = ()


def knows(value: object, _: Received) -> bool:
    """By its head, or by the names of those who bring mails; and it has a subject or a sender."""
    if is_mail(value):
        return True
    looks = has_head(value) if isinstance(value, str) else isinstance(value, dict) and any(names <= value.keys() for names in PROVIDERS)
    try:
        return looks and bool((mail := mail_of(value)).subject or mail.sender)
    except Unreadable:
        return False


def read(value: object, _: Received) -> list[Reading]:
    """One event. The state is a word before the subject; replies belong to the mail that they answer."""
    mail = mail_of(value)
    if not mail.subject and not mail.sender and not is_mail(value):
        raise Unreadable("it is no mail: it has neither a subject nor a sender")
    word, severity, title = said_in(mail.subject)
    reason = why_ignored(mail.headers, mail.sender, mail.subject) or IGNORED.get(word, "")
    details: dict[str, object] = {"text": mail.text} if mail.text else {}
    return [
        Reading(
            Action.IGNORE if reason else action_said(word),
            title or _first_line(mail.text) or UNTITLED,
            dedup_key=_key(mail, title if word else ""),
            severity=SEVERITIES.get(severity) or severity_of(mail.headers.get("x-severity"), word),
            source=one_line(mail.sender),
            labels={"list": listed} if (listed := one_line(mail.headers.get("list-id"))) else {},
            occurred_at=_date(mail.headers.get("date", "")),
            details=details | ({"attachments": list(mail.attachments)} if mail.attachments else {}),
            reason=reason,
            delivery_id=_first_id(mail.headers.get("message-id")),
        )
    ]


def _key(mail: Mail, stated: str) -> str | None:
    """The sender's own key, else the mail that this one answers; else what a subject calls the problem beside its state, together with
    who says so. Else each mail is a problem of its own, which is known by its id so that answers find it.
    """
    own = (mail.headers.get(name, "").strip() for name in KEYS)
    root = _first_id(mail.headers.get("references")) or _first_id(mail.headers.get("in-reply-to"))
    if key := next((key for key in own if key), root):
        return key
    if stated:
        address = found[1] if (found := ADDRESS.search(mail.sender)) else one_line(mail.sender)
        return LocalKey(f"mail_from={address.lower()} subject={stated}")
    return _first_id(mail.headers.get("message-id")) or None


def _first_line(text: str) -> str:
    return next((line for said in text.splitlines() if (line := one_line(said))), "")


def mail_of(value: object) -> Mail:
    """The mail in a body; raises Unreadable if there is none."""
    if isinstance(value, str):
        return mail_of(mail_in(value.encode("utf-8", "replace")))
    if not isinstance(value, dict):
        raise Unreadable("it is no mail: it does not begin as mails do")
    if is_mail(value):
        return Mail(value["subject"], value["from"], value["text"], value["headers"], tuple(value["attachments"]))
    mime = said_at(value, ("body-mime", "email"))
    if isinstance(mime, str) and has_head(mime):
        return mail_of(mime)
    headers = _headers(said_at(value, ("message-headers", "Headers", "headers")))
    headers.setdefault("message-id", text_of(said_at(value, ("Message-Id", "MessageID"))))
    headers.setdefault("date", text_of(said_at(value, ("Date",))))
    return Mail(
        text_of(said_at(value, ("subject", "Subject"))) or headers.get("subject", ""),
        text_of(said_at(value, ("from", "From", "sender"))) or headers.get("from", ""),
        text_of(said_at(value, ("stripped-text", "body-plain", "text", "TextBody", "plain")), limit=MAX_TEXT).rstrip(),
        headers,
    )


def _headers(value: object) -> dict[str, str]:
    """As one text (SendGrid), an object (CloudMailin), a list of pairs (Mailgun, which may write it as JSON) or of objects (Postmark)."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(msgspec.DecodeError, RecursionError, ValueError):
            value = msgspec.json.decode(value)
    match value:
        case str():
            return lowered((name, str(said)) for name, said in message_from_bytes(value.encode("utf-8", "replace")).items())
        case dict():
            return lowered((name, text_of(said)) for name, said in value.items())
        case list():
            return lowered(_pair(header) for header in value)
        case _:
            return {}


def _pair(header: object) -> tuple[str, str]:
    match header:
        case [str(name), said] | {"Name": str(name), "Value": said}:
            return name, text_of(said)
        case _:
            return "", ""


def _first_id(header: str | None) -> str:
    found = TOKEN.search(header or "")
    return found[0] if found else (header or "").strip()[:255]


def _date(header: str) -> datetime | None:
    try:
        return instant_of(parsedate_to_datetime(header).isoformat())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


GUIDE = """
Where the port for mails is open ([how to receive mail](../how-to/receive-mail.md)) each integration, of whatever type, has an
address: `{key}@oncall.example.com`, which is `email` in the answer that made it. Otherwise let a service that receives mail post it
here: **Mailgun** (a route with `forward("{url}")`), **SendGrid** (Inbound Parse, destination URL `{url}`), **Postmark** (inbound
stream, webhook `{url}`), **CloudMailin** (target `{url}`). Or pipe mails from your own server:

```
# /etc/aliases (Postfix)
oncall: "|/usr/bin/curl -sS --fail --max-time 20 -H 'Content-Type: message/rfc822' --data-binary @- {url} || exit 75"
```

**Title and state.** The title is the subject without `Re:` and without the state; without a subject, the first line of the text. The
state is

* a word in brackets or behind stars before the title: `[RESOLVED] …`, `[OK] …`, `** RECOVERY …` resolve, `[ACK] …`,
  `** ACKNOWLEDGEMENT …` acknowledge;
* or such a word before a colon or a bar: `PROBLEM: …`, `OK: …`, `Resolved in 3m 20s: …`, `Monitor is UP: …`, `DOWN | …`;
* or how it turned: `… OK -> CRIT` (Checkmk); or `back to normal` (Jenkins).

Anything else triggers. The severity is read from a header `X-Severity`, else from such a word (`[CRITICAL] …`, `WARNING: …`), else
from the end of the subject: `… is CRITICAL **`, `… is WARNING!`.

**What belongs together**, by the first of these that there is: mails with the same header `X-Dedup-Key`; mails of one thread
(`References`, `In-Reply-To`); mails whose subjects say a state and are the same without it, from the same sender. Any other mail is
an alert of its own. A mail that comes twice (`Message-ID`) counts once.

**What pages nobody**, and is recorded with its reason: automatic replies (`Auto-Submitted: auto-replied`, `Precedence: auto_reply`,
an absence that a machine tells of), reports of mails that could not be delivered, receipts, and our own pages on their way back.
`Auto-Submitted: auto-generated`, `Precedence: bulk` and an empty sender say nothing by themselves: monitors send them.

An integration that asks its senders to prove who they are takes no mails, which prove nothing, unless its type is `email`.

**The text** is the first plain one, else that of the HTML without scripts and styles, at most 16 KiB. Attachments are named, not kept.

**What people write.** With `"reporter_kind": "customer"` (or `employee`, `vendor`) it is no monitor who writes: each mail is logged as
an incident that its sender reported, and what they answer becomes a note ([how](../how-to/receive-mail.md#mail-from-people)). None of
the above is read of it but how a text is found, and which mails are no person's.

A mapping sees a mail as an object: `subject`, `from`, `to`, `cc`, `reply_to`, `date`, `message_id`, `text`, `attachments` (their
names) and `headers` by their names in lower case, as in `headers."x-severity"`.
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
    resolves="A mail that belongs to it and whose subject says so: `[RESOLVED] …`, `OK: …`, `** RECOVERY …`.",
    guide=GUIDE,
    example=EXAMPLE,
)
