"""Whom a line of somebody else's calendar means, and what becomes of its lines."""

import time
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.building import ana, at, bob, cem, dee, user, uuid
from tests.schedules.calendars import NINE, event, file, read

from oncall.kit.ids import UserId
from oncall.schedules.rules.matching import MOST_NOTES, difference, known_people, people_in, shifts_in, shortened
from oncall.schedules.values import AuthoredUnavailability, CalendarSourceId, ShiftDefinition, UnavailabilityId
from oncall.schedules.values.calendars import Busy

maria, jo = user("ana maria"), user("jo")
PEOPLE = [
    (ana, "Ana", "ana@example.com"),
    (maria, "Ana  Maria", "maria@example.com"),
    (bob, "Bob O'Neil", "Bob@Example.com"),
    (cem, "José Çem", "cem@example.com"),
    (dee, "Dee", "dee@example.com"),
    (user("another dee"), "DEE", "dee@example.org"),
    (jo, "🦊", "fox@example.com"),
]
NAMES = {ana: "ana", maria: "maria", bob: "bob", cem: "cem", jo: "jo"}
KNOWN = known_people(PEOPLE)
NOW = at("2026-12-07 08:30")


def meant(*lines: str) -> list[str]:
    """Who is meant by one event as it is written in a calendar."""
    [busy] = read(file(*event(*NINE, *lines))).busy
    return [NAMES[one] for one in people_in(busy, KNOWN)]


