"""Where a sender may put an integration's key when it does not put it into the address. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping

KEY = re.compile(r"[0-9a-z]{32}")
WORDS = {"bearer", "geniekey", "key", "token"}


def key_in(headers: Mapping[str, str]) -> str:
    """The key in `X-Api-Key`, or in `Authorization` (Bearer, GenieKey, Key, Token, or Basic as user or as password); "" if there is none.

    With a key in `X-Api-Key` the other header is a proof of who sends, and no key.
    """
    own = headers.get("x-api-key", "").strip()
    if KEY.fullmatch(own):
        return own
    word, _, said = headers.get("authorization", "").strip().partition(" ")
    if word.lower() in WORDS:
        return said.strip()
    if word.lower() == "basic":
        user, _, password = _login(said).partition(":")
        return user if KEY.fullmatch(user) else password
    return own


def _login(said: str) -> str:
    try:
        return base64.b64decode(said.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
