"""By what an answer to an e-mail of ours is known again: a signed address to answer to, which is also the thread's name, and a word in
the subject for mail programs that keep neither. Pure.

Whoever shows one of them has seen a mail about that incident, and may add to it; nothing else follows from it.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

_PURPOSE = b"oncall answers of reporters, version 1\x00"
_LOCAL = r"answer-([0-9a-f]{32})-([0-9a-f]{16})"
_ADDRESS = re.compile(_LOCAL)
_THREAD = re.compile(rf"<{_LOCAL}@")
_WORD = re.compile(r"\[#(\d{1,18})-([0-9a-f]{12})\]")


@dataclass(frozen=True, slots=True)
class Answers:
    """`domain`: of threads, and, where mails are taken (`listens`), of addresses. The first of the `keys` signs, all are believed."""

    domain: str
    listens: bool
    keys: tuple[bytes, ...] = field(repr=False)

    def address(self, id: UUID) -> str | None:
        """Where answers about this incident go; None where no mails are taken."""
        return self._named(id) if self.listens else None

    def thread(self, id: UUID) -> str:
        """The name of the conversation about it, as a mail that was never sent."""
        return f"<{self._named(id)}>"

    def word(self, number: int) -> str:
        """What stands in the subject."""
        return f"[#{number}-{_sign(self.keys[0], f'{number}'.encode())[:12]}]"

    def of_address(self, address: str) -> UUID | None:
        """Whose address this is; None if it is none that we made. Mail systems may write it in capitals."""
        local, _, domain = address.lower().rpartition("@")
        found = _ADDRESS.fullmatch(local)
        return self._signed(*found.groups()) if found and self.listens and domain == self.domain.lower() else None

    def of_thread(self, ids: Iterable[str]) -> UUID | None:
        """The incident of the thread that a mail answers in."""
        found = (_THREAD.match(id.lower()) for id in ids)
        return next((id for one in found if one and (id := self._signed(*one.groups()))), None)

    def of_subject(self, subject: str) -> int | None:
        """The number of the incident whose word is in a subject."""
        return next((int(number) for number, sign in _WORD.findall(subject) if self._is_signed(number.encode(), sign)), None)

    def _named(self, id: UUID) -> str:
        return f"answer-{id.hex}-{_sign(self.keys[0], id.bytes)[:16]}@{self.domain}"

    def _signed(self, hex: str, sign: str) -> UUID | None:
        id = UUID(hex)
        return id if self._is_signed(id.bytes, sign) else None

    def _is_signed(self, what: bytes, sign: str) -> bool:
        matches = [hmac.compare_digest(_sign(key, what)[: len(sign)], sign) for key in self.keys]
        return any(matches)


def without_word(subject: str) -> str:
    """A subject as its writer meant it."""
    return " ".join(_WORD.sub(" ", subject).split())


def _sign(key: bytes, what: bytes) -> str:
    return hmac.digest(key, _PURPOSE + what, "sha256").hex()
