"""Secrets of others, sealed before they are stored: a dump of the database does not hold them, the ring of secret keys opens them."""

import base64
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_PURPOSE = b"oncall sealing, version 1"
_MARKING = b"oncall marking, version 1"


class CannotOpen(Exception):
    """The ring does not have the key any more that sealed this, or it was changed since."""


class Sealing:
    """Seals with the first key of the ring and opens with any, so that a new key can be put in front of the old one."""

    def __init__(self, ring: Sequence[str]) -> None:
        self._keys = MultiFernet([Fernet(_derived(key)) for key in ring])
        self._marking = hmac.digest(ring[0].encode("utf-8", "surrogateescape"), _MARKING, "sha256")

    def seal(self, plain: bytes) -> bytes:
        return self._keys.encrypt(plain)

    def mark(self, plain: bytes) -> bytes:
        """The same of the same, as long as the first key is: for what is sealed and must not be there twice. It tells nothing else."""
        return hmac.digest(self._marking, plain, "sha256")

    def open(self, sealed: bytes) -> bytes:
        try:
            return self._keys.decrypt(sealed)
        except InvalidToken:
            raise CannotOpen("No key of the ring opens this: put back the key that was taken out of ONCALL_SECRET_KEYS.") from None


def _derived(key: str) -> bytes:
    """A key for this purpose alone: it tells nothing about the one it is made of, nor about links or webhooks that one signs."""
    return base64.urlsafe_b64encode(hmac.digest(key.encode("utf-8", "surrogateescape"), _PURPOSE, "sha256"))
