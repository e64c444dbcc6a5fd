"""Who may look things up, kept in memory: API keys by their hash. Found by a digest, so how long it takes tells nothing about a key."""

from collections.abc import Mapping
from hmac import compare_digest

from oncall.access.rules import bearer_key, hash_key
from oncall.access.values import Caller, Scope

Callers = Mapping[bytes, Caller]


def find_caller(header_value: str | None, callers: Callers, *, admin_key_hash: bytes | None) -> Caller | None:
    """Whoever sent this Authorization header, as far as it is known."""
    key = bearer_key(header_value)
    if key is None:
        return None
    key_hash = hash_key(key)
    if admin_key_hash is not None and compare_digest(key_hash, admin_key_hash):
        return Caller("environment", None, "environment admin key", Scope.ADMIN, None)
    return callers.get(key_hash)
