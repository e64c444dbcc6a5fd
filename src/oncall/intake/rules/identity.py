"""What says that two events are about the same problem: the sender's own key, else its identity fields, never title, state or time."""

import hashlib
import json
from collections.abc import Mapping

MAX_KEY = 255
HASHED = 32


def bounded_key(key: str, limit: int = MAX_KEY) -> str:
    """A key of at most `limit` characters; a longer one keeps its beginning and is told apart by its hash."""
    if len(key) <= limit:
        return key
    return f"{key[: limit - HASHED - 1]}…{_hashed(key)}"


def key_of(identity: Mapping[str, str]) -> str | None:
    """A key made of identity fields, whatever their order; None if none of them says anything."""
    said = sorted((name, value) for name, value in identity.items() if value)
    return _hashed(json.dumps(said)) if said else None


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:HASHED]