# --- who --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "lines", "expected"),
    [
        ("the address of whoever is invited", ["ATTENDEE:mailto:ana@example.com", "SUMMARY:Night"], ["ana"]),
        ("in whatever case", ["ATTENDEE:MAILTO:BOB@example.COM", "SUMMARY:Night"], ["bob"]),
        ("everybody who is invited, in that order", ["ATTENDEE:mailto:bob@example.com", "ATTENDEE:mailto:ana@example.com"], ["bob", "ana"]),
        ("a name where there is no address", ['ATTENDEE;CN="ana maria":invalid:nomail', "SUMMARY:Night"], ["maria"]),
        ("of those invited only whom we know", ["ATTENDEE:mailto:x@example.net", "ATTENDEE:mailto:ana@example.com"], ["ana"]),
        ("the invitation says more than the summary", ["ATTENDEE:mailto:ana@example.com", "SUMMARY:Bob O'Neil's party"], ["ana"]),
        ("if nobody invited is known, the summary", ["ATTENDEE:mailto:x@example.net", "SUMMARY:Bob O'Neil"], ["bob"]),
        ("an address of nobody we know is no name", ["SUMMARY:ana@example.net"], []),
        ("an address in the summary", ["SUMMARY:Primary: ana@example.com."], ["ana"]),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_by_invitation_and_address(what: str, lines: list[str], expected: list[str]) -> None:
    assert meant(*lines) == expected, what


@pytest.mark.parametrize(
    ("what", "summary", "expected"),
    [
        ("a name", "Ana", ["ana"]),
        ("among other words", "On call: Ana (payments)", ["ana"]),
        ("in whatever case, with whatever spaces", "on call ANA    MARIA", ["maria"]),
        ("of two names in one place the longer", "Ana Maria on call: Payments", ["maria"]),
        ("both in two places", "Ana and Ana Maria", ["ana", "maria"]),
        ("in the order in which they are named", "Ana Maria, Ana", ["maria", "ana"]),
        ("each once", "Ana, Ana, Ana", ["ana"]),
        ("whose", "Ana's night", ["ana"]),
        ("with an apostrophe of their own", "Bob O'Neil's night", ["bob"]),
        ("not half a name", "Bob is on call", []),
        ("not a part of a word", "Banana, Anastasia, Diana", []),
        ("beyond ASCII", "josé çem", ["cem"]),
        ("as a Mac writes it", "Jose\u0301 C\u0327em", ["cem"]),
        ("a name that two people have means nobody", "Dee", []),
        ("and takes nothing from the others", "Dee, Ana", ["ana"]),
        ("unknown", "Zoe", []),
        ("a name without a letter is no name", "🦊", []),
        ("nothing", "", []),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
def test_by_the_summary(what: str, summary: str, expected: list[str]) -> None:
    escaped = summary.replace(",", "\\,")
    assert meant(f"SUMMARY:{escaped}") == expected, what


def test_a_longer_name_that_two_people_have_is_not_taken_for_a_shorter_one() -> None:
    known = known_people([(ana, "Ana", "a@x.example"), (bob, "Ana Maria", "b@x.example"), (cem, "Ana Maria", "c@x.example")])
    assert people_in(Busy("1", NOW, NOW, "Ana Maria on call", ("Ana", "Maria", "on", "call")), known) == ()


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=5), st.lists(st.text(max_size=12), max_size=5))
def test_whatever_a_calendar_says_those_meant_are_known_and_named_once(summary: str, people: list[str], names: list[str]) -> None:
    known = known_people((UserId(UUID(int=n)), name, f"{n}@example.com") for n, name in enumerate(names))
    found = people_in(Busy("1", NOW, NOW, summary, tuple(people)), known)
    assert len(set(found)) == len(found)
    assert {one.int for one in found} <= set(range(len(names)))


@given(st.sampled_from([one for one in PEOPLE if one[0] in NAMES and one[0] != jo]), st.text(alphabet="xyz :-()", max_size=10))
def test_a_whole_name_between_other_words_is_found(person: tuple[UserId, str, str], around: str) -> None:
    summary = f"{around} {person[1]} {around}"
    assert people_in(Busy("1", NOW, NOW, summary, tuple(summary.split())), KNOWN) == (person[0],)


def test_a_thousand_people_and_a_thousand_lines_take_no_second() -> None:
    known = known_people((UserId(UUID(int=n)), f"Person Number{n}", f"{n}@example.com") for n in range(1000))
    busy = [Busy(str(n), NOW, NOW, f"Person Number{n} on call: Payments", ()) for n in range(1000)]
    began = time.monotonic()
    shifts, notes = shifts_in(busy, known)
    assert (len(shifts), notes) == (1000, ())
    assert time.monotonic() - began < 1


# --- what becomes of the lines ----------------------------------------------------------------------------------------------


def busy_at(start: str, end: str, summary: str = "Ana", uid: str = "1") -> Busy:
    return Busy(uid, at(f"2026-12-{start}"), at(f"2026-12-{end}"), summary, tuple(summary.split()))


def test_each_line_is_a_shift_and_one_that_means_nobody_a_sentence_said_once() -> None:
    lines = [busy_at("07 09:00", "08 09:00", "Ana"), busy_at("08 09:00", "09 09:00", "Zoe"), busy_at("15 09:00", "16 09:00", "Zoe")]
    shifts, notes = shifts_in(lines, KNOWN)
    assert shifts == (ShiftDefinition(lines[0].start, lines[0].end, (ana,)),)
    assert notes == ("“Zoe” names nobody we know by e-mail address or name.",)


def test_of_many_sentences_the_first_are_said_and_how_many_there_are() -> None:
    _, notes = shifts_in([busy_at("07 09:00", "08 09:00", f"Stranger{n}") for n in range(50)], KNOWN)
    said = shortened((*notes, "and one that could not be read"))
    assert (said[:MOST_NOTES], said[MOST_NOTES:]) == (notes[:MOST_NOTES], ("… and 31 more.",))


def kept_from(busy: Busy) -> AuthoredUnavailability:
    id, source = UnavailabilityId(uuid(f"{busy.uid} {busy.start}")), CalendarSourceId(uuid("source"))
    return AuthoredUnavailability(id, ana, busy.start, busy.end, None, busy.summary, "calendar", NOW, source, busy.uid)


DAY_OFF = busy_at("08 09:00", "09 09:00")


@pytest.mark.parametrize(
    ("what", "kept", "said", "gone", "new"),
    [
        ("nothing changed", [DAY_OFF], [DAY_OFF], [], []),
        ("something new", [], [DAY_OFF], [], [DAY_OFF]),
        ("something gone", [DAY_OFF], [], [DAY_OFF], []),
        ("moved", [DAY_OFF], [busy_at("10 09:00", "11 09:00")], [DAY_OFF], [busy_at("10 09:00", "11 09:00")]),
        ("what runs keeps the beginning that was kept", [busy_at("07 06:00", "07 18:00")], [busy_at("06 00:00", "07 18:00")], [], []),
        ("what was over before now is not taken over", [], [busy_at("06 00:00", "07 08:00")], [], []),
        ("each of a series by its own time", [DAY_OFF], [DAY_OFF, busy_at("15 09:00", "16 09:00")], [], [busy_at("15 09:00", "16 09:00")]),
        ("the same line twice is one", [], [DAY_OFF, DAY_OFF], [], [DAY_OFF]),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_gone_from_a_calendar_and_what_is_new(
    what: str, kept: Iterable[Busy], said: list[Busy], gone: list[Busy], new: list[Busy]
) -> None:
    assert difference([kept_from(one) for one in kept], said, now=NOW) == ([kept_from(one) for one in gone], new), what


@given(
    st.sets(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=8),
    st.sets(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=8),
)
def test_taking_a_difference_over_leaves_none(before: set[tuple[int, int]], after: set[tuple[int, int]]) -> None:
    def lines(spans: set[tuple[int, int]]) -> list[Busy]:
        hour = timedelta(hours=1)
        return [Busy("1", NOW + start * hour, NOW + (start + length) * hour, "x", ()) for start, length in sorted(spans)]

    kept = [kept_from(one) for one in lines(before)]
    gone, new = difference(kept, lines(after), now=NOW)
    left = [one for one in kept if one not in gone] + [kept_from(one) for one in new]
    assert difference(left, lines(after), now=NOW) == ([], [])
