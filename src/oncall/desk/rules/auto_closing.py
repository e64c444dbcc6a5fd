"""When an incident that nobody objects to is closed by itself (`semantics.md` §6). Pure."""

from datetime import UTC, datetime
from uuid import UUID

from oncall.desk.rules.business_time import working_days_later
from oncall.desk.values import CalendarId, Closure, Record
from oncall.desk.values.calendars import Calendar, CalendarSettings, Span

OFFICE = (Span(0, 86_400),)
PLAIN_WEEK = Calendar(
    CalendarId(UUID(int=0)),
    CalendarSettings("Monday to Friday", "UTC", (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ())),
    datetime(2026, 1, 1, tzinfo=UTC),
)
"""The working days of a service without support hours."""


def closes_at(resolved_at: datetime, days: int, hours: Calendar | None) -> datetime:
    """At the end of so many working days after that of its resolution, by the support hours of its service."""
    return working_days_later(hours or PLAIN_WEEK, resolved_at, days)


def may_close_itself(record: Record, closure: Closure | None) -> bool:
    """Nobody objected, and what the desk would have had to record is there; only the reporter's silence stands in for their word."""
    complete = record.category_id is not None and bool(record.resolution_code) and bool(record.resolution_text)
    return complete and closure is not Closure.NOT_SATISFIED
