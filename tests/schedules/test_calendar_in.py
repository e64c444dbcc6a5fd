from datetime import timedelta

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.building import at
from tests.schedules.calendars import LATER, NINE, OUTLOOK, SINCE, UNTIL, WEEKLY, event, file, observance, read, zone

from oncall.kit.zones import UnknownZone
from oncall.schedules.values.calendars import Busy, BusyStatus, Calendar


def shown(calendar: Calendar) -> list[str]:
    """Start and end in UTC; of an end on the same day only the time."""
    ends = (f"{one.end:%H:%M}" if one.start.date() == one.end.date() else f"{one.end:%m-%d %H:%M}" for one in calendar.busy)
    return [f"{one.start:%m-%d %H:%M} {end}" for one, end in zip(calendar.busy, ends, strict=True)]


@pytest.mark.parametrize(
    ("what", "lines", "expected"),
    [
        ("times in UTC", ["DTSTART:20261207T090000Z", "DTEND:20261207T100000Z"], ["12-07 09:00 10:00"]),
        ("times in a zone", NINE, ["12-07 08:00 09:00"]),
        ("times without a zone are in the calendar's", ["DTSTART:20261207T090000", "DTEND:20261207T100000"], ["12-07 08:00 09:00"]),
        ("from one zone to another", ["DTSTART;TZID=Europe/Berlin:20261207T090000", "DTEND;TZID=America/New_York:20261207T090000"],
         ["12-07 08:00 14:00"]),
        ("a length instead of an end", ["DTSTART:20261207T090000Z", "DURATION:PT1H30M"], ["12-07 09:00 10:30"]),
        ("a day is from midnight to midnight", ["DTSTART;VALUE=DATE:20261207", "DTEND;VALUE=DATE:20261209"], ["12-06 23:00 12-08 23:00"]),
        ("a day without an end is one day", ["DTSTART;VALUE=DATE:20261207"], ["12-06 23:00 12-07 23:00"]),
        ("a day that ends with itself is one day", ["DTSTART;VALUE=DATE:20261207", "DTEND;VALUE=DATE:20261207"],
         ["12-06 23:00 12-07 23:00"]),
        ("days as a length", ["DTSTART;VALUE=DATE:20261207", "DURATION:P1W"], ["12-06 23:00 12-13 23:00"]),
        ("what began before is shown whole", ["DTSTART:20261120T000000Z", "DTEND:20261202T000000Z"], ["11-20 00:00 12-02 00:00"]),
        ("what ends when the span begins is outside", ["DTSTART:20261130T000000Z", "DTEND:20261201T000000Z"], []),
        ("what begins when the span ends is outside", ["DTSTART:20270101T000000Z", "DTEND:20270102T000000Z"], []),
        ("cancelled", [*NINE, "STATUS:CANCELLED"], []),
        ("shown as free", [*NINE, "TRANSP:TRANSPARENT"], []),
        ("the last day there is", ["DTSTART:20261207T090000Z", "DTEND;TZID=Pacific/Honolulu:99991231T235959"], ["12-07 09:00 12-29 00:00"]),
    ],
)  # fmt: skip
def test_one_event(what: str, lines: list[str], expected: list[str]) -> None:
    assert shown(read(file(*event(*lines)))) == expected, what


