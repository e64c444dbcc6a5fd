"""What a calendar of working hours is: a zone, the hours of each weekday, and the days on which nobody works."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from oncall.desk.values import CalendarId
from oncall.kit.errors import Conflict, Invalid, NotFound


class UnknownCalendar(NotFound):
    """There is no calendar with this id."""


class CalendarNameTaken(Conflict):
    """Calendars are known by their names."""

    code = "exists"
    title = "Already exists"


class CalendarInUse(Conflict):
    """What counts in a calendar's hours would have none."""

    code = "in_use"
    title = "Still in use"


class WrongCalendar(Invalid):
    """Its hours or its holidays cannot be."""


class Weekday(StrEnum):
    """In the order of `datetime.weekday()`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open from `start` up to `end`, in seconds of the day as the clock on the wall shows them; a day ends at 86,400."""

    start: int
    end: int


Week = tuple[tuple[Span, ...], ...]
"""The hours of seven days, Monday first; those of a day in order, and none in another."""


@dataclass(frozen=True, slots=True)
class Holidays:
    """Closed on these dates, and on the public holidays of a country (two letters) or of a part of it."""

    country: str | None = None
    subdivision: str | None = None
    dates: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    """What a calendar shall be, as an admin says."""

    name: str
    time_zone: str
    week: Week
    holidays: Holidays = Holidays()


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar as it is read; `closed_on` are its holidays as dates, those of its country for the years around now."""

    id: CalendarId
    settings: CalendarSettings
    created_at: datetime
    version: int = 1
    closed_on: frozenset[date] = frozenset()


MOST_SPANS = 10
"""Of one day."""

MOST_DATES = 400
"""Own holidays of a calendar."""
