"""What keys and link tokens look like, and what a caller may do. Pure: randomness and secrets come in as bytes."""

import base64
import hashlib
import hmac
import re
import struct
import zlib
from collections.abc import Sequence
from typing import assert_never
from uuid import UUID

from oncall.access.values import BundleToken, Caller, KeyKind, LinkToken, LinkVerb, Scope, ScopeTooSmall
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import BundleId, IncidentId, UserId

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
RANDOMNESS = 40
"""Bytes that `make_key` needs: 8 for the public part, 32 for the secret."""

API_KEY = re.compile(r"(oc_api_[0-9A-Za-z]{8}_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})")

# Some senders insist on the 32 characters of a PagerDuty routing key; 32 of 36 signs carry 165 bits.
INTEGRATION_LENGTH, INTEGRATION_SIGNS, INTEGRATION_SHOWN = 32, 36, 6

RANKS = {Scope.READ: 0, Scope.RESPOND: 1, Scope.ADMIN: 2}
VERBS = {LinkVerb.ACKNOWLEDGE: 1, LinkVerb.RESOLVE: 2, LinkVerb.ESCALATE: 3, LinkVerb.HELP: 7, LinkVerb.VERIFY: 8, LinkVerb.TEST: 9}
VERB_OF = {code: verb for verb, code in VERBS.items()}

WHOLE_LIST = 4
"""Where others have their verb: it stands with the list, not with an incident."""

TOKEN_VERSION = 1
TOKEN = struct.Struct(">B16s16sBIH")
TOKEN_PURPOSE = b"oncall link token\x00"
SIGNATURE_LENGTH = 16
TOKEN_LENGTH = -(-(TOKEN.size + SIGNATURE_LENGTH) * 4 // 3)


def make_key(kind: KeyKind, randomness: bytes) -> str:
    """A new key from `RANDOMNESS` random bytes.

    For REST `oc_api_<8 public>_<43 secret>_<6 check>` in base 62, so that secret scanners know one when they see it; for an
    integration or a heartbeat 32 lower-case letters and digits, since it stands where others put their routing key. The secret has 256
    and 165 bits.
    """
    if len(randomness) != RANDOMNESS:
        raise ValueError(f"a key is made from {RANDOMNESS} random bytes")
    public, secret = (int.from_bytes(part) for part in (randomness[:8], randomness[8:]))
    match kind:
        case KeyKind.API:
            body = f"oc_{kind.value}_{_digits(public, 62, 8)}_{_digits(secret, 62, 43)}"
            return f"{body}_{_check(body)}"
        case KeyKind.INTEGRATION | KeyKind.HEARTBEAT:
            return _digits(secret, INTEGRATION_SIGNS, INTEGRATION_LENGTH)


def public_prefix(key: str) -> str:
    """The part of a key that may be shown and searched for; what stays hidden still has at least 128 bits."""
    found = API_KEY.fullmatch(key)
    return found[1].rpartition("_")[0] if found else key[:INTEGRATION_SHOWN]


def hash_key(key: str) -> bytes:
    """What is stored of a key. It is random and long, so one SHA-256 is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def well_formed(key: str) -> bool:
    """Whether this can be one of our API keys: the check digits hold. Says nothing about whether it exists."""
    found = API_KEY.fullmatch(key)
    return found is not None and _check(found[1]) == found[2]


def _check(body: str) -> str:
    return _digits(zlib.crc32(body.encode()), 62, 6)


def _digits(number: int, base: int, length: int) -> str:
    signs = []
    for _ in range(length):
        number, sign = divmod(number, base)
        signs.append(DIGITS[sign])
    return "".join(reversed(signs))


def bearer_key(header_value: str | None) -> str | None:
    """The key in an Authorization header, as the ASGI server gives it (bytes read as Latin-1); None if it is not a bearer's."""
    scheme, _, key = (header_value or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return None
    try:
        return key.strip().encode("latin-1").decode()
    except UnicodeError:
        return key.strip()


def check_scope(caller: Caller, needed: Scope) -> None:
    """Refuse a caller whose scope does not contain the needed one."""
    if RANKS[caller.scope] < RANKS[needed]:
        raise ScopeTooSmall(f"This needs a key of scope {needed.value}; this one has {caller.scope.value}.")


def actor_of(caller: Caller, *, via: str = "api", user_name: str | None = None) -> Actor:
    """How a caller is written into records: a person if the key belongs to one, else the key."""
    if caller.user_id is not None:
        return Actor(ActorKind.USER, caller.user_id, user_name or caller.name, via)
    return Actor(ActorKind.API_KEY, caller.key_id, caller.name, via)


def sign_link(token: LinkToken | BundleToken, ring: Sequence[bytes]) -> str:
    """The token as 75 characters that fit into a URL, signed with the first key of the ring.

    Cycle is below 2**32 and round below 2**16. Nothing in it is secret; what counts is that nobody else can make one.
    """
    match token:
        case LinkToken():
            said = (token.incident_id.bytes, token.user_id.bytes, VERBS[token.verb], token.cycle, token.round)
        case BundleToken():
            said = (token.bundle_id.bytes, token.user_id.bytes, WHOLE_LIST, 0, 0)
        case _:
            assert_never(token)
    body = TOKEN.pack(TOKEN_VERSION, *said)
    return _to_text(body + _signature(body, ring[0]))


def read_link(text: str, ring: Sequence[bytes]) -> LinkToken | BundleToken | None:
    """What the link says, if any key of the ring signed exactly these characters; None for everything else, never an error."""
    if len(text) != TOKEN_LENGTH:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    # The last character has two bits to spare: only the spelling we would write is ours.
    if _to_text(raw) != text:
        return None
    body, signature = raw[: TOKEN.size], raw[TOKEN.size :]
    signed = [hmac.compare_digest(_signature(body, key), signature) for key in ring]
    version, id, user_id, code, cycle, round_ = TOKEN.unpack(body)
    if not any(signed) or version != TOKEN_VERSION:
        return None
    user = UserId(UUID(bytes=user_id))
    if (code, cycle, round_) == (WHOLE_LIST, 0, 0):
        return BundleToken(BundleId(UUID(bytes=id)), user)
    verb = VERB_OF.get(code)
    return LinkToken(IncidentId(UUID(bytes=id)), user, verb, cycle, round_) if verb else None


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signature(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, TOKEN_PURPOSE + body, "sha256")[:SIGNATURE_LENGTH]
