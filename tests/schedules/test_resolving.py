"""What lies between the layers and the answer: vacant turns, fixed shifts, temporary schedules, unavailability, overrides, nesting."""

import pytest
from tests.schedules.building import (
    ana,
    at,
    away,
    bob,
    cem,
    dee,
    every,
    from_away,
    from_layer,
    from_override,
    from_temporary,
    layer,
    names,
    override,
    schedule,
    shift,
    shown,
    temporary,
    window,
)

from oncall.schedules.rules import nested_in, on_call_at, render
from oncall.schedules.values import Away, FixedShift, Layer, OnCall, Override, Schedule, Temporary

MONDAY = ("2026-01-05 00:00", "2026-01-06 00:00")
TUESDAY = ("2026-01-06 00:00", "2026-01-07 00:00")
MORNING, NOON, EVENING = "2026-01-06 08:00", "2026-01-06 12:00", "2026-01-06 18:00"
DAILY = every(1, "day", "2026-01-05")
OFFICE = window("daily", "09:00", hours=8)
PAIR = layer((ana, bob))


@pytest.mark.parametrize(
    ("what", "layers", "expected"),
    [
        ("a vacant turn shows the layer below", [layer(ana), layer(bob, None, rotation=DAILY, precedence=1)], ["ana"]),
        ("and all of those below at once", [layer(ana), layer(bob), layer(None, precedence=1)], ["ana", "bob"]),
        ("through several vacant layers", [layer(ana), layer(None, precedence=1), layer(None, precedence=2)], ["ana"]),
        ("down to the next that has somebody", [layer(ana), layer(bob, precedence=1), layer(None, precedence=2)], ["bob"]),
        ("of equal precedence it takes nothing away", [layer(ana), layer(None)], ["ana"]),
        ("a vacant turn outside its restrictions is no different", [layer(ana), layer(None, windows=(), precedence=1)], ["ana"]),
        ("nothing below a vacant turn is a gap", [layer(None)], []),
    ],
)
def test_a_vacant_turn_shows_what_lies_below(what: str, layers: list[Layer], expected: list[str]) -> None:
    assert names(on_call_at(schedule(*layers), at=at(NOON))) == expected, what


EARLY, LATE = shift("2026-01-06 06:00", "2026-01-06 12:00", ana), shift("2026-01-06 12:00", "2026-01-06 20:00", bob, cem)
LONG = shift("2026-01-06 10:00", "2026-01-06 14:00", dee)


@pytest.mark.parametrize(
    ("what", "layers", "expected"),
    [
        ("as they are written", [layer(shifts=(EARLY, LATE))],
         [("01-06 00:00", []), ("01-06 06:00", ["ana"]), ("01-06 12:00", ["bob", "cem"]), ("01-06 20:00", [])]),
        ("of those that overlap all count, the earlier first", [layer(shifts=(EARLY, LONG, LATE))],
         [("01-06 00:00", []), ("01-06 06:00", ["ana"]), ("01-06 10:00", ["ana", "dee"]), ("01-06 12:00", ["dee", "bob", "cem"]),
          ("01-06 14:00", ["bob", "cem"]), ("01-06 20:00", [])]),
        ("nobody is there twice", [layer(shifts=(EARLY, shift("2026-01-06 10:00", "2026-01-06 11:00", ana, bob)))],
         [("01-06 00:00", []), ("01-06 06:00", ["ana"]), ("01-06 10:00", ["ana", "bob"]), ("01-06 11:00", ["ana"]), ("01-06 12:00", [])]),
        ("where there is none the layer below shows", [layer(dee), layer(shifts=(EARLY, LATE), precedence=1)],
         [("01-06 00:00", ["dee"]), ("01-06 06:00", ["ana"]), ("01-06 12:00", ["bob", "cem"]), ("01-06 20:00", ["dee"])]),
        ("restrictions cut them", [layer(shifts=(EARLY, LATE), windows=OFFICE)],
         [("01-06 00:00", []), ("01-06 09:00", ["ana"]), ("01-06 12:00", ["bob", "cem"]), ("01-06 17:00", [])]),
        ("so do the layer's bounds", [layer(shifts=(EARLY, LATE), start=MORNING, end=EVENING)],
         [("01-06 00:00", []), ("01-06 08:00", ["ana"]), ("01-06 12:00", ["bob", "cem"]), ("01-06 18:00", [])]),
        ("one that began the day before goes on", [layer(shifts=(shift("2026-01-05 20:00", "2026-01-06 04:00", ana),))],
         [("01-06 00:00", ["ana"]), ("01-06 04:00", [])]),
    ],
)  # fmt: skip
def test_fixed_shifts_on_tuesday(what: str, layers: list[Layer], expected: list[object]) -> None:
    assert shown(render(schedule(*layers), at(TUESDAY[0]), at(TUESDAY[1]))) == expected, what


