"""When something in a calendar repeats (RFC 5545, RRULE), on the wall clock. Pure.

It looks only at the periods (years, months, …) that touch the span asked for, however long ago the first one was, and pays for each day it
looks at: a rule that never applies ends like any other. What the RFC leaves open is read as dateutil reads it.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import MAXYEAR, date, datetime, time
from itertools import count, product
from typing import assert_never

from oncall.schedules.values.calendars import BadCalendar, Frequency, Recurrence

LAST_DAY = date.max.toordinal()


class Effort:
    """How much one calendar may cost to read; a step is a day looked at or a start found."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Raises BadCalendar when nothing is left."""
        self._left -= steps
        if self._left < 0:
            raise BadCalendar("The calendar's repeating events take too long to work out.")


def starts(recurrence: Recurrence, first: datetime, *, after: datetime, before: datetime, effort: Effort) -> Iterator[datetime]:
    """The rule's starts in `[after, before)`, in order and none before `first`; all times are naive, in one zone."""
    rule = _completed(recurrence, first)
    left = rule.count
    since = max(0, _period_of(rule, first, after) - 1)
    if left is not None:
        since = since if _is_plain(recurrence) else 0
        left -= since
    for period in count(since):
        days = _days(rule, first, period)
        if not days or days[0].start > before.toordinal():
            return
        chosen = _chosen(rule, first, days, period)
        effort.spend(sum(map(len, days)) + len(chosen))
        for start in chosen:
            if start < first:
                continue
            if start >= before or (left is not None and left <= 0):
                return
            left = None if left is None else left - 1
            if start >= after:
                yield start


def _completed(rule: Recurrence, first: datetime) -> Recurrence:
    """What the rule does not say follows from the first start."""
    if rule.month_days or rule.year_days or rule.weekdays:
        return rule
    match rule.frequency:
        case Frequency.YEARLY:
            return replace(rule, months=rule.months or frozenset({first.month}), month_days=frozenset({first.day}))
        case Frequency.MONTHLY:
            return replace(rule, month_days=frozenset({first.day}))
        case Frequency.WEEKLY:
            return replace(rule, weekdays=frozenset({(0, first.weekday())}))
        case Frequency.DAILY | Frequency.HOURLY:
            return rule
        case _:
            assert_never(rule.frequency)


def _is_plain(rule: Recurrence) -> bool:
    """Every period has exactly one start, so that they need not be counted one by one."""
    bare = Recurrence(rule.frequency, rule.interval, rule.count, week_start=rule.week_start)
    return rule == bare and rule.frequency in {Frequency.HOURLY, Frequency.DAILY, Frequency.WEEKLY}


def _period_of(rule: Recurrence, first: datetime, at: datetime) -> int:
    """The number of the period that holds `at`, or of the one after it."""
    months = (at.year - first.year) * 12 + at.month - first.month
    days = at.toordinal() - first.toordinal()
    passed = {
        Frequency.YEARLY: at.year - first.year,
        Frequency.MONTHLY: months,
        Frequency.WEEKLY: days // 7 + 1,
        Frequency.DAILY: days,
        Frequency.HOURLY: days * 24 + at.hour - first.hour,
    }
    return passed[rule.frequency] // rule.interval


def _days(rule: Recurrence, first: datetime, period: int) -> list[range]:
    """The days to look at in a period, as ordinals; none at all beyond the year 9999."""
    passed = period * rule.interval
    match rule.frequency:
        case Frequency.YEARLY:
            year = first.year + passed
            months = sorted(rule.months) or range(1, 13)
            return [_month(year, month) for month in months] if year <= MAXYEAR else []
        case Frequency.MONTHLY:
            year, month = divmod(first.year * 12 + first.month - 1 + passed, 12)
            return [_month(year, month + 1)] if year <= MAXYEAR else []
        case Frequency.WEEKLY:
            opening = first.toordinal() - (first.weekday() - rule.week_start) % 7 + 7 * passed
            return _within(opening, 7)
        case Frequency.DAILY:
            return _within(first.toordinal() + passed, 1)
        case Frequency.HOURLY:
            return _within(first.toordinal() + (first.hour + passed) // 24, 1)
        case _:
            assert_never(rule.frequency)


def _month(year: int, month: int) -> range:
    day = date(year, month, 1).toordinal()
    return range(day, day + monthrange(year, month)[1])


def _within(day: int, length: int) -> list[range]:
    days = range(max(day, 1), min(day + length, LAST_DAY + 1))
    return [days] if days else []


def _chosen(rule: Recurrence, first: datetime, days: list[range], period: int) -> list[datetime]:
    """The starts in a period, in order."""
    hours = sorted(rule.hours) or [first.hour]
    if rule.frequency is Frequency.HOURLY:
        hour = (first.hour + period * rule.interval) % 24
        hours = [hour] if not rule.hours or hour in rule.hours else []
    minute = first.minute if rule.minute is None else rule.minute
    second = first.second if rule.second is None else rule.second
    fitting = (day for some in days for day in map(date.fromordinal, some) if _fits(rule, day))
    found = [datetime.combine(day, time(hour, minute, second)) for day, hour in product(fitting, hours)]
    if not rule.positions:
        return found
    return [start for i, start in enumerate(found) if i + 1 in rule.positions or i - len(found) in rule.positions]


def _fits(rule: Recurrence, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and rule.month_days.isdisjoint((day.day, day.day - monthrange(day.year, day.month)[1] - 1)):
        return False
    if rule.year_days:
        nth = day.timetuple().tm_yday
        if rule.year_days.isdisjoint((nth, nth - _length_of_year(day) - 1)):
            return False
    return not rule.weekdays or not rule.weekdays.isdisjoint(_names_of(rule, day))


def _names_of(rule: Recurrence, day: date) -> list[tuple[int, int]]:
    """A day's names as a day of the week: every such day, the nth and the nth from the end, of its month or year as the rule means it."""
    weekday = day.weekday()
    if rule.frequency is Frequency.MONTHLY or (rule.frequency is Frequency.YEARLY and rule.months):
        place, length = day.day, monthrange(day.year, day.month)[1]
    elif rule.frequency is Frequency.YEARLY:
        place, length = day.timetuple().tm_yday, _length_of_year(day)
    else:
        return [(nth, weekday) for nth, named in rule.weekdays if named == weekday]
    return [(0, weekday), ((place - 1) // 7 + 1, weekday), (-((length - place) // 7) - 1, weekday)]


def _length_of_year(day: date) -> int:
    return 366 if isleap(day.year) else 365
