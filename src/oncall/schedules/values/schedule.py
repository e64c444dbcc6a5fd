"""A schedule in the rule book's own form, ready to be resolved.

Instants are whole seconds since 1970 UTC, local times whole seconds since 1970-01-01T00:00 on the wall. Intervals are half-open:
`[start, end)`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Union
from uuid import UUID

from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.values.answers import OnCall

LayerId = NewType("LayerId", UUID)
OverrideId = NewType("OverrideId", UUID)
TemporaryId = NewType("TemporaryId", UUID)
UnavailabilityId = NewType("UnavailabilityId", UUID)


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Arithmetic(StrEnum):
    """What an hour of a rotation is: WALL hands off at the same times of day all year, ELAPSED after the same time passed."""

    WALL = "wall"
    ELAPSED = "elapsed"


@dataclass(frozen=True, slots=True)
class Rotation:
    """Turns of `count` units, forwards and backwards from `anchor` (local). With `active_days` (0 = Monday) only those days count."""

    unit: Unit
    count: int
    anchor: int
    arithmetic: Arithmetic = Arithmetic.WALL
    active_days: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Open each week from `start` seconds after midnight of `day` (0 = Monday), for `length` seconds of wall time (at most a week)."""

    day: int
    start: int
    length: int


People = tuple[UserId, ...]

Turn = tuple[Union[UserId, "Schedule"], ...]
"""Who has one turn, all of them at once: people, or whoever another schedule puts on call; nobody when it is vacant."""


@dataclass(frozen=True, slots=True)
class FixedShift:
    """These people for `[start, end)`, whatever any rotation says."""

    start: int
    end: int
    users: People


@dataclass(frozen=True, slots=True)
class Layer:
    """One rotation, one fixed turn, or fixed shifts, in one zone. `windows`: None is always, none at all is never. Bounds are instants."""

    id: LayerId
    name: str
    zone: str
    precedence: int
    turns: tuple[Turn, ...]
    rotation: Rotation | None = None
    windows: tuple[Window, ...] | None = None
    start: int | None = None
    end: int | None = None
    start_index: int = 0
    on_duty: int | None = None
    """Of each turn only its first so many seconds count."""
    shifts: tuple[FixedShift, ...] = ()
    """By ascending start, in the place of turns."""
    longest: int | None = None
    """How long a fixed shift lasts at most, where it is known: one that began longer ago is over."""
    nests: bool = False
    """Another schedule has a turn."""


class OverrideKind(StrEnum):
    """What an override makes of the people on call: exactly this user, nobody, one more, one fewer, one for another."""

    COVER = "cover"
    CLEAR = "clear"
    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Override:
    """For `[start, end)`. `user` is who covers, is added or is removed; `replacements` are (who, by whom), all at once."""

    id: OverrideId
    seq: int
    kind: OverrideKind
    start: int
    end: int
    user: UserId | None = None
    replacements: tuple[tuple[UserId, UserId], ...] = ()


@dataclass(frozen=True, slots=True)
class Temporary:
    """A temporary schedule: for `[start, end)` exactly its shifts are on call, in the place of all layers. No two overlap."""

    id: TemporaryId
    start: int
    end: int
    shifts: tuple[FixedShift, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """A user's unavailability for `[start, end)`; whoever covers has their turns meanwhile, or nobody does."""

    id: UnavailabilityId
    user: UserId
    start: int
    end: int
    cover: UserId | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Who was on call in `[start, end)`, as it was written down when it happened: entry i holds from `starts[i]` to the next start."""

    start: int
    end: int
    starts: tuple[int, ...]
    entries: tuple[OnCall, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """What the layers are from an instant on; None is from the beginning of time."""

    number: int
    effective_from: int | None
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything needed to say who is on call, schedules that take part in it included.

    Versions are ordered by `effective_from` (and number), overrides by their creation (`seq`), temporary schedules by start.
    """

    id: ScheduleId
    name: str
    versions: tuple[Version, ...]
    overrides: tuple[Override, ...] = ()
    temporaries: tuple[Temporary, ...] = ()
    away: tuple[Away, ...] = ()
    record: Record | None = None
