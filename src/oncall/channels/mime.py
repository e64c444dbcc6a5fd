"""An e-mail as bytes: headers that cannot be extended from outside, a plain and an HTML part. Pure.

Headers are written with the standard library's older, simpler policy: it neither parses nor refolds what it is given, so a name or
a title cannot turn into another header or another recipient.
"""

from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime
from uuid import UUID

from oncall.channels.mail_settings import MailSender
from oncall.channels.render import link, written
from oncall.channels.values import Message, NoticeMessage, PageMessage, PageUpdate, Thread

_WIRE = compat32.clone(linesep="\r\n")
_UTF_8 = Charset("utf-8")
_UTF_8.body_encoding = QP  # readable on the wire, and never a line too long


def message_id(message: Message, sender: MailSender) -> str:
    """The same on every attempt, so that mail programs show a repeat once."""
    return f"<{message.notification_id}@{sender.domain}>"


def compose(message: Message, *, to: str, sender: MailSender, now: datetime) -> bytes:
    """The whole e-mail, 7-bit, with CRLF line ends. `to` is an address that was checked; `now` becomes its date."""
    words = written(message)
    mail = MIMEMultipart("alternative", boundary=f"=_{message.notification_id.hex}")
    mail["From"] = sender.header
    mail["To"] = to
    mail["Subject"] = _subject(words.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(message, sender)
    if incident_id := _incident_of(message):
        # All e-mails of an incident answer one that was never sent: mail programs make that one conversation.
        mail["In-Reply-To"] = mail["References"] = f"<incident-{incident_id}@{sender.domain}>"
        mail["X-Oncall-Incident"] = str(incident_id)
    if isinstance(message, NoticeMessage) and message.thread:
        _in_thread(mail, message.thread)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Oncall-Notification"] = str(message.notification_id)
    if isinstance(message, NoticeMessage) and (url := link(message.unsubscribe_url)):
        # RFC 8058: the mail program's own button posts there, and nobody need open a page.
        mail["List-Unsubscribe"] = f"<{url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if message.urgency == "high":
        mail["X-Priority"] = "1 (Highest)"
        mail["Importance"] = "high"
        mail["Priority"] = "urgent"
    mail.attach(_part("plain", words.text))
    mail.attach(_part("html", words.html))
    return mail.as_bytes(policy=_WIRE)


def _in_thread(mail: MIMEMultipart, thread: Thread) -> None:
    if thread.reply_to:
        mail["Reply-To"] = thread.reply_to
    if thread.answers:
        mail["In-Reply-To"] = thread.answers[-1]
        mail["References"] = " ".join(thread.answers)


def _incident_of(message: Message) -> UUID | None:
    match message:
        case PageMessage(incident_id=id) | NoticeMessage(update=PageUpdate(incident_id=id)):
            return id
        case _:
            return None


def _subject(text: str) -> str:
    """Plain where plain is safe; encoded where it is not, or where somebody's title looks like an encoded word."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset, header_name="Subject").encode()


def _part(subtype: str, text: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    part.set_payload(text, _UTF_8)
    return part
