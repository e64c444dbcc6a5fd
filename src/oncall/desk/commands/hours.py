"""The hours of a calendar, for whoever reads and writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oncall.desk.rules.business_time import closes_at, is_open, opens_at
from oncall.desk.rules.calendars import Hours, read_week, write_week
from oncall.desk.values.calendars import Calendar, Week, Weekday


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether it is open at an instant, from when on, and until when; None: it never closes."""

    is_open: bool
    opens_at: datetime
    closes_at: datetime | None


def read(hours: Hours) -> Week:
    """Raises `WrongCalendar` with everything that is wrong."""
    return read_week(hours)


def written(calendar: Calendar) -> Mapping[Weekday, list[tuple[str, str]]]:
    return write_week(calendar.settings.week)


def opening(calendar: Calendar, at: datetime) -> Opening:
    return Opening(is_open(calendar, at), opens_at(calendar, at), closes_at(calendar, at))
