"""Who may look things up, kept in memory: API keys by their hash. Found by a digest, so how long it takes tells nothing about a key."""

from collections.abc import Mapping
from hmac import compare_digest

from oncall.access.rules import bearer_key, hash_key
from oncall.access.values import Caller, NotSignedIn, Scope

Callers = Mapping[bytes, Caller]


def caller_of(header_value: str | None, callers: Callers, *, admin_key_hash: bytes | None) -> Caller:
    """Whoever sent this Authorization header; raises NotSignedIn."""
    key = bearer_key(header_value)
    if key is None:
        raise NotSignedIn
    key_hash = hash_key(key)
    if admin_key_hash is not None and compare_digest(key_hash, admin_key_hash):
        return Caller("environment", None, "environment admin key", Scope.ADMIN, None)
    caller = callers.get(key_hash)
    if caller is None:
        raise NotSignedIn
    return caller
