"""How Slack signs what it posts to us. Pure.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

SIGNATURE = "X-Slack-Signature"
TIMESTAMP = "X-Slack-Request-Timestamp"
AGE = timedelta(minutes=5)
"""What is older than this, or from so far ahead, may be somebody's recording."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature over exactly these bytes at this time."""
    return "v0=" + hmac.digest(secret.encode(), b"v0:" + timestamp.encode("ascii") + b":" + body, "sha256").hex()


def is_signed(signature: str, timestamp: str, body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
    """Whether one of these secrets signed exactly this, a short while ago."""
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(now.timestamp() - int(timestamp)) > AGE.total_seconds():
        return False
    given = signature.encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(sign(secret, timestamp, body).encode(), given) for secret in secrets]
    return any(matches)
