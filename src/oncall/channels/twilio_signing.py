"""How Twilio signs what it posts to us. Pure.

https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit, urlunsplit

HEADER = "X-Twilio-Signature"


def sign(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """The signature over an address and the form posted to it: each name with its values, sorted, none of them twice."""
    content = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    digest = hmac.digest(token.encode(), content.encode("utf-8", "surrogatepass"), "sha1")
    return base64.b64encode(digest).decode("ascii")


def is_signed(signature: str, url: str, fields: Sequence[tuple[str, str]], tokens: Sequence[str]) -> bool:
    """Whether one of these tokens signed exactly this. Twilio is not of one mind on whether a usual port is a part of the address."""
    given = signature.encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(sign(token, spelt, fields).encode(), given) for token in tokens for spelt in _spellings(url)]
    return any(matches)


def _spellings(url: str) -> tuple[str, str]:
    """With and without its port."""
    parts = urlsplit(url)
    name = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.netloc.rpartition("@")[2].partition(":")[0]
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return urlunsplit(parts._replace(netloc=name)), urlunsplit(parts._replace(netloc=f"{name}:{port}"))
