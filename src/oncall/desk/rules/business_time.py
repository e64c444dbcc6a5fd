"""Working time: when a calendar is open, how much of it lies between two instants, and when a working duration is over. Pure.

A calendar is open while the clock on the wall of its zone shows one of that day's hours, and the day is no holiday. The clock on the wall
is `kit.zones`'s: an hour that is repeated in autumn counts as one long hour, one that is skipped in spring is not there.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from oncall.desk.values.calendars import Calendar
from oncall.kit.zones import DAY, mono, resolve, to_instant, to_seconds, to_wall

NEVER_CLOSES = timedelta(days=400)
"""What is open for so long without a break is taken to be open for ever."""


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether it is open at this instant; at the instant of closing it is not any more."""
    return opens_at(calendar, at) == at


def opens_at(calendar: Calendar, at: datetime) -> datetime:
    """The first instant, from this one on, at which it is open: this very one if it is."""
    start, _ = next(openings(calendar, at))
    return max(start, at)


def closes_at(calendar: Calendar, at: datetime) -> datetime | None:
    """When the hours end in which it is open at this instant, or the next ones if it is closed; None if it never closes."""
    first: datetime | None = None
    end = at
    for begins, ends in openings(calendar, at):
        if first is None:
            first = begins
        elif begins > end:
            return end
        if ends - max(first, at) > NEVER_CLOSES:
            return None
        end = ends
    raise AssertionError  # pragma: no cover  # openings have no end


def working_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How long it is open in `[start, end)`; nothing if that is empty."""
    total = timedelta(0)
    for begins, ends in openings(calendar, start):
        if begins >= end:
            break
        total += min(ends, end) - max(begins, start)
    return total


def add_working(calendar: Calendar, at: datetime, duration: timedelta) -> datetime:
    """The first instant, from this one on, until which it has been open for that long."""
    if duration <= timedelta(0):
        return at
    left = duration
    for begins, ends in openings(calendar, at):
        open_for = ends - max(begins, at)
        if left <= open_for:
            return ends - (open_for - left)
        left -= open_for
    raise AssertionError  # pragma: no cover  # openings have no end


def working_days_later(calendar: Calendar, at: datetime, days: int) -> datetime:
    """The end of the hours of the `days`-th working day after the local day of `at`, which counts for nothing: whoever is given two
    working days on a Thursday has until Monday evening.
    """
    if days < 1:
        raise ValueError("at least one working day later")
    left, day = days, mono(to_seconds(at), calendar.settings.time_zone) // DAY
    while left:
        day += 1
        spans = _of_day(calendar, day)
        left -= bool(spans)
        if spans and not left:
            return spans[-1][1]
    raise AssertionError  # pragma: no cover  # the loop ends by its return


def openings(calendar: Calendar, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches `[start, end)` in which it is open and that end after `since`, in order and for ever.

    Hours to midnight and those from midnight on are two stretches that meet. A calendar has hours in some week, and a finite number of
    holidays: there is always a next one.
    """
    day = mono(to_seconds(since), calendar.settings.time_zone) // DAY
    while True:
        for begins, ends in _of_day(calendar, day):
            if ends > since:
                yield begins, ends
        day += 1


def _of_day(calendar: Calendar, day: int) -> list[tuple[datetime, datetime]]:
    """The hours of a local day (counted from 1970) as instants, without those that the clock skips."""
    date = to_wall(day * DAY).date()
    if date in calendar.closed_on:
        return []
    zone, hours = calendar.settings.time_zone, calendar.settings.week[date.weekday()]
    stretches = [(resolve(day * DAY + span.start, zone), resolve(day * DAY + span.end, zone)) for span in hours]
    return [(to_instant(start), to_instant(end)) for start, end in stretches if start < end]
