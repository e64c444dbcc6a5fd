"""What a body holds and nobody may see: logins in addresses, and members whose name says that they are secret."""

import re
from collections.abc import Mapping
from functools import lru_cache

LOGIN = re.compile(r"(?<=://)[^/?#\s]*@")
SECRET = {
    "auth", "authorization", "basicauth", "bearer", "cookie", "cookies", "credential", "credentials", "header", "headers", "passwd", "pwd",
    "requestheaders", "setcookie",
}  # fmt: skip
ENDINGS = (
    "password", "passwd", "passphrase", "secret", "token", "authpass", "apikey", "privatekey", "secretkey", "servicekey", "accesskey",
    "authorization",
)  # fmt: skip
HIDDEN = "[redacted]"
DEEPEST = 64


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """A name as it is compared: without case, `_` and `-`."""
    return name.lower().replace("_", "").replace("-", "")


def is_secret(name: str) -> bool:
    said = plain(name)
    return said in SECRET or said.endswith(ENDINGS)


def without_login(text: str) -> str:
    """A text without the names and passwords in its addresses: what is monitored is shown to many."""
    return LOGIN.sub("", text) if "@" in text else text


def without_secrets(members: Mapping[str, object]) -> dict[str, object]:
    """Members without the secret ones at any depth, and without logins."""
    return {name: _without_secrets(said, DEEPEST) for name, said in members.items() if not is_secret(name)}


def _without_secrets(value: object, depth: int) -> object:
    match value:
        case str():
            return without_login(value)
        case dict() if depth:
            return {name: _without_secrets(said, depth - 1) for name, said in value.items() if not is_secret(name)}
        case list() if depth:
            return [_without_secrets(said, depth - 1) for said in value]
        case dict() | list():
            return None
        case _:
            return value
