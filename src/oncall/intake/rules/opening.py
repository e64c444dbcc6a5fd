"""From bytes to a plain value, a mail included."""

from oncall.intake.rules import decoding
from oncall.intake.rules.mail import MIME, has_head, mail_in
from oncall.intake.values import Received

AROUND = b"\x00\xef\xbb\xbf \t\r\n"


def decode(received: Received) -> object:
    """As `decoding.decode`; a mail, by its media type or by its head, is an object of what it says."""
    mail = mail_in(received.raw) if received.content_type.lower().startswith(MIME) else None
    if mail is not None:
        return mail
    value = decoding.decode(received)
    return mail_in(received.raw.lstrip(AROUND)) or value if isinstance(value, str) and has_head(value) else value
