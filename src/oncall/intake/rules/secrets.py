"""What a body holds and nobody may see: logins in addresses, and members whose name says that they are secret."""

import re
from functools import lru_cache

LOGIN = re.compile(r"(?<=://)[^/?#\s]*@")
BEARER = re.compile(r"(?i)(?<=\bbearer )[\w.~+/=\-]{6,}")
SECRET = {
    "auth", "authorization", "basicauth", "bearer", "cookie", "cookies", "credential", "credentials", "header", "headers", "jwt", "otp",
    "pass", "passcode", "passwd", "pwd", "requestheaders", "setcookie", "totp",
}  # fmt: skip
ENDINGS = (
    "password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "authpass", "authorization", "authheader", "tokenvalue",
    "secretvalue", "passwordhash", "passwordconfirm", "passwordconfirmation", "accesssignature", "jwt",
    *(f"{of}key" for of in (
        "api", "private", "secret", "service", "access", "account", "ssh", "signing", "encryption", "master", "license", "shared", "hmac",
        "session",
    )),
)  # fmt: skip
WORDS_IN_PASS = ("bypass", "compass", "overpass", "surpass", "trespass", "underpass")
PERHAPS = frozenset({"hmac", "sig", "session", "sessionid", "routingkey", "integrationkey"})
"""With those that end in `signature`: secret if what they stand for says nothing to people. A signature may be the name of an attack, a
session that of a neighbour, a routing key that of a team.
"""

OPAQUE = re.compile(r"(?=[^0-9]*+[0-9])[\w.~+/=%:\-]{12,}", re.ASCII)
HIDDEN = "[redacted]"


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """A name as it is compared: without case, `_` and `-`."""
    return name.lower().replace("_", "").replace("-", "")


@lru_cache(maxsize=4_096)
def is_secret(name: str) -> bool:
    said = plain(name)
    if said.endswith("pass"):
        return not said.endswith(WORDS_IN_PASS)
    return said in SECRET or said.endswith(ENDINGS) or (said.endswith("s") and said[:-1].endswith(ENDINGS))


@lru_cache(maxsize=4_096)
def is_perhaps_secret(name: str) -> bool:
    said = plain(name)
    return said in PERHAPS or said.endswith("signature")


def is_opaque(said: str) -> bool:
    """Whether a text is long, without blanks, and no words."""
    return OPAQUE.fullmatch(said) is not None


def hides(name: str, said: object) -> bool:
    """Whether what a member says is secret, by its name, and where that may mean something else, by what it says as well."""
    return is_secret(name) or (is_perhaps_secret(name) and isinstance(said, str) and is_opaque(said))


def without_login(text: str) -> str:
    """A text without the names and passwords in its addresses, and without bearer tokens: what is monitored is shown to many."""
    if "@" in text:
        text = LOGIN.sub("", text)
    return BEARER.sub(HIDDEN, text) if "earer " in text or "EARER " in text else text
