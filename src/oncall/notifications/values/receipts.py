"""What a provider tells of a message after it took it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oncall.kit.errors import NotFound


class ReceiptState(StrEnum):
    """How far it came; the later words outrank those before, and failed is the last one."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One of them: `at` by the provider's clock. Kept for ever, each state once."""

    state: ReceiptState
    at: datetime
    detail: str


class UnknownMessage(NotFound):
    """A receipt names a message that is none of ours."""

    def __init__(self) -> None:
        super().__init__("There is no message with this id on this channel; nothing was kept.")
