import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.building import at
from tests.schedules.calendars import LATER, NINE, OUTLOOK, SINCE, UNTIL, WEEKLY, event, file, observance, read, zone

from oncall.schedules.values.calendars import BadCalendar

ONE = file(*event(*NINE))


@pytest.mark.parametrize(
    ("what", "content", "sentence"),
    [
        ("nothing", b"", "does not begin with BEGIN:VCALENDAR"),
        ("a log-in page", b"\n<!DOCTYPE html><html><title>Sign in</title>", "a web page and no calendar; its address may lead to a log-in"),
        ("something else", b"BEGIN:VCARD\r\nEND:VCARD\r\n", "does not begin with BEGIN:VCALENDAR"),
        ("zeros", b"\x00" * 1000, "does not begin with BEGIN:VCALENDAR"),
        ("cut off", ONE[:-17], "cut off: END:VCALENDAR is missing"),
        ("cut off within an event", ONE[:120], "cut off"),
        ("wrongly nested", ONE.replace(b"END:VEVENT\r\n", b""), "END:VCALENDAR without its BEGIN"),
        ("one end too many", ONE + b"END:VCALENDAR\r\n", "END:VCALENDAR without its BEGIN"),
        ("too large", file("X:" + "x" * 1024 * 1024), "larger than 1 MB"),
        ("too many events", file(*["BEGIN:VEVENT\r\nEND:VEVENT"] * 5_001), "5,001 events; 5,000 are read at most"),
        ("too many occurrences", file(*(line for uid in range(14) for line in event(*NINE, "RRULE:FREQ=HOURLY", uid=str(uid)))),
         "more than 10,000 occurrences from 2026-12-01 to 2027-02-01"),
    ],
)  # fmt: skip
def test_what_is_refused(what: str, content: bytes, sentence: str) -> None:
    with pytest.raises(BadCalendar, match=sentence):
        read(content, until=at("2027-02-01"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """A hard limit: what hangs fails."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"it took more than {seconds} s")

    former = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


AGES_AGO = ("DTSTART;TZID=Europe/Berlin:00010101T090000", "DURATION:PT1H")
CITIES = ("Asia/Tokyo", "Europe/Rome", "Africa/Cairo", "Asia/Kabul", "America/Lima", "America/Bogota", "Asia/Dili", "Asia/Seoul")
HOURLY_AT_MOST = "repeats more often than hourly"
TOO_LONG = "take too long"


def many(count: int, *lines: str) -> bytes:
    """The same event under many UIDs."""
    return file(*(line for uid in range(count) for line in event(*lines, uid=str(uid))))


def many_in(tzid: str, definition: list[str]) -> bytes:
    """A thousand years, each with a time in a zone of the calendar's own."""
    times = (event(f"DTSTART;TZID={tzid}:{year}0101T000000", "DURATION:P9999D", uid=str(year)) for year in range(2000, 3000))
    return file(*zone(tzid, *definition), *(line for lines in times for line in lines))


@pytest.mark.soak
@pytest.mark.parametrize(
    ("what", "content", "ends"),
    [
        ("every second", many(1, *NINE, "RRULE:FREQ=SECONDLY"), HOURLY_AT_MOST),
        ("every minute, in small letters", many(1, *NINE, "rrule:freq=minutely;count=1"), HOURLY_AT_MOST),
        ("every second of some minute", many(1, *NINE, "RRULE:FREQ=YEARLY;BYSECOND=" + ",".join(map(str, range(60)))), HOURLY_AT_MOST),
        ("every minute of some hour", many(1, *NINE, "RRULE:FREQ=HOURLY;BYMINUTE=0,30"), HOURLY_AT_MOST),
        ("every hour for ages", many(1, *AGES_AGO, "RRULE:FREQ=HOURLY"), 744),
        ("a billion times", many(1, *AGES_AGO, "RRULE:FREQ=HOURLY;COUNT=999999999"), 744),
        ("a billion times, to be counted", many(1, *AGES_AGO, "RRULE:FREQ=HOURLY;COUNT=999999999;BYHOUR=9"), TOO_LONG),
        ("a billion times at every hour", many(1, *AGES_AGO, f"RRULE:FREQ=DAILY;COUNT=999999999;BYHOUR={','.join(map(str, range(24)))}"),
         TOO_LONG),
        ("until the last year there is", many(1, *NINE, "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z"), 25),
        ("on a day that never comes", many(3_000, *AGES_AGO, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), 0),
        ("at an hour that is never met", many(1, *AGES_AGO, "RRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=2"), 0),
        ("never, but to be counted", many(1, *AGES_AGO, "RRULE:FREQ=DAILY;COUNT=9;BYMONTH=2;BYMONTHDAY=30"), TOO_LONG),
        ("in steps of nothing", many(1, *NINE, "RRULE:FREQ=MONTHLY;INTERVAL=0;BYDAY=MO;BYMONTHDAY=1"), 0),
        ("in steps beyond every year", many(1, *AGES_AGO, "RRULE:FREQ=WEEKLY;INTERVAL=999999999"), 0),
        ("a number of a million digits", many(1, *NINE, "RRULE:FREQ=DAILY;COUNT=" + "9" * 1_000_000), 0),
        ("a list of half a million", many(1, *NINE, "RRULE:FREQ=MONTHLY;BYDAY=" + ",".join(["1MO"] * 200_000)), 1),
        ("thousands of rules", many(1, *NINE, *["RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"] * 20_000), TOO_LONG),
        ("each of thousands for ages", many(5_000, *AGES_AGO, "RRULE:FREQ=DAILY;BYDAY=MO"), "more than 10,000 occurrences"),
        ("a flood of dates", many(1, *NINE, "RDATE:" + ",".join(["20261208T090000"] * 60_000)), 2),
        ("a flood of different dates", many(1, *NINE, "RDATE:" + ",".join(f"202612{i % 31 + 1:02}T{i % 24:02}{i % 59:02}{i % 53:02}"
                                                                         for i in range(60_000))), "more than 10,000 occurrences"),
        ("dates of all times and zones that are left out",
         many(1, *WEEKLY, *(f"EXDATE;TZID={city}:{year:04}0101T000000" for year in range(1, 9000, 5) for city in CITIES)), TOO_LONG),
        ("changes of every occurrence",
         file(*(line for i in range(4_900) for line in event(*NINE, f"RECURRENCE-ID:2026{i % 12 + 1:02}{i % 28 + 1:02}T{i % 24:02}0000Z"))),
         1),
        ("a zone that changes every second",
         many_in("X", observance("STANDARD", "19700101T000000", "+0100", "+0200", "RRULE:FREQ=SECONDLY")), HOURLY_AT_MOST),
        ("a zone that changes thousands of times a year", many_in("X", [line for i in range(3_000) for line in observance(
            "DAYLIGHT", f"0001{i % 12 + 1:02}{i % 28 + 1:02}T000000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU")]), TOO_LONG),
        ("a zone with a flood of dates", many_in("X", observance("STANDARD", "19700101T000000", "+0100", "+0200", "RDATE:" + ",".join(
            f"{1900 + i % 99}0101T000000" for i in range(40_000)))), TOO_LONG),
        ("a zone by a name that is none, thousands of times", many(5_000, "DTSTART;TZID=X/Y/Z:20261207T090000", "DURATION:PT1H"), 0),
        ("nested without end", b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 90_000, "nested more than 7 deep"),
        ("nothing but folds", b"BEGIN:VCALENDAR" + b"\r\n " * 300_000, "cut off"),
        ("nothing but line ends", b"BEGIN:VCALENDAR" + b"\r\n" * 500_000, "cut off"),
        ("one line of a megabyte", many(1, *NINE, "SUMMARY:" + "\\n" * 500_000), 1),
        ("a line of parameters", many(1, "DTSTART;" + "X=1;" * 200_000 + "Y=1:20261207T090000", "DURATION:PT1H"), 1),
        ("a line of blanks", many(1, "DTSTART;X=" + " " * 900_000 + ":20261207T090000", "DURATION:PT1H"), 1),
        ("a crowd at every hour", many(1, *NINE, "RRULE:FREQ=HOURLY", *(f"ATTENDEE:mailto:{i}@x" for i in range(30_000))), 592),
    ],
)  # fmt: skip
def test_no_calendar_takes_long(what: str, content: bytes, ends: int | str) -> None:
    assert len(content) <= 1024 * 1024
    with within(10):
        try:
            found: int | str = len(read(content).busy)
        except BadCalendar as refused:
            found = str(refused)
    assert found == ends if isinstance(ends, int) else ends in str(found), what


def test_what_is_long_is_cut() -> None:
    people = (f"ATTENDEE:mailto:{i}@example.org" for i in range(200))
    (busy,) = read(many(1, *NINE, "SUMMARY:" + "x" * 2_000, *people)).busy
    assert (len(busy.summary), len(busy.people)) == (1_000, 100)


def test_a_large_calendar_that_means_no_harm_is_read() -> None:
    often = many(150, *AGES_AGO, "RRULE:FREQ=WEEKLY;BYDAY=MO,FR")
    births = (f"DTSTART;VALUE=DATE:1980{i % 12 + 1:02}{i % 28 + 1:02}" for i in range(4_500))
    birthdays = file(*(line for i, birth in enumerate(births) for line in event(birth, "RRULE:FREQ=YEARLY", uid=str(i))))
    with within(10):
        assert len(read(often).busy) == 150 * 8
        assert len(read(birthdays, zone="UTC").busy) == 4_500 / 12


PIECES = st.sampled_from([*map(str.encode, ("\r\n", "BEGIN:VEVENT\r\n", "END:VEVENT\r\n", "RRULE:", ";", ":", ",", '"', "\\", "9" * 30))])


@given(cuts=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40), PIECES | st.binary(max_size=20)), max_size=6))
def test_a_damaged_calendar_is_read_or_refused(cuts: list[tuple[int, int, bytes]]) -> None:
    content = file(*zone("Mine", *OUTLOOK), *event(*WEEKLY, "EXDATE:20261214T080000Z"), *event(*LATER, "RECURRENCE-ID:20261207T080000Z"))
    for start, length, piece in cuts:
        content = content[:start] + piece + content[start + length :]
    try:
        busy = read(content).busy
    except BadCalendar:
        return
    assert all(one.start < one.end and one.start < UNTIL and one.end > SINCE and one.start.tzinfo is UTC for one in busy)
