"""Working time, as a table and against a minute-by-minute recomputation with the standard library's own zones."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.desk.building import at, calendar, spans, week
from tests.schedules.strategies import ZONES, instants

from oncall.desk.rules.business_time import add_working, closes_at, is_open, opens_at, working_between, working_days_later
from oncall.desk.values.calendars import Calendar, Span, Week
from oncall.kit.zones import to_instant

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OFFICE = calendar()
LISBON, APIA = "Europe/Lisbon", "Pacific/Apia"
NIGHTS = week("00:00-06:00 22:00-24:00", "00:00-06:00 22:00-24:00", "00:00-06:00 22:00-24:00")
SUNDAYS = week("", "", "00:00-03:00")
ALWAYS = week("00:00-24:00", "00:00-24:00", "00:00-24:00")


@pytest.mark.parametrize(
    ("what", "given", "from_", "duration", "until"),
    [
        ("within the hours it is plain time", OFFICE, "2026-01-05 09:30", 2 * HOUR, "2026-01-05 11:30"),
        ("before they begin it counts from when they do", OFFICE, "2026-01-05 03:00", 2 * HOUR, "2026-01-05 11:00"),
        ("what is left of today, then tomorrow", OFFICE, "2026-01-05 16:00", 2 * HOUR, "2026-01-06 10:00"),
        ("a whole day ends with that day's hours", OFFICE, "2026-01-05 09:00", 8 * HOUR, "2026-01-05 17:00"),
        ("Friday evening goes on on Monday", OFFICE, "2026-01-09 16:30", HOUR, "2026-01-12 09:30"),
        ("a holiday is no working day", calendar(closed="2026-01-12"), "2026-01-09 16:30", HOUR, "2026-01-13 09:30"),
        ("nothing is over at once, open or not", OFFICE, "2026-01-10 12:00", timedelta(0), "2026-01-10 12:00"),
        ("a break at noon is no working time", calendar(week("09:00-12:00 13:00-17:00")), "2026-01-05 11:30", HOUR, "2026-01-05 13:30"),
        ("hours to midnight meet those from midnight", calendar(NIGHTS), "2026-01-05 23:30", HOUR, "2026-01-06 00:30"),
        ("in the zone's own morning", calendar(zone="America/New_York"), "2026-01-05 09:00", HOUR, "2026-01-05 15:00"),
        ("a night has an hour less when the clocks go forward", calendar(ALWAYS, LISBON), "2026-03-28 12:00", DAY, "2026-03-29 12:00"),
        ("the hour that is skipped is not worked", calendar(SUNDAYS, LISBON), "2026-03-29 00:00", 2 * HOUR, "2026-03-29 02:00"),
        ("the one that is repeated is worked twice", calendar(SUNDAYS, LISBON), "2026-10-24 23:00", 4 * HOUR, "2026-10-25 03:00"),
    ],
)  # fmt: skip
def test_a_working_duration_is_over(what: str, given: Calendar, from_: str, duration: timedelta, until: str) -> None:
    assert add_working(given, at(from_), duration) == at(until), what


@pytest.mark.parametrize(
    ("what", "given", "when", "opens", "closes"),
    [
        ("open: now, and at five", OFFICE, "2026-01-05 12:00", "2026-01-05 12:00", "2026-01-05 17:00"),
        ("at nine it is open", OFFICE, "2026-01-05 09:00", "2026-01-05 09:00", "2026-01-05 17:00"),
        ("at five it is not any more", OFFICE, "2026-01-05 17:00", "2026-01-06 09:00", "2026-01-06 17:00"),
        ("over the weekend", OFFICE, "2026-01-10 12:00", "2026-01-12 09:00", "2026-01-12 17:00"),
        ("over a holiday", calendar(closed="2026-01-12"), "2026-01-10 12:00", "2026-01-13 09:00", "2026-01-13 17:00"),
        ("a night is one", calendar(NIGHTS), "2026-01-05 23:00", "2026-01-05 23:00", "2026-01-06 06:00"),
        ("round the clock never closes", calendar(ALWAYS), "2026-01-05 23:00", "2026-01-05 23:00", None),
        ("but for a holiday", calendar(ALWAYS, closed="2026-01-07"), "2026-01-05 23:00", "2026-01-05 23:00", "2026-01-07 00:00"),
        ("a Friday that never was", calendar(zone=APIA), "2011-12-30 04:00", "2012-01-01 19:00", "2012-01-02 03:00"),
    ],
)  # fmt: skip
def test_it_opens_and_closes(what: str, given: Calendar, when: str, opens: str, closes: str | None) -> None:
    assert opens_at(given, at(when)) == at(opens), what
    assert closes_at(given, at(when)) == (at(closes) if closes else None), what
    assert is_open(given, at(when)) == (when == opens), what


@pytest.mark.parametrize(
    ("what", "given", "when", "days", "until"),
    [
        ("one working day from Monday is Tuesday evening", OFFICE, "2026-01-05 10:00", 1, "2026-01-06 17:00"),
        ("however early on Monday", OFFICE, "2026-01-05 00:00", 1, "2026-01-06 17:00"),
        ("two on a Thursday end on Monday", OFFICE, "2026-01-08 10:00", 2, "2026-01-12 17:00"),
        ("Saturday is no working day", OFFICE, "2026-01-10 10:00", 1, "2026-01-12 17:00"),
        ("nor is a holiday", calendar(closed="2026-01-12"), "2026-01-08 10:00", 2, "2026-01-13 17:00"),
        ("the local day counts: late on Monday in Auckland", calendar(zone="Pacific/Auckland"), "2026-01-05 10:30", 1, "2026-01-06 04:00"),
        ("which has become Tuesday", calendar(zone="Pacific/Auckland"), "2026-01-05 11:30", 1, "2026-01-07 04:00"),
    ],
)  # fmt: skip
def test_working_days_later(what: str, given: Calendar, when: str, days: int, until: str) -> None:
    assert working_days_later(given, at(when), days) == at(until), what


def test_no_working_day_later_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        working_days_later(OFFICE, at("2026-01-05 10:00"), 0)


@cache
def pinned(zone: str) -> ZoneInfo:
    """By the package that decides everywhere, not by what the machine has."""
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=zone)


# --- properties -------------------------------------------------------------------------------------------------------------


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    """Up to three spans a day in whole minutes, on at least one day of the week."""
    days: list[tuple[Span, ...]] = []
    for _ in range(7):
        marks = sorted(draw(st.lists(st.integers(0, 24 * 60), max_size=6, unique=True)))
        days.append(tuple(Span(a * 60, b * 60) for a, b in zip(marks[::2], marks[1::2], strict=False)))
    if not any(days):
        days[draw(st.integers(0, 6))] = spans("08:00-12:30")
    return tuple(days)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar and an instant, in whole minutes, near which some days may be closed."""
    zone = draw(st.sampled_from(ZONES))
    when = to_instant(draw(instants(zone)) // 60 * 60)
    closed = draw(st.frozensets(st.integers(-1, 6), max_size=3))
    made = calendar(draw(weeks()), zone)
    return replace(made, closed_on=frozenset(when.date() + days * DAY for days in closed)), when


def slowly_open(given: Calendar, since: datetime, minutes: int) -> list[bool]:
    """Whether it is open in each of so many minutes: what the clock on the wall shows, which for this never goes back."""
    zone = pinned(given.settings.time_zone)
    wall, found = datetime.min, []  # noqa: DTZ901
    for minute in range(-36 * 60, minutes):
        wall = max(wall, (since + minute * MINUTE).astimezone(zone).replace(tzinfo=None))
        if minute >= 0:
            second = wall.hour * 3600 + wall.minute * 60
            hours = given.settings.week[wall.weekday()] if wall.date() not in given.closed_on else ()
            found.append(any(span.start <= second < span.end for span in hours))
    return found


@given(cases(), st.integers(0, 5 * 24 * 60))
@settings(max_examples=150, deadline=None)
def test_it_is_open_whenever_the_wall_says_so(case: tuple[Calendar, datetime], minutes: int) -> None:
    given, since = case
    slow = slowly_open(given, since, minutes + 1)
    assert working_between(given, since, since + minutes * MINUTE) == sum(slow[:minutes]) * MINUTE
    assert is_open(given, since + minutes * MINUTE) == slow[minutes]
    first = next((n for n, is_so in enumerate(slow) if is_so), None)
    assert (opens_at(given, since) - since) // MINUTE == first if first is not None else opens_at(given, since) > since + minutes * MINUTE
    if first is not None and False in slow[first:]:
        assert closes_at(given, since) == since + (first + slow[first:].index(False)) * MINUTE


@given(cases(), st.timedeltas(timedelta(microseconds=1), timedelta(days=3)))
@settings(max_examples=150, deadline=None)
def test_a_duration_is_over_when_so_much_has_been_worked_and_not_a_moment_earlier(
    case: tuple[Calendar, datetime], duration: timedelta
) -> None:
    given, since = case
    until = add_working(given, since, duration)
    assert working_between(given, since, until) == duration
    assert working_between(given, since, until - timedelta(microseconds=1)) < duration


@given(cases(), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_working_days_are_counted_by_their_dates(case: tuple[Calendar, datetime], days: int) -> None:
    given, since = case
    zone = pinned(given.settings.time_zone)
    until = working_days_later(given, since, days)
    last = until - timedelta(microseconds=1)
    assert is_open(given, last), "it ends with working hours"
    looks = [since + minutes * MINUTE for minutes in range(0, (until - since) // MINUTE, 7)]
    assert len({_date(look, zone) for look in looks if is_open(given, look)} - {_date(since, zone)}) <= days


def _date(when: datetime, zone: ZoneInfo) -> date:
    return when.astimezone(zone).date()
