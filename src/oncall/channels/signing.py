"""Standard Webhooks signatures: secrets, and the three headers that prove who sent a body. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime

SECRET_PREFIX = "whsec_"  # noqa: S105
"""What every signing secret begins with, so that a scanner for leaked secrets can find one."""

_PURPOSE = b"oncall outgoing webhook signatures, version 1"


def derive_secret(secret_key: str, address: str) -> str:
    """The signing secret that belongs to one receiver and one of the deployment's secret keys.

    It tells nothing about that key, nor about the secret of any other receiver.
    """
    key = secret_key.encode("utf-8", "surrogateescape")
    digest = hmac.digest(key, b"\n".join((_PURPOSE, address.encode("utf-8", "surrogateescape"))), "sha256")
    return SECRET_PREFIX + base64.b64encode(digest).decode("ascii")


def read_secret(secret: str) -> bytes:
    """The raw key inside a `whsec_…` secret: 24 to 64 bytes, else `ValueError` (whose sentence does not repeat the secret)."""
    try:
        raw = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not secret.startswith(SECRET_PREFIX) or not 24 <= len(raw) <= 64:
        raise ValueError("a signing secret is 'whsec_' followed by 24 to 64 bytes in base64")
    return raw


def signed_headers(secrets: Sequence[str], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that go out beside exactly these `body` bytes.

    Every secret of the ring signs, the first one first, so that a receiver may hold any of them while keys rotate.
    """
    if not secrets:
        raise ValueError("a webhook needs at least one signing secret")
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode("ascii"), timestamp.encode("ascii"), body))
    signatures = (base64.b64encode(hmac.digest(read_secret(secret), signed, "sha256")).decode("ascii") for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
