from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.examples import examples
from tests.schedules.building import (
    ana,
    at,
    bob,
    cem,
    every,
    from_layer,
    layer,
    override,
    schedule,
    user,
    uuid,
    window,
)
from tests.schedules.strategies import schedules

from oncall.kit.ids import ScheduleId, UserId
from oncall.kit.zones import DAY, to_instant
from oncall.schedules.rules import render
from oncall.schedules.rules.feeds import entries_of, uid_of, with_cancelled
from oncall.schedules.values import Layer, OnCall, Override, Schedule, Source, SourceKind, Tile
from oncall.schedules.values.calendars import Entry

ID = ScheduleId(uuid("schedule"))
PEOPLE = {ana: "Ana", bob: "Bob", cem: "Cem"}
EDITED = at("2026-01-01")
WEEKLY = layer(ana, bob, rotation=every(1, "week", "2026-01-05 09:00"))


def feed(of: Schedule, since: datetime, until: datetime, user: UserId | None = None, margin: int = 60) -> tuple[Entry, ...]:
    """The entries of a range, rendered from so many days before it."""
    tiles = render(of, since - timedelta(days=margin), until, overflow=True)
    return entries_of(tiles, schedule_id=ID, schedule_name="Payments", names=PEOPLE, since=since, changed_at=EDITED, user=user)


def shown(entries: tuple[Entry, ...]) -> list[str]:
    return [f"{one.start:%m-%d %H:%M} {one.end:%m-%d %H:%M} {one.summary.split()[0]}" for one in entries]


@pytest.mark.parametrize(
    ("what", "layers", "overrides", "expected"),
    [
        ("each turn is one entry", [WEEKLY], (), ["01-05 09:00 01-12 09:00 Ana", "01-12 09:00 01-19 09:00 Bob"]),
        ("two turns of one person are two", [layer(ana, rotation=every(1, "week", "2026-01-05 09:00"))], (),
         ["01-05 09:00 01-12 09:00 Ana", "01-12 09:00 01-19 09:00 Ana"]),
        ("an override parts a turn", [WEEKLY], (override("cover", "2026-01-13", "2026-01-14", cem),),
         ["01-05 09:00 01-12 09:00 Ana", "01-12 09:00 01-13 00:00 Bob", "01-13 00:00 01-14 00:00 Cem", "01-14 00:00 01-19 09:00 Bob"]),
        ("one over a handoff is one entry", [WEEKLY], (override("cover", "2026-01-11", "2026-01-14", cem),),
         ["01-05 09:00 01-11 00:00 Ana", "01-11 00:00 01-14 00:00 Cem", "01-14 00:00 01-19 09:00 Bob"]),
        ("somebody who joins parts nobody's turn", [WEEKLY], (override("add", "2026-01-13", "2026-01-14", cem),),
         ["01-05 09:00 01-12 09:00 Ana", "01-12 09:00 01-19 09:00 Bob", "01-13 00:00 01-14 00:00 Cem"]),
        ("nor do the handoffs of others", [WEEKLY, layer(cem, windows=window("mon tue", "20:00", hours=2), name="evenings")], (),
         ["01-05 09:00 01-12 09:00 Ana", "01-12 09:00 01-19 09:00 Bob", "01-12 20:00 01-12 22:00 Cem", "01-13 20:00 01-13 22:00 Cem"]),
        ("a gap is no entry", [WEEKLY], (override("clear", "2026-01-12 09:00", "2026-01-18"),),
         ["01-05 09:00 01-12 09:00 Ana", "01-18 00:00 01-19 09:00 Bob"]),
        ("nobody at all", [], (), []),
    ],
)  # fmt: skip
def test_the_entries_of_a_week(what: str, layers: list[Layer], overrides: tuple[Override, ...], expected: list[str]) -> None:
    assert shown(feed(schedule(*layers, overrides=overrides), at("2026-01-10"), at("2026-01-19"))) == expected, what


def test_a_schedules_feed_says_who_and_a_users_own_says_what() -> None:
    given = schedule(layer(ana, user("gone"), rotation=every(1, "week", "2026-01-05 09:00")))
    theirs = feed(given, at("2026-01-12"), at("2026-01-18"))
    assert [one.summary for one in theirs] == ["Ana on call: Payments", "Somebody on call: Payments"]
    own = feed(given, at("2026-01-12"), at("2026-01-18"), user=ana)
    assert own == (replace(theirs[0], summary="On call: Payments"),)


@pytest.mark.parametrize(
    ("what", "override_", "expected"),
    [
        ("a layer", None, "Layer: weekly"),
        ("an override within a turn", override("cover", "2026-01-13", "2026-01-14", cem), "Override: cover\nCovers for Bob"),
        ("a swap", override("replace", "2026-01-13", "2026-01-14", cem, instead_of=bob),
         "Layer: weekly\nOverride: replace\nCovers for Bob"),
        ("until after the turn", override("replace", "2026-01-13", "2026-01-20", cem, instead_of=bob),
         "Layer: weekly\nOverride: replace\nCovers for Bob"),
        ("from a handoff on nobody can tell for whom", override("cover", "2026-01-12 09:00", "2026-01-14", cem), "Override: cover"),
        ("one more covers for nobody", override("add", "2026-01-13", "2026-01-14", cem), "Layer: weekly\nOverride: add"),
    ],
)  # fmt: skip
def test_the_description_says_why(what: str, override_: Override | None, expected: str) -> None:
    entries = feed(schedule(WEEKLY, overrides=(override_,) if override_ else ()), at("2026-01-12"), at("2026-01-18"))
    assert next(one.description for one in entries if override_ is None or one.summary.startswith("Cem")) == expected, what


