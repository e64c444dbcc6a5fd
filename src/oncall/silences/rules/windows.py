"""When a window is. Pure: on the clocks of its zone where it recurs, compared in UTC, `[start, end)`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from oncall.kit.zones import resolve, to_instant, to_local_seconds
from oncall.schedules.rules.recurrences import Effort, starts
from oncall.schedules.values.calendars import BadCalendar
from oncall.silences.values.muting import State
from oncall.silences.values.windows import Occurrence, Once, Recurring, Timetable

EFFORT = 50_000
"""Days that are looked at for one answer: more than a rule needs that ever applies."""

MARGIN = timedelta(days=2)
"""More than any zone is away from UTC."""

FAR = timedelta(days=366 * 30)
"""How far ahead the next occurrence is looked for: February 29th on a given weekday comes every 28 years (40 around 2100)."""


def occurrences(timetable: Timetable, *, since: datetime, until: datetime) -> list[Occurrence]:
    """Those that touch `[since, until)`, uncut and in order; none at all of what was ended in the instant it began."""
    found: list[Occurrence] = []
    for start, end in _planned(timetable, since, until):
        if found and start < found[-1].end:  # where clocks are put forward two starts may fall on one instant
            last = max(end, found[-1].end)
            found[-1] = Occurrence(found[-1].start, last, last)
        else:
            found.append(Occurrence(start, end, end))
    clipped = (_clipped(timetable, one) for one in found)
    return [one for one in clipped if one.start < one.end and one.start < until and since < one.end]


def occurrence_at(timetable: Timetable, at: datetime) -> Occurrence | None:
    """The one that runs at an instant."""
    return next((one for one in occurrences(timetable, since=at, until=at + timedelta(microseconds=1)) if one.start <= at < one.end), None)


def next_occurrence(timetable: Timetable, *, after: datetime) -> Occurrence | None:
    """The first that begins after an instant."""
    plan = timetable.window.plan
    if isinstance(plan, Once):
        return _clipped(timetable, Occurrence(plan.starts_at, plan.ends_at, plan.ends_at)) if plan.starts_at > after else None
    for start, _ in _planned(timetable, after, after + FAR):
        if start > after:
            at = occurrences(timetable, since=start, until=start + timedelta(seconds=1))
            if found := next((one for one in at if one.start == start), None):
                return found
    return None


def running_or_next(timetable: Timetable, *, now: datetime) -> Occurrence | None:
    """What people want to know of a window: the occurrence that runs, else the one to come."""
    return occurrence_at(timetable, now) or next_occurrence(timetable, after=now)


def state_of(occurrence: Occurrence | None, *, now: datetime) -> State:
    """By what `running_or_next` says."""
    if occurrence is None:
        return State.EXPIRED
    return State.ACTIVE if occurrence.start <= now else State.PENDING


def wall_starts(timetable: Timetable, *, after: datetime, before: datetime) -> Iterator[datetime]:
    """Where the rule of a recurring window puts its starts, on its own clocks. Ends, without an error, at what takes too long to find."""
    plan = timetable.window.plan
    if timetable.recurrence is None or not isinstance(plan, Recurring):
        return
    first = max(after, plan.starts_at)
    try:
        for wall in starts(timetable.recurrence, plan.starts_at, after=first, before=before, effort=Effort(EFFORT)):
            if timetable.last_wall is not None and wall > timetable.last_wall:
                return
            if timetable.last is not None and _instant(wall, plan.time_zone) > timetable.last:
                return
            yield wall
    except BadCalendar:
        return


def _planned(timetable: Timetable, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Starts and ends as they were planned; some before the span, and some after it."""
    plan = timetable.window.plan
    if isinstance(plan, Once):
        yield plan.starts_at, plan.ends_at
        return
    after = since.astimezone(UTC).replace(tzinfo=None) - plan.duration - MARGIN
    before = until.astimezone(UTC).replace(tzinfo=None) + MARGIN
    for wall in wall_starts(timetable, after=after, before=before):
        days = timedelta(days=plan.duration.days)
        yield _instant(wall, plan.time_zone), _instant(wall + days, plan.time_zone) + (plan.duration - days)


def _instant(wall: datetime, zone: str) -> datetime:
    return to_instant(resolve(to_local_seconds(wall), zone))


def _clipped(timetable: Timetable, occurrence: Occurrence) -> Occurrence:
    """Ended when somebody ended it."""
    ends = [at for at in timetable.window.ended_early if occurrence.start <= at < occurrence.end]
    return replace(occurrence, end=min(ends, default=occurrence.end))
