"""What a body holds and nobody may see: logins in addresses, and members whose name says that they are secret."""

import re
from functools import lru_cache

LOGIN = re.compile(r"(?<=://)[^/?#\s@]*@")
SECRET = {
    "accesstoken", "apikey", "apitoken", "authorization", "authtoken", "basicauth", "cookie", "cookies", "header", "headers", "passwd",
    "password", "privatekey", "requestheaders", "routingkey", "secret", "secretkey", "servicekey", "sessiontoken", "token",
}  # fmt: skip
DEEPEST = 64


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """A name as it is compared: without case, `_` and `-`."""
    return name.lower().replace("_", "").replace("-", "")


def is_secret(name: str) -> bool:
    return plain(name) in SECRET


def without_login(text: str) -> str:
    """A text without the names and passwords in its addresses: what is monitored is shown to many."""
    return LOGIN.sub("", text) if "@" in text else text


def without_secrets(value: object, depth: int = DEEPEST) -> object:
    """A value without its secret members at any depth, and without logins."""
    match value:
        case str():
            return without_login(value)
        case dict() if depth:
            return {name: without_secrets(said, depth - 1) for name, said in value.items() if not is_secret(name)}
        case list() if depth:
            return [without_secrets(said, depth - 1) for said in value]
        case dict() | list():
            return None
        case _:
            return value
