"""What a monitor sent, and what an adapter read in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from oncall.incidents.values import Action, Severity


class Unreadable(Exception):
    """The body does not say what its dialect must say; the text is for the person who will read the alert."""


class InvalidEvent(Exception):
    """A compatible endpoint refuses this as its original does; `status`, the text and `errors` are in the original's words."""

    def __init__(self, status: str, message: str, errors: Sequence[str]) -> None:
        super().__init__(message)
        self.status, self.errors = status, errors


@dataclass(frozen=True, slots=True)
class Received:
    """A request body as it came, inflated if it was compressed. Its media type is a hint, kept for who looks at the bytes."""

    content_type: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """One event as an adapter reads it. No `dedup_key`: the sender gave no identity, and each event is a problem of its own."""

    action: Action
    summary: str
    dedup_key: str | None = None
    severity: Severity = Severity.UNKNOWN
    source: str = ""
    component: str = ""
    group: str = ""
    class_: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    occurred_at: datetime | None = None
    expires_at: datetime | None = None
    details: dict[str, object] = field(default_factory=dict)
    reason: str = ""
    unreadable: bool = False
