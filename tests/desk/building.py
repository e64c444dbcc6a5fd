"""Calendars for tests: hours as people write them."""

from datetime import UTC, date, datetime
from uuid import UUID

from oncall.desk.values import CalendarId
from oncall.desk.values.calendars import Calendar, CalendarSettings, Span, Week

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
OFFICE = "09:00-17:00"


def week(weekdays: str = OFFICE, saturday: str = "", sunday: str = "") -> Week:
    """Hours of Monday to Friday and of the weekend, as "09:00-12:00 13:00-17:00"."""
    return (*[spans(weekdays)] * 5, spans(saturday), spans(sunday))


def spans(hours: str) -> tuple[Span, ...]:
    return tuple(Span(*(_seconds(time) for time in span.split("-"))) for span in hours.split())


def _seconds(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 3600 + int(minutes) * 60


def calendar(hours: Week | None = None, zone: str = "UTC", closed: str = "") -> Calendar:
    """A calendar with these hours, closed on these dates ("2026-12-25 2026-12-26")."""
    dates = frozenset(date.fromisoformat(day) for day in closed.split())
    return Calendar(CalendarId(UUID(int=1)), CalendarSettings("office", zone, hours or week()), EPOCH, closed_on=dates)


def at(text: str) -> datetime:
    """An instant as "2026-01-05 09:00", in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
