"""What a message of Amazon SNS is signed over, and which addresses are Amazon's. Pure.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import re
from urllib.parse import parse_qsl

import msgspec

AMAZON = r"https://sns\.[a-z0-9-]{1,40}\.amazonaws\.com(?:\.cn)?(?::443)?"
CERTIFICATE = re.compile(AMAZON + r"/SimpleNotificationService(?:-[0-9A-Za-z]{1,64})?\.pem")
"""Nothing else at this host is a certificate of Amazon's: its API repeats in its answers what anybody has stored there."""

CONFIRM = re.compile(AMAZON + r"/\?([\w.~%:=&+/-]{1,2000})", re.ASCII)

OF_NOTIFICATION = ("message", "message_id", "subject", "timestamp", "topic_arn", "type")
OF_CONFIRMATION = ("message", "message_id", "subscribe_url", "timestamp", "token", "topic_arn", "type")
CONFIRMATION = "SubscriptionConfirmation"
SIGNED = {"Notification": OF_NOTIFICATION, CONFIRMATION: OF_CONFIRMATION, "UnsubscribeConfirmation": OF_CONFIRMATION}
NAMES = {
    "type": "Type",
    "message_id": "MessageId",
    "topic_arn": "TopicArn",
    "message": "Message",
    "timestamp": "Timestamp",
    "signature_version": "SignatureVersion",
    "signature": "Signature",
    "certificate_url": "SigningCertURL",
    "subject": "Subject",
    "subscribe_url": "SubscribeURL",
    "token": "Token",
}


class Envelope(msgspec.Struct, frozen=True, rename=NAMES):
    """What every message has in common; `subject` only where there is one, the address and token only in confirmations."""

    type: str
    message_id: str
    topic_arn: str
    message: str
    timestamp: str
    signature_version: str
    signature: str
    certificate_url: str
    subject: str | None = None
    subscribe_url: str | None = None
    token: str | None = None


_envelope = msgspec.json.Decoder(Envelope)


def read_envelope(raw: bytes) -> Envelope | None:
    try:
        return _envelope.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def signed_text(envelope: Envelope) -> bytes | None:
    """The bytes that were signed; None for a type that does not exist."""
    names = SIGNED.get(envelope.type)
    if names is None:
        return None
    said = [(NAMES[name], getattr(envelope, name)) for name in names]
    return "".join(f"{name}\n{value}\n" for name, value in said if value is not None).encode("utf-8", "surrogatepass")


def signature_of(envelope: Envelope) -> bytes:
    """Empty if it is not in base64."""
    try:
        return base64.b64decode(envelope.signature, validate=True)
    except (binascii.Error, ValueError):
        return b""


def is_certificate(url: str) -> bool:
    """Whether this is where SNS keeps a certificate that it signs with, and nobody else can put one."""
    return CERTIFICATE.fullmatch(url) is not None


def is_confirmation(url: str) -> bool:
    """Whether opening this address confirms a subscription at SNS, and does nothing else anywhere."""
    found = CONFIRM.fullmatch(url)
    return found is not None and [said for name, said in parse_qsl(found[1]) if name == "Action"] == ["ConfirmSubscription"]
