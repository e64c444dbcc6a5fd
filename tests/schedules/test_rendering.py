from dataclasses import replace
from datetime import timedelta

import pytest
from tests.schedules.building import NEW_YORK, ana, at, bob, cem, every, from_layer, layer, names, override, schedule, shown, t, window

from oncall.schedules.rules import coverage, joined, next_handoff, on_call_at, outlook_at, render
from oncall.schedules.values import Layer, OnCall, Override, Shift, Version

DAILY = every(1, "day", "2026-01-05")
WEEKLY = layer(ana, bob, rotation=every(1, "week", "2026-01-05 09:00"), zone=NEW_YORK)
OFFICE = layer(ana, windows=window("mon tue wed thu fri", "09:00", hours=8), name="office")
NIGHTS = layer(cem, windows=window("daily", "22:00", hours=8), precedence=1, name="nights")


@pytest.mark.parametrize(
    ("what", "layers", "override_", "day", "expected"),
    [
        ("one tile within a turn", [WEEKLY], None, "2026-01-06", [("01-06 00:00", ["ana"])]),
        ("a handoff at nine in New York", [WEEKLY], None, "2026-01-12", [("01-12 00:00", ["ana"]), ("01-12 14:00", ["bob"])]),
        ("gaps are tiles", [OFFICE], None, "2026-01-05", [("01-05 00:00", []), ("01-05 09:00", ["ana"]), ("01-05 17:00", [])]),
        ("a higher layer interrupts a lower one", [WEEKLY, NIGHTS], None, "2026-01-06",
         [("01-06 00:00", ["cem"]), ("01-06 06:00", ["ana"]), ("01-06 22:00", ["cem"])]),
        ("an override cuts into a turn", [WEEKLY], override("cover", "2026-01-06 10:00", "2026-01-06 12:00", cem), "2026-01-06",
         [("01-06 00:00", ["ana"]), ("01-06 10:00", ["cem"]), ("01-06 12:00", ["ana"])]),
        ("one that only touches the range does not show", [WEEKLY], override("clear", "2026-01-05", "2026-01-06"), "2026-01-06",
         [("01-06 00:00", ["ana"])]),
        ("bounds of a layer", [layer(ana, start="2026-01-06 06:00", end="2026-01-06 18:00")], None, "2026-01-06",
         [("01-06 00:00", []), ("01-06 06:00", ["ana"]), ("01-06 18:00", [])]),
        ("nobody at all is one gap", [], None, "2026-01-06", [("01-06 00:00", [])]),
    ],
)  # fmt: skip
def test_the_tiles_of_a_day(what: str, layers: list[Layer], override_: Override | None, day: str, expected: list[object]) -> None:
    given = schedule(*layers, overrides=() if override_ is None else (override_,))
    assert shown(render(given, at(day), at(day) + timedelta(days=1))) == expected, what


def test_an_empty_range_has_no_tiles() -> None:
    assert render(schedule(WEEKLY), at("2026-01-06"), at("2026-01-06")) == []


def test_turns_of_one_person_are_tiles_of_their_own_until_they_are_joined() -> None:
    tiles = render(schedule(layer(ana, rotation=every(1, "day", "2026-01-05 09:00"))), at("2026-01-05 09:00"), at("2026-01-07 09:00"))
    assert shown(tiles) == [("01-05 09:00", ["ana"]), ("01-06 09:00", ["ana"])]
    assert shown(joined(tiles)) == [("01-05 09:00", ["ana"])]


def test_overflow_shows_where_the_first_and_the_last_entry_really_begin_and_end() -> None:
    tiles = render(schedule(WEEKLY), at("2026-01-12 13:00"), at("2026-01-12 15:00"), overflow=True)
    assert [tiles[0].start, tiles[-1].end] == [at("2026-01-05 14:00"), at("2026-01-19 14:00")]


def test_coverage_is_the_covered_part() -> None:
    assert coverage(render(schedule(OFFICE), at("2026-01-05"), at("2026-01-06"))) == pytest.approx(8 / 24)