@pytest.mark.parametrize(
    ("what", "lines", "expected"),
    [
        ("every week", WEEKLY, ["12-07 08:00 09:00", "12-14 08:00 09:00", "12-21 08:00 09:00", "12-28 08:00 09:00"]),
        ("so many times", [*NINE, "RRULE:FREQ=DAILY;COUNT=2"], ["12-07 08:00 09:00", "12-08 08:00 09:00"]),
        ("COUNT=-1, as some write no end", [*NINE, "RRULE:FREQ=WEEKLY;COUNT=-1;INTERVAL=2"], ["12-07 08:00 09:00", "12-21 08:00 09:00"]),
        ("until a time", [*NINE, "RRULE:FREQ=DAILY;UNTIL=20261208T080000Z"], ["12-07 08:00 09:00", "12-08 08:00 09:00"]),
        ("until just before", [*NINE, "RRULE:FREQ=DAILY;UNTIL=20261208T075959Z"], ["12-07 08:00 09:00"]),
        ("until a day, which is the last", [*NINE, "RRULE:FREQ=DAILY;UNTIL=20261208"], ["12-07 08:00 09:00", "12-08 08:00 09:00"]),
        ("days, until a midnight in UTC", ["DTSTART;VALUE=DATE:20261207", "RRULE:FREQ=DAILY;UNTIL=20261207T230000Z"],
         ["12-06 23:00 12-07 23:00", "12-07 23:00 12-08 23:00"]),
        ("the first start counts although the rule has it not", [*NINE, "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261215"],
         ["12-07 08:00 09:00", "12-08 08:00 09:00", "12-15 08:00 09:00"]),
        ("two rules", [*NINE, "RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=WEEKLY;COUNT=2"],
         ["12-07 08:00 09:00", "12-08 08:00 09:00", "12-14 08:00 09:00"]),
        ("without some", [*WEEKLY, "EXDATE;TZID=Europe/Berlin:20261207T090000,20261214T090000", "EXDATE:20261228T080000Z"],
         ["12-21 08:00 09:00"]),
        ("without those of a day", [*WEEKLY, "EXDATE;VALUE=DATE:20261214,20261221"], ["12-07 08:00 09:00", "12-28 08:00 09:00"]),
        ("days without some", ["DTSTART;VALUE=DATE:20261207", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20261207T000000Z"],
         ["12-07 23:00 12-08 23:00"]),
        ("and some more", [*NINE, "RDATE;TZID=Europe/Berlin:20261209T120000,20261210T120000"],
         ["12-07 08:00 09:00", "12-09 11:00 12:00", "12-10 11:00 12:00"]),
        ("one more, of another length", [*NINE, "RDATE;VALUE=PERIOD:20261209T120000Z/PT2H,20261210T120000Z/20261210T150000Z"],
         ["12-07 08:00 09:00", "12-09 12:00 14:00", "12-10 12:00 15:00"]),
        ("long ones that began before the span", ["DTSTART:20261101T000000Z", "DTEND:20261111T000000Z", "RRULE:FREQ=WEEKLY;COUNT=5"],
         ["11-22 00:00 12-02 00:00", "11-29 00:00 12-09 00:00"]),
    ],
)  # fmt: skip
def test_a_repeated_event(what: str, lines: list[str], expected: list[str]) -> None:
    assert shown(read(file(*event(*lines)))) == expected, what


@pytest.mark.parametrize(
    ("what", "others", "expected"),
    [
        ("moved", event(*LATER, "RECURRENCE-ID;TZID=Europe/Berlin:20261214T090000"), ["12-07 08:00", "12-14 14:00", "12-21 08:00"]),
        ("moved, said in UTC", event(*LATER, "RECURRENCE-ID:20261214T080000Z"), ["12-07 08:00", "12-14 14:00", "12-21 08:00"]),
        ("moved, said by its day", event(*LATER, "RECURRENCE-ID;VALUE=DATE:20261214"), ["12-07 08:00", "12-14 14:00", "12-21 08:00"]),
        ("cancelled", event(*LATER, "RECURRENCE-ID:20261214T080000Z", "STATUS:CANCELLED"), ["12-07 08:00", "12-21 08:00"]),
        ("free", event(*LATER, "RECURRENCE-ID:20261214T080000Z", "TRANSP:TRANSPARENT"), ["12-07 08:00", "12-21 08:00"]),
        ("moved twice: the later edition counts",
         [*event(*LATER, "RECURRENCE-ID:20261214T080000Z", "SEQUENCE:2"), *event(*NINE, "RECURRENCE-ID:20261214T080000Z", "SEQUENCE:1")],
         ["12-07 08:00", "12-14 14:00", "12-21 08:00"]),
        ("of one that is not in the rule: it is there all the same", event(*LATER, "RECURRENCE-ID:20261215T080000Z"),
         ["12-07 08:00", "12-14 08:00", "12-14 14:00", "12-21 08:00"]),
    ],
)  # fmt: skip
def test_one_occurrence_was_changed(what: str, others: list[str], expected: list[str]) -> None:
    series = event(*NINE, "RRULE:FREQ=WEEKLY;COUNT=3")
    for content in (file(*series, *others), file(*others, *series)):
        assert [f"{one.start:%m-%d %H:%M}" for one in read(content).busy] == expected, what


def test_a_change_that_moves_into_the_span_is_found_without_its_series() -> None:
    assert shown(read(file(*event(*LATER, "RECURRENCE-ID:20261114T080000Z")))) == ["12-14 14:00 15:00"]


def test_a_change_of_all_later_ones_is_said_to_be_taken_for_one() -> None:
    calendar = read(file(*event(*WEEKLY), *event(*LATER, "RECURRENCE-ID;RANGE=THISANDFUTURE:20261214T080000Z")))
    assert [f"{one.start:%m-%d %H:%M}" for one in calendar.busy] == ["12-07 08:00", "12-14 14:00", "12-21 08:00", "12-28 08:00"]
    assert calendar.skipped == ("“Ana”: it changes all later ones too, which is not supported; only one is changed.",)


def test_a_later_edition_of_an_event_takes_the_place_of_the_earlier_one() -> None:
    assert shown(read(file(*event(*NINE, "SEQUENCE:1"), *event(*LATER, "SEQUENCE:2"), *event(*NINE)))) == ["12-14 14:00 15:00"]
    assert shown(read(file(*event(*NINE, "SEQUENCE:1"), *event(*NINE, "SEQUENCE:2", "STATUS:CANCELLED")))) == []


def test_events_that_share_a_uid_by_mistake_are_all_there() -> None:
    assert shown(read(file(*event(*NINE), *event(*LATER), *event(*LATER)))) == ["12-07 08:00 09:00", "12-14 14:00 15:00"]
    assert len(read(file(*event(*NINE, uid=""), *event(*LATER, uid=""))).busy) == 2


@pytest.mark.parametrize(
    ("what", "lines", "expected"),
    [
        ("nine in the morning stays nine in the morning", ["DTSTART;TZID=Europe/Berlin:20260328T090000", "DURATION:PT1H"],
         ["03-28 08:00 09:00", "03-29 07:00 08:00"]),
        ("in UTC nothing moves", ["DTSTART:20260328T080000Z", "DURATION:PT1H"], ["03-28 08:00 09:00", "03-29 08:00 09:00"]),
        ("a day may have 23 hours", ["DTSTART;VALUE=DATE:20260328"], ["03-27 23:00 03-28 23:00", "03-28 23:00 03-29 22:00"]),
        ("from nine to nine may be 23 hours", ["DTSTART;TZID=Europe/Berlin:20260328T090000", "DTEND;TZID=Europe/Berlin:20260329T090000"],
         ["03-28 08:00 03-29 07:00", "03-29 07:00 03-30 07:00"]),
        ("one day may be 23 hours", ["DTSTART;TZID=Europe/Berlin:20260328T090000", "DURATION:P1D"],
         ["03-28 08:00 03-29 07:00", "03-29 07:00 03-30 07:00"]),
        ("24 hours are 24 hours", ["DTSTART;TZID=Europe/Berlin:20260328T090000", "DURATION:PT24H"],
         ["03-28 08:00 03-29 08:00", "03-29 07:00 03-30 07:00"]),
        ("a time that is skipped is the first after the gap", ["DTSTART;TZID=Europe/Berlin:20260328T023000", "DURATION:PT1H"],
         ["03-28 01:30 02:30", "03-29 01:00 02:00"]),
        ("what is wholly skipped is not there", ["DTSTART;TZID=Europe/Berlin:20260328T021500", "DTEND;TZID=Europe/Berlin:20260328T024500"],
         ["03-28 01:15 01:45"]),
    ],
)  # fmt: skip
def test_when_clocks_change(what: str, lines: list[str], expected: list[str]) -> None:
    repeated = file(*event(*lines, "RRULE:FREQ=DAILY;COUNT=2"))
    assert shown(read(repeated, since=at("2026-03-01"), until=at("2026-04-01"))) == expected, what


UNTIL_2025 = [
    *observance("DAYLIGHT", "19810329T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3;UNTIL=20250330T010000Z"),
    *observance("STANDARD", "19961027T030000", "+0200", "+0100", "RDATE:20251026T030000"),
]


@pytest.mark.parametrize(
    ("what", "tzid", "definition", "winter", "summer"),
    [
        ("a name of the database", "America/New_York", [], "14:00", "13:00"),
        ("Windows' name", "W. Europe Standard Time", [], "08:00", "07:00"),
        ("behind a vendor's prefix", "/freeassociation.sourceforge.net/America/Argentina/Buenos_Aires", [], "12:00", "12:00"),
        ("in quotes", '"Europe/Lisbon"', [], "09:00", "08:00"),
        ("a known name is not redefined", "W. Europe Standard Time", observance("STANDARD", "19700101T000000", "+1100", "+1100"),
         "08:00", "07:00"),
        ("a name of its own", '"(UTC+01:00) Amsterdam, Berlin"', OUTLOOK, "08:00", "07:00"),
        ("a name of its own, in no quotes", "(UTC+01.00) Amsterdam, Berlin", OUTLOOK, "08:00", "07:00"),
        ("a name of its own, where it is", "Customized", ["X-LIC-LOCATION:Asia/Tokyo"], "00:00", "00:00"),
        ("always the same", "Customized", observance("STANDARD", "19700101T000000", "+0530", "+0530"), "03:30", "03:30"),
        ("only from a time on", "Customized", observance("STANDARD", "20300101T000000", "+0300", "+0400"), "06:00", "06:00"),
        ("no summer any more", "Customized", UNTIL_2025, "08:00", "08:00"),
    ],
)  # fmt: skip
def test_the_zone_of_a_time(what: str, tzid: str, definition: list[str], winter: str, summer: str) -> None:
    times = [event(f"DTSTART;TZID={tzid}:2026{day}T090000", "DURATION:PT1H", uid=day) for day in ("1207", "0706")]
    defined = zone(tzid.strip('"').replace(",", "\\,"), *definition) if definition else []
    for content in (file(*defined, *times[0], *times[1]), file(*times[0], *times[1], *defined)):
        busy = read(content, since=at("2026-01-01")).busy
        assert [f"{one.start:%H:%M}" for one in busy] == [summer, winter], what


def test_a_calendars_own_zone_skips_and_repeats_hours_too() -> None:
    times = [event(f"DTSTART;TZID=Mine:2026{start}", "DURATION:PT1H", uid=start) for start in ("0329T023000", "1025T023000", "1025T033000")]
    busy = read(file(*zone("Mine", *OUTLOOK), *times[0], *times[1], *times[2]), since=at("2026-01-01")).busy
    assert [f"{one.start:%m-%d %H:%M}" for one in busy] == ["03-29 01:00", "10-25 00:30", "10-25 02:30"]


def test_what_one_calendar_defines_does_not_count_in_another() -> None:
    mine = event("DTSTART;TZID=Mine:20261207T090000", "DURATION:PT1H")
    assert read(file(*zone("Mine", *OUTLOOK), *mine)).busy
    unknown = Calendar((), ("“Ana”: its time zone “Mine” is not known.",))
    assert read(file(*mine)) == unknown
    assert read(file(*zone("Mine", *observance("STANDARD", "19700101T000000", "early", "late")), *mine)) == unknown


@pytest.mark.parametrize(
    ("what", "head", "expected"),
    [
        ("the calendar's own zone counts", ["X-WR-TIMEZONE:America/New_York"], "12-07 05:00"),
        ("by Windows' name too", ["X-WR-TIMEZONE:Eastern Standard Time"], "12-07 05:00"),
        ("one that is none does not", ["X-WR-TIMEZONE:Atlantis"], "12-06 15:00"),
        ("without one it is that of the reader", [], "12-06 15:00"),
    ],
)
def test_whose_midnight_counts(what: str, head: list[str], expected: str) -> None:
    busy = read(file(*head, *event("DTSTART;VALUE=DATE:20261207")), zone="Asia/Tokyo").busy
    assert [f"{one.start:%m-%d %H:%M}" for one in busy] == [expected], what


def test_the_readers_zone_must_be_one() -> None:
    with pytest.raises(UnknownZone):
        read(file(), zone="Atlantis")


@pytest.mark.parametrize(
    ("what", "lines", "expected"),
    [
        ("addresses of those invited", ["ATTENDEE;CN=Ana:mailto:ana@example.org", "ATTENDEE:MAILTO:bob@example.org"],
         ("ana@example.org", "bob@example.org")),
        ("a name where there is no address", ['ATTENDEE;CN="Silva, Ana":invalid:nomail'], ("Silva, Ana",)),
        ("an address beside it", ["ATTENDEE;CN=Ana;EMAIL=ana@example.org:urn:uuid:1"], ("ana@example.org",)),
        ("each once", ["ATTENDEE:mailto:ana@example.org", "ATTENDEE:mailto:ana@example.org"], ("ana@example.org",)),
        ("a room is nobody", ["ATTENDEE;CUTYPE=ROOM:mailto:room@example.org", "SUMMARY:Ana"], ("Ana",)),
        ("else the words of the summary", ["SUMMARY:On call: Ana\\, bob@example.org (backup)"],
         ("On", "call", "Ana", "bob@example.org", "backup")),
        ("nobody", ["SUMMARY:"], ()),
    ],
)  # fmt: skip
def test_who(what: str, lines: list[str], expected: tuple[str, ...]) -> None:
    assert [one.people for one in read(file(*event(*NINE, *lines))).busy] == [expected], what


def test_what_comes_out() -> None:
    busy = Busy("1", at("2026-12-07 08:00"), at("2026-12-07 09:00"), "On call; maybe", ("On", "call", "maybe"), BusyStatus.TENTATIVE)
    assert read(file(*event(*NINE, "SUMMARY:On call\\; maybe", "STATUS:TENTATIVE"))) == Calendar((busy,))


@pytest.mark.parametrize(
    ("what", "lines", "reason"),
    [
        ("no start", ["DTEND:20261207T090000Z"], "it has no start"),
        ("a start that is none", ["DTSTART:20261307T090000Z", "DURATION:PT1H"], "its start cannot be read"),
        ("a start that is a length", ["DTSTART:PT1H", "DURATION:PT1H"], "it is neither a date nor a time"),
        ("an end that is none", ["DTSTART:20261207T090000Z", "DTEND:soon"], "its end cannot be read"),
        ("no end", ["DTSTART:20261207T090000Z"], "it has no end"),
        ("an end before the start", ["DTSTART:20261207T090000Z", "DTEND:20261207T080000Z"], "it does not end after its start"),
        ("a negative length", ["DTSTART:20261207T090000Z", "DURATION:-PT1H"], "it does not end after its start"),
        ("a length of ages", ["DTSTART:20261207T090000Z", "DURATION:P9999999W"], "its dates cannot be"),
        ("no zone", ["DTSTART;TZID=Atlantis:20261207T090000", "DURATION:PT1H"], "its time zone “Atlantis” is not known"),
        ("no rule", [*NINE, "RRULE:FREQ=SOMETIMES"], "its repetition cannot be read"),
        ("a rule of another calendar", [*NINE, "RRULE:RSCALE=CHINESE;FREQ=YEARLY"], "it repeats by RSCALE, which is not supported"),
        ("a month that is none", [*NINE, "RRULE:FREQ=YEARLY;BYMONTH=13"], "it repeats by a BYMONTH that cannot be"),
        ("an interval of nothing", [*NINE, "RRULE:FREQ=DAILY;INTERVAL=0"], "it repeats with the interval 0"),
        ("a date that is left out and none", [*WEEKLY, "EXDATE:tomorrow"], "its repetition cannot be read"),
        ("a broken line", ["DTSTART;;;:20261207T090000Z", "DURATION:PT1H"], "its start cannot be read"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_read_is_named_and_the_others_are_there(what: str, lines: list[str], reason: str) -> None:
    assert read(file(*event(*lines, uid="2"), *event(*NINE))) == Calendar(read(file(*event(*NINE))).busy, (f"“Ana”: {reason}.",)), what


def test_a_broken_title_is_none_and_so_is_a_broken_name_of_a_zone() -> None:
    broken = file(
        "X-WR-TIMEZONE;;;:UTC",
        *zone("A", "TZID;;;:B"),
        *event(*NINE, "SUMMARY;;;:Ana", "ATTENDEE:mailto:ana@example.org"),
        *event("SUMMARY;;;:Bob", uid="2"),
    )
    calendar = read(broken)
    assert [(one.summary, one.people) for one in calendar.busy] == [("", ("ana@example.org",))]
    assert calendar.skipped == ("“An event without a title”: it has no start.",)


ONE = file(*event(*NINE, "SUMMARY:José 😀"))
READ = read(ONE)


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("a byte order mark", b"\xef\xbb\xbf" + ONE),
        ("other line ends", ONE.replace(b"\r\n", b"\n")),
        ("old line ends", ONE.replace(b"\r\n", b"\r")),
        ("line ends doubled on the way", ONE.replace(b"\r\n", b"\r\r\n")),
        ("blank lines", ONE.replace(b"\r\n", b"\r\n\r\n")),
        ("small letters", ONE.replace(b"BEGIN:VEVENT", b"begin:vevent").replace(b"DTSTART", b"dtstart")),
        ("a fold within a character", ONE.replace("😀".encode(), b"\xf0\x9f\r\n \x98\x80")),
        ("NUL bytes", ONE.replace(b"SUMMARY:", b"SUMMARY:\x00\x00")),
        ("an alarm with a time of its own", ONE.replace(b"END:VEVENT", b"BEGIN:VALARM\r\nDTSTART:x\r\nEND:VALARM\r\nEND:VEVENT")),
        ("a line that is none", ONE.replace(b"END:VEVENT", b"what is this?\r\n:\r\nEND:VEVENT")),
    ],
)
def test_bytes_that_differ_and_mean_the_same(what: str, content: bytes) -> None:
    assert read(content) == READ, what


def test_letters_of_windows_are_read_beside_those_of_others() -> None:
    windows = "\r\n".join(event("DTSTART:20261208T090000Z", "DURATION:PT1H", "SUMMARY:José", uid="2")).encode("cp1252")
    mixed = ONE.replace(b"END:VCALENDAR", windows + b"\r\nEND:VCALENDAR")
    assert [one.summary for one in read(mixed).busy] == ["José 😀", "José"]


def berlin(name: str, day: int, hour: int) -> str:
    return f"{name};TZID=Europe/Berlin:{SINCE + timedelta(days=day, hours=hour):%Y%m%dT%H%M%S}"


RULES = ("FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=1,15,-1", "FREQ=DAILY;COUNT=9")


@st.composite
def series(draw: st.DrawFn) -> list[str]:
    """A repeated event with what was left out, added and changed; never at an hour that is skipped or repeated."""
    hour, first, length = draw(st.integers(4, 20)), draw(st.integers(-60, 20)), draw(st.integers(1, 40))
    days = st.integers(0, 30)
    some = st.lists(days, max_size=4)
    lines = [berlin("DTSTART", first, hour), berlin("DTEND", first, hour + length), f"RRULE:{draw(st.sampled_from(RULES))}"]
    lines += [berlin("EXDATE", day, hour) for day in draw(some)]
    lines += [berlin("RDATE", day, hour) for day in draw(some)]
    changed = event(*lines)
    for day in draw(st.sets(days, max_size=3)):
        to = draw(days)
        changed += event(berlin("DTSTART", to, 12), berlin("DTEND", to, 13), berlin("RECURRENCE-ID", day, hour))
    return changed


@given(lines=series())
def test_recurring_ical_events_says_the_same(lines: list[str]) -> None:
    theirs = recurring_ical_events.of(icalendar.Calendar.from_ical(file(*lines))).between(SINCE, UNTIL)
    assert sorted((one.start, one.end) for one in read(file(*lines)).busy) == sorted({(one.start, one.end) for one in theirs})
