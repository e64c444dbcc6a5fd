"""When a window is: once, recurring on the clocks of a zone, ended early; and what cannot be a window."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.silences.muting import DAY, HOUR, NOW, WEB, at, once, recurring, window

from oncall.silences.rules.planning import check_window
from oncall.silences.rules.windows import next_occurrence, occurrence_at, occurrences, running_or_next
from oncall.silences.values.windows import BadWindow, Plan, Timetable

NIGHTS = recurring("FREQ=DAILY", "2026-03-01T22:00:00", 8 * HOUR, "Europe/Lisbon")
TUESDAYS = recurring("rrule:freq=weekly; byday=tu", "2026-01-06T02:00:00", 2 * HOUR, "America/New_York")


def spans(timetable: Timetable, since: str, until: str) -> list[tuple[str, str]]:
    found = occurrences(timetable, since=at(since), until=at(until))
    return [(f"{one.start:%m-%dT%H:%M}", f"{one.end:%m-%dT%H:%M}") for one in found]


@pytest.mark.parametrize(
    ("what", "plan", "since", "until", "expected"),
    [
        ("once", once(), "2026-03-01T00:00", "2026-04-01T00:00", [("03-02T12:00", "03-02T13:00")]),
        ("what ends as the span begins is not in it", once(), "2026-03-02T13:00", "2026-04-01T00:00", []),
        ("what begins as the span ends is not in it", once(), "2026-03-01T00:00", "2026-03-02T12:00", []),
        ("every night, past midnight", NIGHTS, "2026-03-02T03:00", "2026-03-03T03:00",
         [("03-01T22:00", "03-02T06:00"), ("03-02T22:00", "03-03T06:00")]),
        ("none before the first", NIGHTS, "2026-02-20T00:00", "2026-03-01T23:00", [("03-01T22:00", "03-02T06:00")]),
        ("on the clocks of its zone: an hour earlier once they were put forward", TUESDAYS, "2026-03-03T00:00", "2026-03-11T00:00",
         [("03-03T07:00", "03-03T09:00"), ("03-10T06:00", "03-10T08:00")]),
        ("hours pass: the night in which the clocks go forward ends at 7 by the clock", NIGHTS, "2026-03-28T20:00", "2026-03-29T04:00",
         [("03-28T22:00", "03-29T06:00")]),
        ("days are on the clock: one of 23 hours", recurring("FREQ=DAILY", "2026-03-28T00:00:00", DAY, "Europe/Lisbon"),
         "2026-03-29T12:00", "2026-03-29T13:00", [("03-29T00:00", "03-29T23:00")]),
        ("a start that the clocks jump over is the instant after", recurring("FREQ=DAILY", "2026-03-27T01:30:00", HOUR, "Europe/Lisbon"),
         "2026-03-29T00:00", "2026-03-29T12:00", [("03-29T01:00", "03-29T02:00")]),
        ("hourly, where two starts fall on one instant: once", recurring("FREQ=HOURLY", "2026-03-28T00:00:00", HOUR / 2, "Europe/Lisbon"),
         "2026-03-29T00:40", "2026-03-29T02:10", [("03-29T01:00", "03-29T01:30"), ("03-29T02:00", "03-29T02:30")]),
        ("COUNT", recurring("FREQ=DAILY;COUNT=2", "2026-03-01T09:00:00", HOUR), "2026-03-01T00:00", "2026-03-09T00:00",
         [("03-01T09:00", "03-01T10:00"), ("03-02T09:00", "03-02T10:00")]),
        ("UNTIL a day: that day as well", recurring("FREQ=DAILY;UNTIL=20260302", "2026-03-01T09:00:00", HOUR), "2026-03-01T00:00",
         "2026-03-09T00:00", [("03-01T09:00", "03-01T10:00"), ("03-02T09:00", "03-02T10:00")]),
        ("UNTIL an instant: that start as well", recurring("FREQ=DAILY;UNTIL=20260302T090000Z", "2026-03-01T09:00:00", HOUR),
         "2026-03-02T00:00", "2026-03-09T00:00", [("03-02T09:00", "03-02T10:00")]),
        ("UNTIL a time on the wall", recurring("FREQ=DAILY;UNTIL=20260302T085959", "2026-03-01T09:00:00", HOUR), "2026-03-02T00:00",
         "2026-03-09T00:00", []),
        ("until beside the rule", recurring("FREQ=DAILY", "2026-03-01T09:00:00", HOUR, until=at("2026-03-02T08:00")), "2026-03-01T00:00",
         "2026-03-09T00:00", [("03-01T09:00", "03-01T10:00")]),
        ("COUNT and UNTIL: the earlier one", recurring("FREQ=DAILY;COUNT=9;UNTIL=20260301", "2026-03-01T09:00:00", HOUR),
         "2026-03-01T00:00", "2026-03-09T00:00", [("03-01T09:00", "03-01T10:00")]),
        ("the second Sunday of a month", recurring("FREQ=MONTHLY;BYDAY=2SU", "2026-01-01T03:00:00", HOUR), "2026-03-01T00:00",
         "2026-05-01T00:00", [("03-08T03:00", "03-08T04:00"), ("04-12T03:00", "04-12T04:00")]),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)  # fmt: skip
def test_when_a_window_is(what: str, plan: Plan, since: str, until: str, expected: list[tuple[str, str]]) -> None:
    assert spans(window(plan), since, until) == expected, what


def test_only_the_occurrence_that_was_ended_early_ends_early() -> None:
    ended = window(NIGHTS, ended=(at("2026-03-02T01:00"), at("2026-03-02T03:00")))
    assert spans(ended, "2026-03-01T12:00", "2026-03-03T12:00") == [("03-01T22:00", "03-02T01:00"), ("03-02T22:00", "03-03T06:00")]
    assert occurrence_at(ended, at("2026-03-02T01:00")) is None
    assert spans(window(NIGHTS, ended=(at("2026-03-01T22:00"),)), "2026-03-01T12:00", "2026-03-02T12:00") == []


def test_the_next_occurrence_is_found_however_far_it_is() -> None:
    leap = window(recurring("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU", "2026-01-01T03:00:00", HOUR))
    found = next_occurrence(leap, after=NOW)
    assert found is not None
    assert found.start == at("2032-02-29T03:00")
    assert running_or_next(window(once()), now=NOW + 2 * HOUR) is None


@given(
    hours=st.integers(0, 24 * 800),
    rule=st.sampled_from(
        ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=HOURLY;INTERVAL=5", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=DAILY;COUNT=40"]
    ),
    zone=st.sampled_from(["UTC", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]),
)
def test_what_runs_and_what_comes_next_is_what_the_span_says(hours: int, rule: str, zone: str) -> None:
    timetable, now = window(recurring(rule, "2026-01-31T02:30:00", 4 * HOUR, zone)), at("2026-01-01T00:00") + timedelta(hours=hours)
    span = occurrences(timetable, since=now, until=now + 70 * DAY)
    assert occurrence_at(timetable, now) == next((one for one in span if one.start <= now < one.end), None)
    following = next_occurrence(timetable, after=now)
    assert (following if following and following.start < now + 70 * DAY else None) == next((one for one in span if one.start > now), None)
    assert all(one.start < one.end for one in span)
    assert all(one.end <= two.start for one, two in pairwise(span))


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (recurring("FREQ=DAILY", "2026-03-01T09:00:00", 25 * HOUR), "overlap: the one of 2026-03-01 09:00"),
        (recurring("FREQ=MONTHLY;BYMONTHDAY=1,31", "2026-03-01T09:00:00", 2 * DAY), "overlap: the one of 2026-03-31 09:00"),
        (recurring("FREQ=DAILY;BYHOUR=1,2", "2026-03-01T01:00:00", 2 * HOUR), "overlap"),
        (recurring("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-03-01T09:00:00", HOUR), "no occurrence at all"),
        (recurring("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "2026-03-01T09:00:00", HOUR), "no occurrence at all"),
        (recurring("FREQ=DAILY;UNTIL=20260101", "2026-03-01T09:00:00", HOUR), "no occurrence at all"),
        (recurring("FREQ=DAILY;COUNT=2", "2026-02-01T09:00:00", HOUR), "All occurrences of this window are over"),
        (recurring("FREQ=DAILY;UNTIL=20260301", "2026-02-01T09:00:00", HOUR), "All occurrences of this window are over"),
        (recurring("FREQ=DAILY", "2026-02-01T09:00:00", HOUR, until=NOW - DAY), "All occurrences of this window are over"),
        (once(NOW - HOUR, NOW), "over already"),
    ],
)  # fmt: skip
def test_a_window_that_cannot_be_says_why(plan: Plan, says: str) -> None:
    with pytest.raises(BadWindow) as refused:
        check_window(window(plan, services=(WEB,)), confirmed=False, now=NOW)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("rrule", "says"),
    [
        ("", "no recurrence rule of RFC 5545"),
        ("every tuesday", "no recurrence rule of RFC 5545"),
        ("FREQ=FORTNIGHTLY", "no recurrence rule of RFC 5545"),
        ("FREQ=DAILY;BYDAY=XX", "no recurrence rule of RFC 5545"),
        ("FREQ=MINUTELY", "hourly at most"),
        ("FREQ=SECONDLY", "hourly at most"),
        ("FREQ=DAILY;BYMINUTE=0,30", "hourly at most"),
        ("FREQ=DAILY;BYWEEKNO=3", "BYWEEKNO, which is not supported"),
        ("FREQ=DAILY;INTERVAL=0", "the interval 0"),
        ("FREQ=DAILY;COUNT=0", "COUNT must be from 1 to 1,000"),
        ("FREQ=DAILY;COUNT=-1", "COUNT must be from 1 to 1,000"),
        ("FREQ=DAILY;COUNT=100000", "COUNT must be from 1 to 1,000"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=500", "takes too long to work out to its COUNT"),
    ],
)
def test_a_rule_that_cannot_be_used_says_why(rrule: str, says: str) -> None:
    with pytest.raises(BadWindow) as refused:
        window(recurring(rrule, "2026-03-01T09:00:00", HOUR))
    assert says in str(refused.value)


@given(
    st.lists(
        st.sampled_from(
            [
                "FREQ=DAILY",
                "FREQ=YEARLY",
                "freq=hourly",
                "COUNT=3",
                "COUNT=x",
                "UNTIL=2026",
                "UNTIL=20260401",
                "UNTIL=20260401T000000Z",
                "BYDAY=-9SU",
                "BYDAY=",
                "BYMONTH=2",
                "BYMONTHDAY=30,-31",
                "BYSETPOS=-1",
                "BYHOUR=0,25",
                "BYHOUR=3",
                "INTERVAL=99999999999",
                "INTERVAL=-1",
                "WKST=XX",
                "=",
                ";",
            ]
        ),
        max_size=5,
    ).map(";".join)
    | st.text(max_size=40)
)
def test_whatever_is_written_as_a_rule_is_taken_or_refused_in_a_sentence(rrule: str) -> None:
    said = refusal(rrule)
    assert said == "" or said.endswith(".")


def refusal(rrule: str) -> str:
    try:
        check_window(window(recurring(rrule, "2026-03-01T09:00:00", HOUR), services=(WEB,)), confirmed=False, now=NOW)
    except BadWindow as bad:
        return str(bad)
    return ""


def test_a_day_that_touches_the_next_does_not_overlap_it_when_clocks_change() -> None:
    whole = window(recurring("FREQ=DAILY;COUNT=90", "2026-03-01T00:00:00", DAY, "Europe/Lisbon"), services=(WEB,))
    check_window(whole, confirmed=False, now=NOW)
    assert datetime.fromisoformat("2026-03-29T23:00:00+00:00") in {one.end for one in occurrences(whole, since=NOW, until=NOW + 60 * DAY)}
