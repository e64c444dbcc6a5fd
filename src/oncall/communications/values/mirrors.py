"""Where a room is shown beside here, how far it is, and what comes next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oncall.communications.values.rooms import MessageId, RoomEntry
from oncall.kit.ids import IncidentId

TOLD_WITHIN = timedelta(days=1)
"""What could not be shown for so long is left out: it is in the room."""
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900))
"""Between tries; the last one again and again."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A room claimed for a while. `thread` is what its messages answer there, once it has begun."""

    incident_id: IncidentId
    channel: str
    thread: str | None
    mirrored_seq: int
    attempt: int
    failures: int


@dataclass(frozen=True, slots=True)
class MirrorState:
    """As people see it: how far it is, and what stands in its way."""

    channel: str
    wanted_seq: int
    mirrored_seq: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class NextEntry:
    """What is to be shown next, and what its message is called there already."""

    entry: RoomEntry
    mirrored_as: str | None


@dataclass(frozen=True, slots=True)
class Begin:
    """A thread is to begin with these words."""

    text: str


@dataclass(frozen=True, slots=True)
class Show:
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    stamp: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Remove:
    stamp: str


@dataclass(frozen=True, slots=True)
class LeaveOut:
    reason: str


Step = Show | Change | Remove | LeaveOut


@dataclass(frozen=True, slots=True)
class Planned:
    """One call to make for a mirror; `entry` is what it shows, None where the thread begins."""

    mirror: Mirror
    step: Step | Begin
    entry: RoomEntry | None
    message_id: MessageId | None
    at: datetime