@pytest.mark.parametrize(
    ("what", "layers", "instant", "expected"),
    [
        ("the end of the turn", [WEEKLY], "2026-01-06", "2026-01-12 14:00"),
        ("at a handoff, the next one", [WEEKLY], "2026-01-12 14:00", "2026-01-19 14:00"),
        ("the beginning of a gap", [OFFICE], "2026-01-09 12:00", "2026-01-09 17:00"),
        ("the end of a gap", [OFFICE], "2026-01-09 18:00", "2026-01-12 09:00"),
        ("a new turn of the same person is no handoff", [layer(ana, ana, bob, rotation=DAILY)], "2026-01-05", "2026-01-07"),
        ("nobody ever takes over", [layer(ana, rotation=DAILY)], "2026-01-05", None),
        ("a handoff months ahead is found", [layer(ana, bob, rotation=every(300, "day", "2026-01-05"))], "2026-01-06", "2026-11-01"),
        ("one beyond a year is not looked for", [layer(ana, bob, rotation=every(400, "day", "2026-01-05"))], "2026-01-06", None),
    ],
)  # fmt: skip
def test_the_next_handoff(what: str, layers: list[Layer], instant: str, expected: str | None) -> None:
    assert next_handoff(schedule(*layers), at=at(instant)) == (None if expected is None else at(expected)), what


def test_the_outlook_says_since_when_until_when_and_who_is_next() -> None:
    outlook = outlook_at(schedule(WEEKLY), at=at("2026-01-07"))
    assert outlook.on_call == OnCall((ana,), (from_layer(),))
    assert (outlook.start, outlook.end) == (at("2026-01-05 14:00"), at("2026-01-12 14:00"))
    assert outlook.next == OnCall((bob,), (from_layer(turn=1),))
    assert outlook.shifts == (Shift(ana, at("2026-01-05 14:00"), at("2026-01-12 14:00")),)


def test_exactly_at_a_handoff_the_shift_of_the_incoming_person_begins() -> None:
    outlook = outlook_at(schedule(WEEKLY), at=at("2026-01-12 14:00"))
    assert outlook.shifts == (Shift(bob, at("2026-01-12 14:00"), at("2026-01-19 14:00")),)
    assert outlook.start == at("2026-01-12 14:00")


def test_a_shift_is_one_users_unbroken_time_though_others_come_and_go() -> None:
    helped = schedule(WEEKLY, overrides=(override("add", "2026-01-07", "2026-01-08", cem),))
    outlook = outlook_at(helped, at=at("2026-01-07 12:00"))
    assert (outlook.start, outlook.end) == (at("2026-01-07"), at("2026-01-08"))
    assert outlook.shifts == (Shift(ana, at("2026-01-05 14:00"), at("2026-01-12 14:00")), Shift(cem, at("2026-01-07"), at("2026-01-08")))


def test_who_is_always_on_call_has_a_shift_without_start_and_end() -> None:
    outlook = outlook_at(schedule(layer(ana)), at=at("2026-01-07"))
    assert (outlook.shifts, outlook.start, outlook.end, outlook.next) == ((Shift(ana, None, None),), None, None, None)


def test_an_edit_takes_effect_at_its_instant_and_leaves_what_was_before() -> None:
    before = schedule(layer(ana))
    edited = replace(before, versions=(*before.versions, Version(2, t("2026-01-07 12:00"), (layer(bob),))))
    assert names(on_call_at(edited, at=at("2026-01-07 11:59:59"))) == ["ana"]
    assert names(on_call_at(edited, at=at("2026-01-07 12:00"))) == ["bob"]
    assert shown(render(edited, at("2026-01-07"), at("2026-01-08"))) == [("01-07 00:00", ["ana"]), ("01-07 12:00", ["bob"])]
    assert render(edited, at("2026-01-01"), at("2026-01-07 12:00")) == render(before, at("2026-01-01"), at("2026-01-07 12:00"))
    assert next_handoff(edited, at=at("2026-01-07")) == at("2026-01-07 12:00")


def test_of_two_edits_in_the_same_second_the_later_one_counts() -> None:
    second = t("2026-01-07 12:00")
    edited = replace(
        schedule(layer(ana)), versions=(Version(1, None, ()), Version(2, second, (layer(bob),)), Version(3, second, (layer(cem),)))
    )
    assert shown(render(edited, at("2026-01-07"), at("2026-01-08"))) == [("01-07 00:00", []), ("01-07 12:00", ["cem"])]
