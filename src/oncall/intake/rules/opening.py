"""From bytes to a plain value, a mail included."""

from oncall.intake.rules import decoding
from oncall.intake.rules.inflating import names_other, still_compressed
from oncall.intake.rules.mail import MIME, has_head, mail_in
from oncall.intake.values import Received, Unreadable

AROUND = b"\x00\xef\xbb\xbf \t\r\n"


def decode(received: Received) -> object:
    """As `decoding.decode`; a mail, by its media type or by its head, is an object of what it says."""
    mail = mail_in(received.raw) if received.content_type.lower().startswith(MIME) else None
    if mail is not None:
        return mail
    encoding = received.headers.get("content-encoding", "")
    try:
        value = decoding.decode(received)
    except Unreadable as why:
        is_text = decoding.text_in(received.raw, received.content_type) is not None
        raise Unreadable((None if is_text else still_compressed(received.raw, encoding)) or str(why)) from None
    if not isinstance(value, str):
        return value
    if names_other(encoding) and not _is_utf8(received.raw) and (why_not := still_compressed(received.raw, encoding)):
        raise Unreadable(why_not)  # it has by chance no byte that no text has
    return mail_in(received.raw.lstrip(AROUND)) or value if has_head(value) else value


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
