from datetime import UTC, datetime, timedelta, timezone

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.building import at

from oncall.schedules.adapters.calendar_in import read_calendar
from oncall.schedules.adapters.calendar_out import write_calendar
from oncall.schedules.values.calendars import Entry

STAMP = at("2026-11-25 12:00")


def entry(summary: str = "On call: Payments", description: str = "", *, uid: str = "1@oncall", cancelled: bool = False) -> Entry:
    start = at("2026-12-01 09:00")
    return Entry(uid, start, start + timedelta(days=7), summary, description, cancelled=cancelled, sequence=3, changed_at=at("2026-11-20"))


def test_a_calendar_is_written_like_this() -> None:
    written = write_calendar("Payments", [entry(description="Layer: weekly\nCovers for Ana")], stamp=STAMP)
    assert written.decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//oncall//schedules//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Payments",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "BEGIN:VEVENT",
        "UID:1@oncall",
        "DTSTAMP:20261125T120000Z",
        "LAST-MODIFIED:20261120T000000Z",
        "SEQUENCE:3",
        "DTSTART:20261201T090000Z",
        "DTEND:20261208T090000Z",
        "SUMMARY:On call: Payments",
        "DESCRIPTION:Layer: weekly\\nCovers for Ana",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_what_is_cancelled_takes_nobodys_time() -> None:
    written = write_calendar("Payments", [entry(cancelled=True)], stamp=STAMP)
    assert b"\r\nSTATUS:CANCELLED\r\nTRANSP:TRANSPARENT\r\n" in written


def test_an_empty_calendar_is_a_calendar() -> None:
    assert icalendar.Calendar.from_ical(write_calendar("Payments", [], stamp=STAMP)).events == []


def test_times_of_any_zone_are_written_in_utc() -> None:
    shift = Entry("1", *(datetime(2026, 12, day, 9, tzinfo=timezone(timedelta(hours=2))) for day in (1, 2)), "", "", changed_at=STAMP)
    assert b"\r\nDTSTART:20261201T070000Z\r\nDTEND:20261202T070000Z\r\n" in write_calendar("", [shift], stamp=STAMP)


@pytest.mark.parametrize(
    ("what", "name", "written"),
    [
        ("signs that mean something in a calendar", "a;b,c\\d:e", "a\\;b\\,c\\\\d:e"),
        ("letters after a backslash", "C:\\New", "C:\\\\New"),
        ("a line break, whatever a reader takes for one", "a\nb\rc\r\nd\u2028e\x85f", "a\\nb\\nc\\nd\\ne\\nf"),
        ("control characters are left out", "a\x00b\x07c\x7f", "abc"),
        ("half a character is left out", "a\ud83db", "ab"),
        ("a tab is a character", "a\tb", "a\tb"),
    ],
)
def test_a_name_may_hold_anything(what: str, name: str, written: str) -> None:
    lines = write_calendar(name, [], stamp=STAMP).decode().split("\r\n")
    assert f"X-WR-CALNAME:{written}" in lines, what


NAMES = st.text(st.characters(exclude_categories=()), max_size=200)
STORED = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200).map(str.strip)


@given(name=NAMES, summary=NAMES, description=NAMES)
def test_lines_are_short_and_hold_nothing_that_the_rfc_forbids(name: str, summary: str, description: str) -> None:
    written = write_calendar(name, [entry(summary, description)], stamp=STAMP)
    lines = written.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert not any(byte < 32 and byte != 9 for line in lines for byte in line)
    for line in lines:
        line.decode()  # no character is parted by a fold


@given(name=NAMES, summary=NAMES, description=NAMES)
def test_icalendar_reads_what_we_write(name: str, summary: str, description: str) -> None:
    read = icalendar.Calendar.from_ical(write_calendar(name, [entry(summary, description)], stamp=STAMP))
    assert [(event["UID"], event.start, event.end, event["SEQUENCE"]) for event in read.events] == [
        ("1@oncall", at("2026-12-01 09:00"), at("2026-12-08 09:00"), 3)
    ]
    assert not read.events[0].errors


@given(shifts=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 10_000), STORED), max_size=10))
def test_what_we_write_we_read_again(shifts: list[tuple[int, int, str]]) -> None:
    begin = at("2026-12-01")
    entries = [
        Entry(f"{i}@oncall", begin + timedelta(minutes=start), begin + timedelta(minutes=start + length), summary, "", changed_at=STAMP)
        for i, (start, length, summary) in enumerate(shifts)
    ]
    written = write_calendar("Payments", entries, stamp=STAMP)
    read = read_calendar(written, zone="Europe/Lisbon", since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2028, 1, 1, tzinfo=UTC))
    assert sorted((one.uid, one.start, one.end, one.summary) for one in read.busy) == sorted(
        (one.uid, one.start, one.end, one.summary) for one in entries
    )
    assert read.skipped == ()


def test_who_reads_what_was_cancelled_finds_it_free() -> None:
    written = write_calendar("Payments", [entry(cancelled=True)], stamp=STAMP)
    assert read_calendar(written, zone="UTC", since=at("2026-01-01"), until=at("2027-01-01")).busy == ()
