"""Calendars as others write and read them (RFC 5545): what we publish, what we make of theirs, and what can be wrong with one."""

from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from enum import StrEnum

from oncall.kit.errors import Invalid


class BadCalendar(Invalid):
    """What was fetched or sent is no calendar, or one that costs too much to read; the text says what is wrong with it."""

    code = "bad_calendar"
    title = "Not a calendar we can read"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a published calendar, for `[start, end)`; readers know it again by its `uid`, and take the highest `sequence`."""

    uid: str
    start: datetime
    end: datetime
    summary: str
    description: str
    _: KW_ONLY
    cancelled: bool = False
    sequence: int = 0
    changed_at: datetime


class BusyStatus(StrEnum):
    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"


@dataclass(frozen=True, slots=True)
class Busy:
    """A calendar says that `[start, end)` is taken. `people`: addresses, else names, of those invited, else the summary's words."""

    uid: str
    start: datetime
    end: datetime
    summary: str
    people: tuple[str, ...]
    status: BusyStatus = BusyStatus.CONFIRMED


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a calendar says of a span of time, by start; `skipped` has a sentence for each event that could not be read."""

    busy: tuple[Busy, ...]
    skipped: tuple[str, ...] = ()


class Frequency(StrEnum):
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A repetition in wall-clock time. Days of the week: 0 = Monday; `weekdays` are (nth, day), from the end if negative, 0 for every one.

    An empty set does not restrict; `minute` and `second` are None where those of the first start hold.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
    hours: frozenset[int] = frozenset()
    minute: int | None = None
    second: int | None = None
    positions: frozenset[int] = frozenset()
    week_start: int = 0
