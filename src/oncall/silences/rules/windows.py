"""When a maintenance window is open. Pure; stepped on the wall clock, compared in UTC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise

from oncall.kit.zones import resolve, to_instant, to_local_seconds
from oncall.schedules.rules.recurrences import Effort, starts
from oncall.schedules.values.calendars import BadCalendar
from oncall.silences.values import BadWindow, Once, Recurring, Window

STEPS = 200_000
"""How much one look at a window may cost; a step is a day looked at."""

A_DAY = timedelta(days=1)
FAR = timedelta(days=366 * 30)
LONGEST = timedelta(days=31)
HOUR = timedelta(hours=1)


def occurrences(window: Window, since: datetime, until: datetime) -> Iterator[Once]:
    """Those that touch `[since, until)`, in order; one that was ended early is as short as it was."""
    planned: Iterator[Once]
    if isinstance(window.when, Once):
        planned = iter([window.when])
    else:  # a zone may be half a day off
        planned = _recurring(window, window.when, since - window.when.duration - A_DAY, until + A_DAY)
    ended = {once.starts_at: once.ends_at for once in window.ended}
    for one in planned:
        ends_at = min(one.ends_at, ended.get(one.starts_at, one.ends_at))
        if one.starts_at < until and ends_at > max(since, one.starts_at):
            yield Once(one.starts_at, ends_at)


def occurrence_at(window: Window, at: datetime) -> Once | None:
    """The one that is open at an instant."""
    return next((one for one in _of_hour(window, at.replace(minute=0, second=0, microsecond=0)) if one.starts_at <= at < one.ends_at), None)


@lru_cache(maxsize=4096)
def _of_hour(window: Window, hour: datetime) -> tuple[Once, ...]:
    """A storm asks for the same hour again and again."""
    return tuple(occurrences(window, hour, hour + HOUR))


def check_window(window: Window, *, now: datetime) -> None:
    """Raises BadWindow for one that holds nothing, ends before it starts, never happens, or overlaps itself."""
    if not window.service_ids and not window.matchers:
        raise BadWindow("Say what it concerns: service_ids, matchers, or both.", field="service_ids")
    match window.when:
        case Once(starts_at, ends_at):
            if ends_at <= starts_at:
                raise BadWindow("It must end after it starts.", field="once.ends_at")
            if ends_at <= now:
                raise BadWindow("It is over already: give an end that is still to come.", field="once.ends_at")
            if ends_at - starts_at > LONGEST * 12:
                raise BadWindow("It may last a year at most; to retire a service, delete its integrations.", field="once.ends_at")
        case Recurring() as recurring:
            _check_recurring(window, recurring, now=now)


def _check_recurring(window: Window, recurring: Recurring, *, now: datetime) -> None:
    if recurring.duration <= timedelta(0):
        raise BadWindow("It must last longer than PT0S.", field="recurring.duration")
    if recurring.duration > LONGEST:
        raise BadWindow("One occurrence may last 31 days at most.", field="recurring.duration")
    coming = _first(window, now - recurring.duration, 200)
    if not any(one.ends_at > now for one in coming):
        began = to_instant(to_local_seconds(recurring.starts_at))
        said = "has no occurrence that is still to come" if _first(window, began - A_DAY, 1) else "has no occurrence at all"
        raise BadWindow(f"The RRULE {said}, from its starts_at on.", field="recurring.rrule")
    if any(after.starts_at < before.ends_at for before, after in pairwise(coming)):
        raise BadWindow("It lasts longer than the time until it starts again: occurrences would overlap.", field="recurring.duration")


def _first(window: Window, since: datetime, most: int) -> list[Once]:
    return list(islice(occurrences(window, since, since + FAR), most))


def _recurring(window: Window, recurring: Recurring, since: datetime, until: datetime) -> Iterator[Once]:
    assert window.recurrence is not None  # noqa: S101 — it was read when the window was; this says so to the type checker
    after, before = ((at.astimezone(UTC)).replace(tzinfo=None) for at in (since, until))
    try:
        for start in starts(window.recurrence, recurring.starts_at, after=after, before=before, effort=Effort(STEPS)):
            starts_at = to_instant(resolve(to_local_seconds(start), recurring.time_zone))
            if window.until is not None and starts_at > window.until:
                return
            yield Once(starts_at, starts_at + recurring.duration)
    except BadCalendar as error:
        raise BadWindow("The RRULE takes too long to work out: make it simpler.", field="recurring.rrule") from error
