from datetime import datetime
from itertools import takewhile

import pytest
from dateutil import rrule
from hypothesis import assume, given
from hypothesis import strategies as st

from oncall.schedules.rules.recurrences import Effort, starts
from oncall.schedules.values.calendars import BadCalendar, Frequency, Recurrence

ENOUGH = 100_000
HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY = Frequency
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
WORKDAYS = frozenset((0, day) for day in range(MON, SAT))


def on(text: str) -> datetime:
    return datetime.fromisoformat(text)


def some(*values: int) -> frozenset[int]:
    return frozenset(values)


def found(rule: Recurrence, first: str, after: str, before: str, effort: int = ENOUGH) -> list[str]:
    given = starts(rule, on(first), after=on(after), before=on(before), effort=Effort(effort))
    return [f"{start:%m-%d %H:%M}" for start in given]


@pytest.mark.parametrize(
    ("what", "rule", "expected"),
    [
        ("every day", Recurrence(DAILY, 10), ["12-01 09:00", "12-11 09:00", "12-21 09:00", "12-31 09:00"]),
        ("every week, on the day of the first", Recurrence(WEEKLY, 2), ["12-01 09:00", "12-15 09:00", "12-29 09:00"]),
        ("on days of the week, of every other week", Recurrence(WEEKLY, 2, weekdays=frozenset({(0, MON), (0, FRI)})),
         ["12-04 09:00", "12-14 09:00", "12-18 09:00", "12-28 09:00"]),
        ("a week that begins on Sunday", Recurrence(WEEKLY, 2, weekdays=frozenset({(0, SUN)}), week_start=SUN),
         ["12-13 09:00", "12-27 09:00"]),
        ("every hour of some", Recurrence(HOURLY, 12, hours=some(9)), [f"12-{day:02} 09:00" for day in range(1, 32)]),
        ("at several hours", Recurrence(WEEKLY, hours=some(8, 20), minute=30),
         ["12-01 20:30", "12-08 08:30", "12-08 20:30", "12-15 08:30", "12-15 20:30", "12-22 08:30", "12-22 20:30", "12-29 08:30",
          "12-29 20:30"]),
        ("the last day of the month", Recurrence(MONTHLY, month_days=some(-1)), ["12-31 09:00"]),
        ("the second Tuesday", Recurrence(MONTHLY, weekdays=frozenset({(2, TUE)})), ["12-08 09:00"]),
        ("the last working day", Recurrence(MONTHLY, weekdays=WORKDAYS, positions=some(-1)), ["12-31 09:00"]),
        ("Friday the 13th: none this month", Recurrence(MONTHLY, month_days=some(13), weekdays=frozenset({(0, FRI)})), []),
        ("the last Sunday of some months", Recurrence(YEARLY, months=some(3, 12), weekdays=frozenset({(-1, SUN)})), ["12-27 09:00"]),
        ("the last day of the year", Recurrence(YEARLY, year_days=some(-1)), ["12-31 09:00"]),
        ("the 49th Tuesday of the year", Recurrence(YEARLY, weekdays=frozenset({(49, TUE)})), ["12-08 09:00"]),
        ("so many times", Recurrence(DAILY, count=2), ["12-01 09:00", "12-02 09:00"]),
        ("a day that never is", Recurrence(YEARLY, months=some(2), month_days=some(30)), []),
    ],
)  # fmt: skip
def test_the_starts_of_a_month(what: str, rule: Recurrence, expected: list[str]) -> None:
    assert found(rule, "2026-12-01T09:00", "2026-12-01", "2027-01-01") == expected, what


@pytest.mark.parametrize(
    ("what", "rule", "expected"),
    [
        ("the 31st is not in every month", Recurrence(MONTHLY), ["01-31 09:00", "03-31 09:00"]),
        ("counting includes what is before the span", Recurrence(MONTHLY, count=9), ["01-31 09:00"]),
        ("a count that is used up", Recurrence(WEEKLY, count=10), []),
        ("steps are counted from the first start", Recurrence(DAILY, 50), ["02-04 09:00", "03-26 09:00"]),
    ],
)
def test_a_span_long_after_the_first_start(what: str, rule: Recurrence, expected: list[str]) -> None:
    assert found(rule, "2025-12-31T09:00", "2027-01-01", "2027-04-03") == expected, what


