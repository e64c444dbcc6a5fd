"""What can be said about who is on call."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.values.schedule import Turn

LOOK_AHEAD_DAYS = 366
"""How far a handoff is searched, in both directions, and the longest range that is rendered."""


class SourceKind(StrEnum):
    LAYER = "layer"
    OVERRIDE = "override"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Source:
    """What put somebody on call: turn number `turn` of a layer (by its name), or an override (by its kind)."""

    kind: SourceKind
    id: UUID | None
    name: str | None
    turn: int = 0


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at one instant, in order, and because of which layers and overrides. Nobody is a gap."""

    users: Turn = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleOnCall:
    """Whom a schedule, by its name, puts on call at one instant, and why."""

    schedule_id: ScheduleId
    schedule_name: str
    users: Turn
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
    """Who is on call, everybody's shift, since when and until when the set is the same, and who is on call after that."""

    on_call: OnCall
    shifts: tuple[Shift, ...]
    start: datetime | None
    end: datetime | None
    next: OnCall | None