def test_other_reasons_have_their_words_too() -> None:
    nested = replace(from_layer("inner"), within=ScheduleId(uuid("inner")))
    sources = (from_layer(), nested, Source(SourceKind.TEMPORARY, uuid("t"), None), Source(SourceKind.UNAVAILABILITY, uuid("u"), None))
    tile = Tile(at("2026-01-12"), at("2026-01-13"), OnCall((ana,), sources))
    (entry,) = entries_of([tile], schedule_id=ID, schedule_name="Payments", names=PEOPLE, since=at("2026-01-12"), changed_at=EDITED)
    assert entry.description == "Layer: weekly\nLayer of another schedule: inner\nTemporary schedule\nSomebody is unavailable"


def test_a_uid_is_the_same_for_the_same_stretch_and_for_no_other() -> None:
    start = at("2026-01-12 09:00")
    told = (ID, uuid("layer weekly"), 1, bob, start)
    assert uid_of(*told) == "c78b2ea2ad5597dde9b9ff4f3582d3eb@oncall"
    assert uid_of(*told[:4], start.astimezone(ZoneInfo("Asia/Tokyo"))) == uid_of(*told)
    others = [
        (ScheduleId(uuid("other")), *told[1:]),
        (ID, None, *told[2:]),
        (*told[:2], 2, *told[3:]),
        (*told[:3], ana, start),
        (*told[:4], None),
    ]
    assert len({uid_of(*told), *(uid_of(*other) for other in others)}) == 6


def test_who_is_always_on_call_has_one_entry_with_one_uid_for_ever() -> None:
    always = schedule(layer(ana), overrides=(override("add", "2026-01-10", "2026-01-20", cem),))
    days = (at(f"2026-01-{day}") for day in range(12, 28))
    assert len({one.uid for day in days for one in feed(always, day, day + timedelta(days=7), user=ana)}) == 1


@examples(35)
@given(drawn=schedules(), later=st.integers(0, 30 * DAY), length=st.integers(1, 40 * DAY))
def test_whatever_range_is_asked_for_the_same_stretch_has_the_same_uid(drawn: tuple[Schedule, int], later: int, length: int) -> None:
    given, t = drawn
    since, until = to_instant(t + later), to_instant(t + later + length)
    wide = feed(given, to_instant(t), to_instant(t + 70 * DAY), margin=400)
    narrow = feed(given, since, until, margin=400)
    seen_from_both = since - timedelta(days=365)
    expected = {(one.start, one.uid) for one in wide if one.end > since and seen_from_both < one.start < until}
    assert {(one.start, one.uid) for one in narrow if one.start > seen_from_both} == expected


@examples(35)
@given(drawn=schedules())
def test_entries_cover_exactly_each_users_time_on_call(drawn: tuple[Schedule, int]) -> None:
    given, t = drawn
    tiles = render(given, to_instant(t), to_instant(t + 30 * DAY))
    people = {person: str(person) for tile in tiles for person in tile.on_call.users}
    entries = entries_of(tiles, schedule_id=ID, schedule_name="Payments", names=people, since=to_instant(t), changed_at=EDITED)
    for person, name in people.items():
        own = [one for one in entries if one.summary.startswith(name)]
        assert all(one.end <= following.start for one, following in pairwise(own))
        on_call = sum((tile.end - tile.start for tile in tiles if person in tile.on_call.users), timedelta())
        assert sum((one.end - one.start for one in own), timedelta()) == on_call
    assert len({one.uid for one in entries}) == len(entries)


def known(*turns: str, sequence: int = 1) -> tuple[Entry, ...]:
    """Entries by their first day in January, each of one day, "12 ana"."""
    days = [(turn, at(f"2026-01-{turn.split()[0]}")) for turn in turns]
    return tuple(Entry(turn, day, day + timedelta(days=1), turn, "", sequence=sequence, changed_at=EDITED) for turn, day in days)


NOW = at("2026-01-12 12:00")


@pytest.mark.parametrize(
    ("what", "now_known", "before_known", "cancelled"),
    [
        ("nothing has changed", known("12 ana", "13 bob"), [known("12 ana", "13 bob")], []),
        ("what is to come and is not any more", known("12 ana"), [known("12 ana", "13 bob", "14 cem")], ["13 bob", "14 cem"]),
        ("what was running", known(), [known("12 ana")], ["12 ana"]),
        ("what is over stays as it was", known(), [known("11 ana")], []),
        ("from any earlier knowledge, once", known("15 ana"), [known("13 bob"), known("13 bob", "14 cem")], ["13 bob", "14 cem"]),
        ("what came back is there", known("13 bob"), [known("13 bob"), known("13 ana")], ["13 ana"]),
    ],
)
def test_what_is_cancelled(what: str, now_known: tuple[Entry, ...], before_known: list[tuple[Entry, ...]], cancelled: list[str]) -> None:
    told = with_cancelled(now_known, before_known, now=NOW, changed_at=NOW)
    assert told[: len(now_known)] == now_known, what
    assert [one.uid for one in told[len(now_known) :]] == cancelled, what
    assert all(one.cancelled and one.changed_at == NOW and one.sequence == 2 for one in told[len(now_known) :])


def test_the_latest_knowledge_of_what_is_cancelled_counts() -> None:
    (told,) = with_cancelled((), [known("13 bob", sequence=1), known("13 bob", sequence=5)], now=NOW, changed_at=NOW)
    assert told == replace(known("13 bob")[0], cancelled=True, sequence=6, changed_at=NOW)
