"""A schedule in the rule book's own form, ready to be resolved.

Instants are whole seconds since 1970 UTC, local times whole seconds since 1970-01-01T00:00 on the wall. Intervals are half-open:
`[start, end)`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.ids import ScheduleId, UserId

LayerId = NewType("LayerId", UUID)
OverrideId = NewType("OverrideId", UUID)


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


Turn = tuple[UserId, ...]
"""Who has one turn, all of them at once; nobody when it is vacant."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One rotation, or one fixed turn, in one zone. `windows`: None is always, none at all is never. Bounds are instants."""

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
class Version:
    """What the layers are from an instant on; None is from the beginning of time."""

    number: int
    effective_from: int | None
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything needed to say who is on call: versions by ascending `effective_from`, overrides in the order of their creation (`seq`)."""

    id: ScheduleId
    name: str
    versions: tuple[Version, ...]
    overrides: tuple[Override, ...] = ()