def test_the_answer_names_the_start_of_the_latest_fixed_shift() -> None:
    of = schedule(layer(shifts=(EARLY, LONG)))
    assert on_call_at(of, at=at(MORNING)) == OnCall((ana,), (from_layer(turn=EARLY.start),))
    assert on_call_at(of, at=at("2026-01-06 11:00")) == OnCall((ana, dee), (from_layer(turn=LONG.start),))


@pytest.mark.parametrize(
    ("what", "temporaries", "expected"),
    [
        ("without any, the layers speak", [], [("01-06 00:00", ["ana", "bob"])]),
        ("exactly its shifts, and nobody between them", [temporary(MORNING, EVENING, shift(NOON, "2026-01-06 15:00", cem))],
         [("01-06 00:00", ["ana", "bob"]), ("01-06 08:00", []), ("01-06 12:00", ["cem"]), ("01-06 15:00", []),
          ("01-06 18:00", ["ana", "bob"])]),
        ("one without shifts leaves nobody", [temporary(MORNING, EVENING)],
         [("01-06 00:00", ["ana", "bob"]), ("01-06 08:00", []), ("01-06 18:00", ["ana", "bob"])]),
        ("shifts that overlap are together", [temporary(MORNING, EVENING, shift(MORNING, EVENING, cem), shift(NOON, EVENING, dee, cem))],
         [("01-06 00:00", ["ana", "bob"]), ("01-06 08:00", ["cem"]), ("01-06 12:00", ["cem", "dee"]), ("01-06 18:00", ["ana", "bob"])]),
        ("one follows another at once",
         [temporary(MORNING, NOON, shift(MORNING, NOON, cem)), temporary(NOON, EVENING, shift(NOON, EVENING, dee))],
         [("01-06 00:00", ["ana", "bob"]), ("01-06 08:00", ["cem"]), ("01-06 12:00", ["dee"]), ("01-06 18:00", ["ana", "bob"])]),
        ("it may last for days", [temporary(MONDAY[0], TUESDAY[1], shift(MONDAY[0], TUESDAY[1], dee))], [("01-06 00:00", ["dee"])]),
    ],
)  # fmt: skip
def test_a_temporary_schedule_stands_in_the_place_of_all_layers(what: str, temporaries: list[Temporary], expected: list[object]) -> None:
    given = schedule(PAIR, layer(bob, precedence=-1), temporaries=tuple(temporaries))
    assert shown(render(given, at(TUESDAY[0]), at(TUESDAY[1]))) == expected, what


@pytest.mark.parametrize(
    ("what", "shifts", "expected"),
    [
        ("somebody, by the shift", [shift(NOON, EVENING, cem)], OnCall((cem,), (from_temporary(MORNING, NOON),))),
        ("nobody, all the same because of it", [], OnCall((), (from_temporary(MORNING),))),
    ],
)
def test_the_answer_says_which_temporary_schedule_it_comes_from(what: str, shifts: list[FixedShift], expected: OnCall) -> None:
    assert on_call_at(schedule(PAIR, temporaries=(temporary(MORNING, EVENING, *shifts),)), at=at(NOON)) == expected, what


@pytest.mark.parametrize(
    ("what", "absences", "expected"),
    [
        ("nobody is away", [], ["ana", "bob"]),
        ("the cover is in the same place", [away(ana, *TUESDAY, cover=cem)], ["cem", "bob"]),
        ("without a cover nobody is", [away(ana, *TUESDAY)], ["bob"]),
        ("the cover is away too: theirs", [away(ana, *TUESDAY, cover=cem), away(cem, *TUESDAY, cover=dee)], ["dee", "bob"]),
        ("and has none", [away(ana, *TUESDAY, cover=cem), away(cem, *TUESDAY)], ["bob"]),
        ("the cover is back before noon", [away(ana, *TUESDAY, cover=cem), away(cem, TUESDAY[0], NOON, cover=dee)], ["cem", "bob"]),
        ("both cover for each other", [away(ana, *TUESDAY, cover=bob), away(bob, *TUESDAY, cover=ana)], []),
        ("a circle further on", [away(ana, *TUESDAY, cover=cem), away(cem, *TUESDAY, cover=dee), away(dee, *TUESDAY, cover=cem)], ["bob"]),
        ("a circle of others hurts nobody", [away(cem, *TUESDAY, cover=dee), away(dee, *TUESDAY, cover=cem)], ["ana", "bob"]),
        ("a cover who is there anyway is not repeated", [away(ana, *TUESDAY, cover=bob)], ["bob"]),
        ("one may cover for two", [away(ana, *TUESDAY, cover=cem), away(bob, *TUESDAY, cover=cem)], ["cem"]),
        ("who is not on call may be away", [away(cem, *TUESDAY, cover=dee)], ["ana", "bob"]),
        ("away twice at once: the cover who is there", [away(ana, *TUESDAY), away(ana, MORNING, EVENING, cover=cem)], ["cem", "bob"]),
        (
            "of two covers the one of the earlier absence",
            [away(ana, *TUESDAY, cover=cem), away(ana, NOON, EVENING, cover=dee)],
            ["cem", "bob"],
        ),
        (
            "or the one who is there",
            [away(ana, *TUESDAY, cover=cem), away(cem, *TUESDAY), away(ana, NOON, EVENING, cover=dee)],
            ["dee", "bob"],
        ),
        ("it begins with its first second", [away(ana, NOON, EVENING, cover=cem)], ["cem", "bob"]),
        ("and is over at its end", [away(ana, MORNING, NOON, cover=cem)], ["ana", "bob"]),
    ],
)
def test_who_stands_in_when_ana_or_bob_is_away(what: str, absences: list[Away], expected: list[str]) -> None:
    assert names(on_call_at(schedule(PAIR, away=tuple(absences)), at=at(NOON))) == expected, what


