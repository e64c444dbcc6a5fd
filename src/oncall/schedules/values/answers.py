"""What can be said about who is on call."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from oncall.kit.ids import ScheduleId, UserId

LOOK_AHEAD_DAYS = 366
"""How far a handoff is searched, in both directions, and the longest range that is rendered."""


class SourceKind(StrEnum):
    LAYER = "layer"
    TEMPORARY = "temporary"
    UNAVAILABILITY = "unavailability"
    OVERRIDE = "override"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Source:
    """What put somebody on call, or took them off: turn number `turn` of a layer (by its name; the start of a fixed shift), a temporary
    schedule, somebody's unavailability, an override (by its kind). `within` is the nested schedule that it belongs to."""

    kind: SourceKind
    id: UUID | None
    name: str | None
    turn: int = 0
    within: ScheduleId | None = None


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at one instant, in order, and because of which layers and overrides. Nobody is a gap."""

    users: tuple[UserId, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleOnCall:
    """Whom a schedule, by its name, puts on call at one instant, and why."""

    schedule_id: ScheduleId
    schedule_name: str
    users: tuple[UserId, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """An interval throughout which the same people are on call for the same reasons."""

    start: datetime
    end: datetime
    on_call: OnCall


@dataclass(frozen=True, slots=True)
class Shift:
    """One user's unbroken time on call around an instant; None where it does not begin or end within the look-ahead."""

    user: UserId
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Who is on call, everybody's shift, since when and until when the set is the same, and who is on call after that.

    All of it is the same in `[holds_from, holds_until)`: until a turn ends, or a reason changes (None: for more than a year).
    """

    on_call: OnCall
    shifts: tuple[Shift, ...]
    start: datetime | None
    end: datetime | None
    next: OnCall | None
    holds_from: datetime | None = None
    holds_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NextShift:
    """A coming shift, and the schedule it is in."""

    schedule_id: ScheduleId
    schedule_name: str
    shift: Shift


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """From `start` (seconds since 1970) on these people were on call, until the next entry of the schedule."""

    schedule_id: ScheduleId
    start: int
    on_call: OnCall
