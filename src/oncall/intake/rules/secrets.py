"""What a body holds and nobody may see: logins in addresses, and members whose name says that they are secret."""

import re
from functools import lru_cache

LOGIN = re.compile(r"(?<=://)[^/?#\s]*@")
BEARER = re.compile(r"(?i)(?<=\bbearer )[\w.~+/=\-]{6,}")
SECRET = {
    "auth", "authorization", "basicauth", "bearer", "cookie", "cookies", "credential", "credentials", "header", "headers", "passwd", "pwd",
    "requestheaders", "setcookie",
}  # fmt: skip
ENDINGS = (
    "password", "passwd", "passphrase", "secret", "token", "authpass", "apikey", "privatekey", "secretkey", "servicekey", "accesskey",
    "authorization",
)  # fmt: skip
HIDDEN = "[redacted]"


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """A name as it is compared: without case, `_` and `-`."""
    return name.lower().replace("_", "").replace("-", "")


@lru_cache(maxsize=4_096)
def is_secret(name: str) -> bool:
    said = plain(name)
    return said in SECRET or said.endswith(ENDINGS)


def without_login(text: str) -> str:
    """A text without the names and passwords in its addresses, and without bearer tokens: what is monitored is shown to many."""
    if "@" in text:
        text = LOGIN.sub("", text)
    return BEARER.sub(HIDDEN, text) if "earer " in text or "EARER " in text else text
