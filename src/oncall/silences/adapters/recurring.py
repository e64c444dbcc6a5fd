"""The recurrence rule of a window (RFC 5545, RRULE), read by the parser of calendars, with words of our own for what is wrong with it."""

import re
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from oncall.schedules.rules.recurrences import Effort, starts
from oncall.schedules.values.calendars import BadCalendar, Recurrence
from oncall.silences.values.windows import BadWindow, Once, Recurring, Timetable, Window

if TYPE_CHECKING:
    from oncall.schedules.adapters.calendar_values import Moment

EFFORT = 50_000
MOST = 1_000
NEVER = datetime(9999, 12, 31)  # noqa: DTZ001 — on the wall
COUNT = re.compile(r"(?:^|;)COUNT=([^;]*)")
FREQUENT = ("MINUTELY", "SECONDLY")


def canonical(rrule: str) -> str:
    """As it is kept and shown: without a name before it, in capitals, without spaces."""
    return re.sub(r"\s+", "", rrule).upper().removeprefix("RRULE:").strip(";")


def timetable_of(window: Window) -> Timetable:
    """Raises BadWindow for a rule that cannot be read, or costs too much to work out."""
    plan = window.plan
    if isinstance(plan, Once):
        return Timetable(window)
    recurrence, until = _read(plan.rrule)
    last, last_wall = _bounds(plan, until)
    if recurrence.count is not None:
        # Worked out once here, so that nobody has to count from the beginning each time.
        counted = _last_of(recurrence, plan.starts_at)
        last_wall = min(one for one in (counted, last_wall) if one is not None)
    return Timetable(window, replace(recurrence, count=None), last, last_wall)


def _read(rrule: str) -> "tuple[Recurrence, Moment | None]":
    # Three megabytes, which every start would pay for.
    from oncall.schedules.adapters.calendar_events import REFUSALS  # noqa: PLC0415
    from oncall.schedules.adapters.calendar_values import Unreadable, read_recurrence  # noqa: PLC0415

    if any(f"FREQ={often}" in rrule for often in FREQUENT):
        raise BadWindow("A window may recur hourly at most: use FREQ=HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY.", field="rrule")
    count = COUNT.search(rrule)
    if count and not (count[1].isdecimal() and 1 <= int(count[1][:9]) <= MOST and len(count[1]) < 9):
        raise BadWindow(f"COUNT must be from 1 to {MOST:,}; for more, give until.", field="rrule")
    try:
        return read_recurrence(rrule)
    except BadCalendar:
        raise BadWindow("A window may recur hourly at most: give one BYMINUTE and one BYSECOND, or none.", field="rrule") from None
    except Unreadable as bad:
        raise BadWindow(f"This rrule cannot be used: {bad}.", field="rrule") from None
    except REFUSALS:
        raise BadWindow(
            'This is no recurrence rule of RFC 5545: it should look like "FREQ=WEEKLY;BYDAY=TU" or "FREQ=MONTHLY;BYDAY=2SU".',
            field="rrule",
        ) from None


def _bounds(plan: Recurring, until: "Moment | None") -> tuple[datetime | None, datetime | None]:
    """The last instant, and the last time on the wall, at which an occurrence may begin."""
    if until is None:
        return plan.until, None
    if until.is_day:
        return plan.until, datetime.combine(until.wall.date(), time(23, 59, 59))
    if until.tzid is None:
        return plan.until, until.wall
    last = until.wall.replace(tzinfo=UTC)
    return min(last, plan.until or last), None


@lru_cache(maxsize=1_000)
def _last_of(recurrence: Recurrence, first: datetime) -> datetime:
    from oncall.schedules.adapters.calendar_events import REFUSALS  # noqa: PLC0415

    try:
        found = deque(starts(recurrence, first, after=first, before=NEVER, effort=Effort(EFFORT)), maxlen=1)
    except (BadCalendar, *REFUSALS):
        raise BadWindow("This rrule takes too long to work out to its COUNT: give until in its place.", field="rrule") from None
    return found[0] if found else first - timedelta(seconds=1)
