"""Where our e-mails go when they cannot be delivered, and what the report says that comes then. Pure.

Each message has a return path of its own, signed with a secret key: a report is believed about the message to whose return path it
came, and about nothing else (RFC 3461 asks for reports, RFC 3464 says how they look).
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from uuid import UUID

from oncall.channels.render import one_line

READ_LIMIT = 64 * 1024
"""Bytes of a report that are looked at: what it says comes before the mail that it returns."""
_PURPOSE = b"oncall return path, version 1\x00"
_LOCAL = re.compile(r"bounce-(?P<id>[0-9a-f]{32})-(?P<sign>[0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """Our domain of return paths; the first of the `keys` signs, all are believed."""

    domain: str
    keys: tuple[bytes, ...] = field(repr=False)

    def address(self, id: UUID) -> str:
        """Where this message goes back to."""
        return f"bounce-{id.hex}-{_sign(self.keys[0], id)}@{self.domain}"

    def read(self, address: str) -> UUID | None:
        """Whose return path this is; None if it is none that we made. Mail systems may write it in capitals."""
        local, _, domain = address.lower().rpartition("@")
        found = _LOCAL.fullmatch(local)
        if found is None or domain != self.domain.lower():
            return None
        id = UUID(found["id"])
        matches = [hmac.compare_digest(_sign(key, id), found["sign"]) for key in self.keys]
        return id if any(matches) else None


def return_path(domain: str, ring: Sequence[str]) -> ReturnPath:
    return ReturnPath(domain, tuple(key.encode("utf-8", "surrogateescape") for key in ring))


def _sign(key: bytes, id: UUID) -> str:
    return hmac.digest(key, _PURPOSE + id.bytes, "sha256").hex()[:16]


def mail_options(id: UUID) -> list[str]:
    """What MAIL FROM asks of a server that sends reports: the head of our mail is enough, and its envelope has our id."""
    return ["RET=HDRS", f"ENVID={id}"]


RCPT_OPTIONS = ("NOTIFY=FAILURE",)
"""Of a delay nobody need hear: the person's other ways do not wait for it."""


def read_failure(content: bytes) -> str | None:
    """Why a mail will never arrive, if that is what this report says; None for a delay, a holiday reply and everything else."""
    try:
        mail = BytesParser(policy=compat32).parsebytes(content[:READ_LIMIT])
        if mail.get_content_type() != "multipart/report":
            return None
        blocks = [block for part in mail.walk() if part.get_content_type() == "message/delivery-status" for block in _blocks(part)]
    except (ValueError, LookupError, RecursionError):
        return None
    for block in blocks:
        if str(block.get("Action", "")).strip().lower() == "failed":
            said = [str(block.get(name, "")).rpartition(";")[2] for name in ("Status", "Diagnostic-Code")]
            return one_line(f"it came back: {' '.join(filter(None, (one_line(part) for part in said))) or 'without a reason'}", 300)
    return None


def _blocks(part: Message) -> list[Message]:
    found = part.get_payload()
    return [block for block in found if isinstance(block, Message)] if isinstance(found, list) else []
