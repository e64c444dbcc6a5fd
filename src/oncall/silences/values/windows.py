"""What a maintenance window is, and when it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import ServiceId
from oncall.kit.matchers import Matchers
from oncall.schedules.values.calendars import Recurrence

WindowId = NewType("WindowId", UUID)

LONGEST = timedelta(days=366)
"""Of one occurrence."""


class UnknownWindow(NotFound):
    """There is no maintenance window with this id."""


class BadWindow(Invalid):
    """A window that cannot be."""


class NotRunning(Conflict):
    """There is no occurrence that could end early."""

    code = "not_running"
    title = "Not running"


class WindowKind(StrEnum):
    """A freeze is shown to people and mutes nothing."""

    MAINTENANCE = "maintenance"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class Once:
    """For `[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Recurring:
    """Begins whenever the rule says so, from `starts_at` (a time on the clocks of `time_zone`) on, and not after `until`.

    Days of the `duration` are on the clock, what is less passes: P1D ends at the same time of the next day, be that 23 hours later.
    """

    rrule: str
    time_zone: str
    starts_at: datetime
    duration: timedelta
    until: datetime | None = None


Plan = Once | Recurring


@dataclass(frozen=True, slots=True)
class Window:
    """Concerns alerts of these services (none: of all) that all matchers match; `ended_early` are the instants at which somebody ended
    what was running."""

    id: WindowId
    kind: WindowKind
    name: str
    description: str
    service_ids: tuple[ServiceId, ...]
    matchers: Matchers
    plan: Plan
    author: Actor
    created_at: datetime
    ended_early: tuple[datetime, ...] = ()
    version: int = 1
    public: bool = False
    """Whether the status pages of its services show it."""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """What people say of a window, as they say it: `starts_at` has an offset, or a `time_zone` beside it."""

    kind: WindowKind
    name: str
    description: str
    service_ids: tuple[ServiceId, ...]
    matchers: Matchers
    starts_at: datetime
    ends_at: datetime | None
    rrule: str | None
    time_zone: str | None
    duration: timedelta | None
    until: datetime | None
    confirmed: bool
    """That it is meant to match everything."""
    public: bool = False


@dataclass(frozen=True, slots=True)
class Timetable:
    """A window with its rule read. No occurrence begins after `last`, an instant, or after `last_wall`, a time on the window's clocks."""

    window: Window
    recurrence: Recurrence | None = None
    last: datetime | None = None
    last_wall: datetime | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a window is, `[start, end)`; `planned_end` is later than `end` if somebody ended it early."""

    start: datetime
    end: datetime
    planned_end: datetime
