"""Text and dedup keys as they are stored, whatever their sender sent; who looks a key up may have it as it was sent."""

import hashlib
import re

MAX_KEY = 255
HASHED = 32
NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """The text as PostgreSQL and UTF-8 can hold it: U+FFFD for NUL and for half a surrogate pair."""
    return NOT_TEXT.sub(REPLACEMENT, text)


def bounded_key(key: str, limit: int = MAX_KEY) -> str:
    """A key of at most `limit` characters; a longer one keeps its beginning and is told apart by its hash."""
    if len(key) <= limit:
        return key
    return f"{key[: limit - HASHED - 1]}…{hashed(key)}"


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:HASHED]


def stored_key(key: str) -> str:
    return bounded_key(storable(key))
