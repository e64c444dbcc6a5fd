"""A schedule as its author wrote it: what the API takes, keeps and shows again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.schedules.values.schedule import Arithmetic, Away, LayerId, Override, People, Record, Temporary, Unit


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class TurnCounting(StrEnum):
    """Whether a turn is so much time, or so many of the `active_days`."""

    ELAPSED = "elapsed"
    ACTIVE = "active"


class ParticipantType(StrEnum):
    USER = "user"
    GROUP = "group"
    VACANT = "vacant"
    TEAM = "team"
    SCHEDULE = "schedule"


class RestrictionType(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Participant:
    """`id` is the user's, team's or nested schedule's; a group has `members` instead, on call together; a vacant turn has neither."""

    type: ParticipantType
    id: UUID | None = None
    members: "tuple[Participant, ...]" = ()


@dataclass(frozen=True, slots=True)
class Restriction:
    """From a local time to a local time, every day or between two weekdays; an end not after its start is the next day's or week's."""

    type: RestrictionType
    start_time: time
    end_time: time
    start_day: Weekday | None = None
    end_day: Weekday | None = None


@dataclass(frozen=True, slots=True)
class RotationDefinition:
    unit: Unit
    count: int
    starts_at: datetime
    """Wall-clock time, naive, in the layer's zone: the anchor."""
    arithmetic: Arithmetic = Arithmetic.WALL
    turn_counting: TurnCounting = TurnCounting.ELAPSED
    active_days: tuple[Weekday, ...] | None = None


@dataclass(frozen=True, slots=True)
class ShiftDefinition:
    """These users, on call together for `[start, end)`."""

    start: datetime
    end: datetime
    user_ids: People


@dataclass(frozen=True, slots=True)
class LayerDefinition:
    """A layer as its author wrote it. Precedence defaults to the position, the zone to the schedule's; no restrictions (None) is always."""

    name: str
    participants: tuple[Participant, ...]
    id: LayerId | None = None
    """None until the layer is first kept."""
    rotation: RotationDefinition | None = None
    precedence: int | None = None
    time_zone: str | None = None
    restrictions: tuple[Restriction, ...] | None = None
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    start_index: int = 0
    """Which participant has the anchor's turn."""
    shifts: tuple[ShiftDefinition, ...] | None = None
    """Fixed shifts, in the place of participants and rotation."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What one version of a schedule says."""

    time_zone: str
    layers: tuple[LayerDefinition, ...]


class Continuation(StrEnum):
    """How an edited rotation goes on: whoever is on call stays through the running turn, or the first participant has the anchor's turn."""

    KEEP = "keep"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class DatedDefinition:
    """A version: what the schedule says from `effective_from` on; None is from the beginning of time."""

    number: int
    effective_from: datetime | None
    definition: Definition
    continuation: Continuation = Continuation.KEEP
    """How it goes on from what was in force before it."""


@dataclass(frozen=True, slots=True)
class LoadedSchedule:
    """What the database knows of one schedule about a span of time: what counts in it or touches it, in order."""

    id: ScheduleId
    name: str
    versions: tuple[DatedDefinition, ...]
    overrides: tuple[Override, ...]
    temporaries: tuple[Temporary, ...] = ()
    record: Record | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TeamOnCall:
    """Whom a team's turn means: whoever its schedule puts on call, else all its responders and managers."""

    schedule_id: ScheduleId | None
    members: People


@dataclass(frozen=True, slots=True)
class World:
    """What schedules refer to: each other, teams, and who is unavailable when."""

    schedules: Mapping[ScheduleId, LoadedSchedule]
    teams: Mapping[TeamId, TeamOnCall] = field(default_factory=dict)
    away: Mapping[UserId, tuple[Away, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A version that is not in force yet."""

    version: int
    effective_from: datetime


@dataclass(frozen=True, slots=True)
class AuthoredSchedule:
    """A schedule as it is edited: the definition in force; `version` is raised by edits only."""

    id: ScheduleId
    name: str
    team_id: TeamId | None
    definition: Definition
    created_at: datetime
    version: int = 1
    upcoming: tuple[Upcoming, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthoredVersion:
    """One edit of what a schedule says: from when on, by whom, and whether it was withdrawn before that."""

    number: int
    effective_from: datetime | None
    definition: Definition
    author: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    continuation: Continuation = Continuation.KEEP


class ScheduleChanges(TypedDict, total=False):
    """What an edit changes; what is left out stays."""

    name: str
    team_id: TeamId | None
    time_zone: str
    layers: tuple[LayerDefinition, ...]
