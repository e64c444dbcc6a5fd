"""Whether the hours of a calendar can be: everything that is wrong with them at once. Pure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from oncall.desk.values.calendars import Span, Week, Weekday, WrongCalendar
from oncall.kit.zones import DAY, HOUR

Hours = Mapping[Weekday, Sequence[tuple[str, str]]]
"""(from, until) of each day, as "09:00"; the last instant of a day is "24:00"."""


def read_week(hours: Hours) -> Week:
    """The spans of seven days in order. Raises `WrongCalendar` with every fault: one that is empty, two of a day that overlap, and a week
    with less than an hour, in which nobody could promise anything.
    """
    faults: list[tuple[str, str]] = []
    days: list[tuple[Span, ...]] = []
    for day in Weekday:
        spans = [Span(seconds_of(start), seconds_of(end)) for start, end in hours.get(day, ())]
        for n, span in enumerate(spans):
            if span.start >= span.end:
                faults.append((f"hours.{day.value}.{n}", "It ends before it begins: hours past midnight are of the next day, from 00:00."))
        if any(one.end > next.start for one, next in pairwise(sorted(spans))):
            faults.append((f"hours.{day.value}", "Two of its spans overlap: make one of them."))
        days.append(tuple(sorted(spans)))
    if not faults and sum(span.end - span.start for spans in days for span in spans) < HOUR:
        faults.append(("hours", "Say at least an hour of the week in which somebody works."))
    if faults:
        sentence = faults[0][1] if len(faults) == 1 else f"These hours cannot be; {len(faults)} things are wrong."
        raise WrongCalendar(sentence, faults=faults)
    return tuple(days)


def write_week(week: Week) -> dict[Weekday, list[tuple[str, str]]]:
    """As people write it; days without hours are left out."""
    return {day: [(clock(span.start), clock(span.end)) for span in spans] for day, spans in zip(Weekday, week, strict=True) if spans}


def seconds_of(clock: str) -> int:
    """Of "09:30"; its form has been checked."""
    hours, minutes = clock.split(":")
    return int(hours) * HOUR + int(minutes) * 60


def clock(seconds: int) -> str:
    return f"{seconds // HOUR:02}:{seconds % HOUR // 60:02}" if seconds < DAY else "24:00"