@pytest.mark.parametrize(
    ("what", "absences", "expected"),
    [
        ("away and covered", [away(ana, *TUESDAY, cover=cem)], OnCall((cem, bob), (from_layer(), from_away(ana)))),
        ("every link of the chain", [away(ana, *TUESDAY, cover=cem), away(cem, *TUESDAY, cover=dee)],
         OnCall((dee, bob), (from_layer(), from_away(ana), from_away(cem)))),
        ("a circle, each once", [away(ana, *TUESDAY, cover=bob), away(bob, *TUESDAY, cover=ana)],
         OnCall((), (from_layer(), from_away(ana), from_away(bob)))),
        ("what changed nothing is no reason", [away(cem, *TUESDAY, cover=dee)], OnCall((ana, bob), (from_layer(),))),
    ],
)  # fmt: skip
def test_the_answer_says_whose_unavailability_it_comes_from(what: str, absences: list[Away], expected: OnCall) -> None:
    assert on_call_at(schedule(PAIR, away=tuple(absences)), at=at(NOON)) == expected, what


def test_who_is_away_does_not_let_the_layer_below_through() -> None:
    of = schedule(layer(bob), layer(ana, precedence=1), away=(away(ana, *TUESDAY),))
    assert on_call_at(of, at=at(NOON)) == OnCall((), (from_layer(), from_away(ana)))


def test_unavailability_counts_within_a_temporary_schedule_too() -> None:
    of = schedule(PAIR, temporaries=(temporary(*TUESDAY, shift(*TUESDAY, cem)),), away=(away(cem, NOON, EVENING, cover=dee),))
    assert shown(render(of, at(TUESDAY[0]), at(TUESDAY[1]))) == [
        ("01-06 00:00", ["cem"]),
        ("01-06 12:00", ["dee"]),
        ("01-06 18:00", ["cem"]),
    ]


@pytest.mark.parametrize(
    ("what", "overrides", "expected"),
    [
        ("without any: ana is away, and cem covers", [], ["cem", "bob"]),
        ("an explicit cover beats the time off", [override("cover", *TUESDAY, ana)], ["ana"]),
        ("so does one more", [override("add", *TUESDAY, ana)], ["cem", "bob", "ana"]),
        ("whoever stands in can be replaced", [override("replace", *TUESDAY, dee, instead_of=cem)], ["dee", "bob"]),
        ("who is away cannot: they are not there", [override("replace", *TUESDAY, dee, instead_of=ana)], ["cem", "bob"]),
        ("nor does an override's own user need to be present", [override("replace", *TUESDAY, ana, instead_of=bob)], ["cem", "ana"]),
        ("one fewer", [override("remove", *TUESDAY, cem)], ["bob"]),
        ("nobody", [override("clear", *TUESDAY)], []),
    ],
)
def test_overrides_lie_on_top_of_unavailability(what: str, overrides: list[Override], expected: list[str]) -> None:
    of = schedule(PAIR, away=(away(ana, *TUESDAY, cover=cem),), overrides=tuple(overrides))
    assert names(on_call_at(of, at=at(NOON))) == expected, what


