"""Links of subscribers, and what becomes of a message to one. Pure."""

import base64
import hmac
import struct
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome
from oncall.channels.values import Sent as Accepted
from oncall.communications.values.subscribers import (
    RETRY_DELAYS,
    Fate,
    GiveUp,
    Sent,
    SubscriberId,
    SubscriberToken,
    TryAgain,
    Verb,
)

TOKEN = struct.Struct(">B16sB")
VERSION = 1
PURPOSE = b"oncall subscription token\x00"
SIGNATURE = 16
LENGTH = -(-(TOKEN.size + SIGNATURE) * 4 // 3)
VERBS = {Verb.CONFIRM: 1, Verb.UNSUBSCRIBE: 2}
VERB_OF = {code: verb for verb, code in VERBS.items()}


def sign(token: SubscriberToken, ring: Sequence[bytes]) -> str:
    """The token as 46 characters that fit into a URL, signed with the first key of the ring."""
    body = TOKEN.pack(VERSION, token.subscriber_id.bytes, VERBS[token.verb])
    return _to_text(body + _signature(body, ring[0]))


def read(text: str, ring: Sequence[bytes]) -> SubscriberToken | None:
    """What the link says, if any key of the ring signed exactly these characters; None for everything else."""
    if len(text) != LENGTH or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    body, signature = raw[: TOKEN.size], raw[TOKEN.size :]
    signed = [hmac.compare_digest(_signature(body, key), signature) for key in ring]
    # The last character has bits to spare: only the spelling we would write is ours.
    if not any(signed) or _to_text(raw) != text:
        return None
    version, id, code = TOKEN.unpack(body)
    verb = VERB_OF.get(code)
    return SubscriberToken(SubscriberId(UUID(bytes=id)), verb) if version == VERSION and verb else None


def decide_fate(outcome: Outcome, *, attempt: int, give_up_at: datetime, now: datetime) -> Fate:
    """What did not go out for good is given up; everything else is tried again, later each time. An unknown end may mean a second copy."""
    if isinstance(outcome, Accepted):
        return Sent(outcome.detail)
    if isinstance(outcome, FailedPermanently):
        return GiveUp(outcome.detail)
    delay = RETRY_DELAYS[min(attempt, len(RETRY_DELAYS)) - 1]
    if isinstance(outcome, FailedTemporarily) and outcome.retry_after is not None:
        delay = max(delay, outcome.retry_after)
    if now + delay > give_up_at:
        return GiveUp(f"given up after {attempt} {'try' if attempt == 1 else 'tries'}, last: {outcome.detail}")
    return TryAgain(now + delay, outcome.detail)


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signature(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, PURPOSE + body, "sha256")[:SIGNATURE]