@pytest.mark.parametrize("frequency", Frequency)
def test_it_looks_at_the_span_however_long_ago_the_first_start_was(frequency: Frequency) -> None:
    assert len(found(Recurrence(frequency), "0001-01-01T09:00", "2026-01-01", "2027-01-01", effort=20_000)) >= 1


@pytest.mark.parametrize("frequency", Frequency)
def test_it_ends_with_the_last_year_there_is(frequency: Frequency) -> None:
    assert len(found(Recurrence(frequency), "9999-12-31T23:00", "9999-12-31", "9999-12-31T23:30")) == 1


@pytest.mark.parametrize("rule", [Recurrence(DAILY, count=10**9, hours=some(1, 2)), Recurrence(MONTHLY, count=10**9, month_days=some(1))])
def test_what_takes_too_long_is_refused(rule: Recurrence) -> None:
    with pytest.raises(BadCalendar, match="take too long"):
        found(rule, "0001-01-01T09:00", "2026-01-01", "2027-01-01", effort=1_000)


NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def rules(draw: st.DrawFn) -> Recurrence:
    """All but what dateutil reads otherwise (positions in a week cut short, nth days beside plain ones) or spins at."""
    frequency = draw(st.sampled_from(Frequency))
    places = st.integers(-5, 5) if frequency in {MONTHLY, YEARLY} else st.just(0)
    nth = draw(places)
    few = st.frozensets(st.integers(1, 12), max_size=3)
    return Recurrence(
        frequency,
        draw(st.integers(1, 4)),
        draw(st.none() | st.integers(1, 40)),
        months=draw(few) if frequency in {MONTHLY, YEARLY} else frozenset(),
        month_days=draw(st.frozensets(st.integers(-28, 28).filter(bool), max_size=3)),
        weekdays=frozenset((nth, day) for day in draw(st.frozensets(st.integers(0, 6), max_size=3))),
        hours=draw(st.frozensets(st.integers(0, 23), max_size=3)),
        minute=draw(st.none() | st.integers(0, 59)),
        positions=draw(st.frozensets(st.integers(-3, 3).filter(bool), max_size=2)) if frequency in {MONTHLY, YEARLY} else frozenset(),
        week_start=draw(st.integers(0, 6)),
    )


def as_dateutil_says(rule: Recurrence, first: datetime, after: datetime, before: datetime) -> list[datetime]:
    days = (getattr(rrule, NAMES[day]) for _, day in rule.weekdays)
    same = rrule.rrule(
        getattr(rrule, rule.frequency.name),
        dtstart=first,
        interval=rule.interval,
        count=rule.count,
        wkst=rule.week_start,
        bymonth=rule.months or None,
        bymonthday=rule.month_days or None,
        byweekday=[day(nth) if nth else day for (nth, _), day in zip(rule.weekdays, days, strict=True)] or None,
        byhour=rule.hours or None,
        byminute=rule.minute,
        bysetpos=rule.positions or None,
    )
    return [start for start in takewhile(lambda start: start < before, same) if start >= after]


@given(rule=rules(), first=st.datetimes(on("2020-01-01"), on("2026-01-01")), days=st.integers(0, 800))
def test_dateutil_says_the_same(rule: Recurrence, first: datetime, days: int) -> None:
    first = first.replace(microsecond=0)
    after = datetime.fromordinal(first.toordinal() + days)
    before = datetime.fromordinal(after.toordinal() + 400)
    try:
        expected = as_dateutil_says(rule, first, after, before)
    except ValueError:  # an hour that the interval never meets
        assume(False)
    assert list(starts(rule, first, after=after, before=before, effort=Effort(10**9))) == expected