@pytest.mark.parametrize(
    ("what", "overrides", "expected"),
    [
        ("without any: its shift", [], OnCall((cem,), (from_temporary(MORNING, MORNING),))),
        ("one more", [override("add", *TUESDAY, dee)], OnCall((cem, dee), (from_temporary(MORNING, MORNING), from_override("add")))),
        ("exactly this one", [override("cover", *TUESDAY, dee)], OnCall((dee,), (from_override("cover"),))),
        (
            "who is only in the layers is not there",
            [override("remove", *TUESDAY, ana)],
            OnCall((cem,), (from_temporary(MORNING, MORNING),)),
        ),
    ],
)
def test_overrides_lie_on_top_of_a_temporary_schedule(what: str, overrides: list[Override], expected: OnCall) -> None:
    of = schedule(PAIR, temporaries=(temporary(MORNING, EVENING, shift(MORNING, EVENING, cem)),), overrides=tuple(overrides))
    assert on_call_at(of, at=at(NOON)) == expected, what


DATABASE = schedule(layer(bob, cem, rotation=DAILY, name="database"), id="database")
OFFICE_HOURS = schedule(layer(dee, windows=OFFICE, name="office"), id="office")
HELPED = schedule(
    layer(bob, name="database"), overrides=(override("add", *TUESDAY, dee),), away=(away(bob, *TUESDAY, cover=cem),), id="database"
)
DEEP = schedule(layer(OFFICE_HOURS, name="middle"), id="middle")


@pytest.mark.parametrize(
    ("what", "of", "instant", "expected"),
    [
        ("whoever the other schedule puts on call", schedule(layer(DATABASE)), NOON,
         OnCall((cem,), (from_layer(), from_layer("database", 1, DATABASE)))),
        ("in turn with people", schedule(layer(ana, DATABASE, rotation=DAILY)), NOON,
         OnCall((cem,), (from_layer(turn=1), from_layer("database", 1, DATABASE)))),
        ("who have the turn before", schedule(layer(ana, DATABASE, rotation=DAILY)), "2026-01-05 12:00", OnCall((ana,), (from_layer(),))),
        ("together with people", schedule(layer((ana, DATABASE))), NOON,
         OnCall((ana, cem), (from_layer(), from_layer("database", 1, DATABASE)))),
        ("nobody is there twice", schedule(layer((cem, DATABASE))), NOON,
         OnCall((cem,), (from_layer(), from_layer("database", 1, DATABASE)))),
        ("two at once", schedule(layer((DATABASE, OFFICE_HOURS))), NOON,
         OnCall((cem, dee), (from_layer(), from_layer("database", 1, DATABASE), from_layer("office", 0, OFFICE_HOURS)))),
        ("its gap shows the layer below", schedule(layer(ana, name="below"), layer(OFFICE_HOURS, precedence=1)), EVENING,
         OnCall((ana,), (from_layer("below"),))),
        ("and is a gap if there is none", schedule(layer(OFFICE_HOURS)), EVENING, OnCall()),
        ("only within the layer's restrictions", schedule(layer(DATABASE, windows=OFFICE)), EVENING, OnCall()),
        ("its own unavailability and overrides count", schedule(layer(HELPED)), NOON,
         OnCall((cem, dee), (from_layer(), from_layer("database", 0, HELPED), from_away(bob, HELPED), from_override("add", 1, HELPED)))),
        ("one in another: each reason names the schedule it is in", schedule(layer(DEEP)), NOON,
         OnCall((dee,), (from_layer(), from_layer("middle", 0, DEEP), from_layer("office", 0, OFFICE_HOURS)))),
        ("it has asked itself who is away", schedule(layer(DATABASE), away=(away(cem, *TUESDAY, cover=ana),)), NOON,
         OnCall((cem,), (from_layer(), from_layer("database", 1, DATABASE)))),
        ("the outer overrides lie on top", schedule(layer(DATABASE), overrides=(override("replace", *TUESDAY, ana, instead_of=cem),)), NOON,
         OnCall((ana,), (from_layer(), from_layer("database", 1, DATABASE), from_override("replace")))),
    ],
)  # fmt: skip
def test_a_nested_schedule(what: str, of: Schedule, instant: str, expected: OnCall) -> None:
    assert on_call_at(of, at=at(instant)) == expected, what


def test_a_nested_schedule_hands_off_within_the_turn_of_the_outer_one() -> None:
    halves = schedule(layer(bob, cem, rotation=every(12, "hour", "2026-01-06 06:00")), id="halves")
    tiles = render(schedule(layer(ana, halves, rotation=DAILY)), at(MONDAY[0]), at("2026-01-08"))
    assert shown(tiles) == [
        ("01-05 00:00", ["ana"]),
        ("01-06 00:00", ["cem"]),
        ("01-06 06:00", ["bob"]),
        ("01-06 18:00", ["cem"]),
        ("01-07 00:00", ["ana"]),
    ]


def test_a_schedule_knows_all_that_are_nested_in_it() -> None:
    assert nested_in(schedule(layer(DEEP), layer(ana, DATABASE))) == {DEEP.id, OFFICE_HOURS.id, DATABASE.id}
    assert nested_in(schedule(PAIR)) == frozenset()
