from dataclasses import replace
from datetime import datetime, time

import pytest
from tests.schedules.building import DAYS, NEW_YORK, ana, at, bob, cem, every, t, uuid

from oncall.kit.errors import Invalid
from oncall.kit.zones import UnknownZone
from oncall.schedules.rules import check, layers_of, users_of, with_ids
from oncall.schedules.values import (
    Arithmetic,
    Definition,
    InvalidSchedule,
    Layer,
    LayerDefinition,
    LayerId,
    Participant,
    ParticipantType,
    Restriction,
    RestrictionType,
    Rotation,
    RotationDefinition,
    ShiftDefinition,
    TurnCounting,
    Unit,
    Weekday,
    Window,
)

HOUR = 3600
FRIDAY, MONDAY = Weekday.FRIDAY, Weekday.MONDAY
ANA, BOB = (Participant(ParticipantType.USER, user) for user in (ana, bob))
VACANT = Participant(ParticipantType.VACANT)
WEEKLY = RotationDefinition(Unit.WEEK, 1, datetime.fromisoformat("2026-01-05T09:00:00"))
WRITTEN = LayerDefinition("weekly", (ANA, BOB), LayerId(uuid("layer weekly")), WEEKLY)


def definition(*layers: LayerDefinition, zone: str = NEW_YORK) -> Definition:
    return Definition(zone, layers)


def daily(start: str, end: str) -> Restriction:
    return Restriction(RestrictionType.DAILY, time.fromisoformat(start), time.fromisoformat(end))


def weekly(start_day: Weekday, start: str, end_day: Weekday, end: str) -> Restriction:
    return Restriction(RestrictionType.WEEKLY, time.fromisoformat(start), time.fromisoformat(end), start_day, end_day)


def every_day(start: int, length: int) -> tuple[Window, ...]:
    return tuple(Window(day, start, length) for day in range(7))


SHIFT = ShiftDefinition(at("2026-01-05"), at("2026-01-06"), (ana,))
FIXED = {"participants": (), "rotation": None}
ACTIVE = RotationDefinition(Unit.DAY, 2, WEEKLY.starts_at, Arithmetic.WALL, TurnCounting.ACTIVE, (MONDAY, FRIDAY))
OFFICE = daily("09:00", "17:00")


def test_a_layer_takes_zone_and_precedence_from_its_schedule_and_position() -> None:
    [first, second] = layers_of(definition(WRITTEN, replace(WRITTEN, name="night", time_zone="Asia/Tokyo", precedence=7)))
    assert first == Layer(WRITTEN.id, "weekly", NEW_YORK, 0, ((ana,), (bob,)), every(1, "week", "2026-01-05 09:00"))
    assert (second.zone, second.precedence) == ("Asia/Tokyo", 7)
    assert [layer.precedence for layer in layers_of(definition(WRITTEN, WRITTEN))] == [0, 1]


def test_a_group_is_one_turn_without_repetition_and_a_vacant_turn_is_nobody() -> None:
    group = Participant(ParticipantType.GROUP, members=(ANA, BOB, ANA))
    [layer] = layers_of(definition(replace(WRITTEN, participants=(group, VACANT, BOB))))
    assert layer.turns == ((ana, bob), (), (bob,))


def test_bounds_are_instants() -> None:
    [layer] = layers_of(definition(replace(WRITTEN, effective_from=at("2026-02-01"), effective_until=at("2026-03-01"))))
    assert (layer.start, layer.end) == (t("2026-02-01"), t("2026-03-01"))


@pytest.mark.parametrize(
    ("what", "written", "expected"),
    [
        ("elapsed hours", RotationDefinition(Unit.HOUR, 12, WEEKLY.starts_at, Arithmetic.ELAPSED),
         every(12, "hour", "2026-01-05 09:00", arithmetic="elapsed")),
        ("active days", RotationDefinition(Unit.DAY, 3, WEEKLY.starts_at, Arithmetic.WALL, TurnCounting.ACTIVE, (FRIDAY, MONDAY)),
         every(3, "day", "2026-01-05 09:00", active="mon fri")),
        ("no active days is as good as none said", RotationDefinition(Unit.DAY, 3, WEEKLY.starts_at, active_days=()),
         every(3, "day", "2026-01-05 09:00")),
    ],
)  # fmt: skip
def test_rotations(what: str, written: RotationDefinition, expected: Rotation) -> None:
    of = definition(replace(WRITTEN, rotation=written))
    check(of)
    assert layers_of(of)[0].rotation == expected, what


@pytest.mark.parametrize(
    ("what", "restrictions", "expected"),
    [
        ("no restrictions is always", None, None),
        ("an empty list is never", (), ()),
        ("a daily restriction is seven windows", (daily("09:00", "17:00"),), every_day(9 * HOUR, 8 * HOUR)),
        ("an end before the start is on the next day", (daily("22:00", "06:00"),), every_day(22 * HOUR, 8 * HOUR)),
        ("equal times are 24 hours", (daily("09:00", "09:00"),), every_day(9 * HOUR, 24 * HOUR)),
        ("a weekly restriction is one window", (weekly(MONDAY, "09:00", FRIDAY, "17:00"),), (Window(0, 9 * HOUR, 104 * HOUR),)),
        ("it may go over the end of the week", (weekly(FRIDAY, "17:00", MONDAY, "09:00"),), (Window(4, 17 * HOUR, 64 * HOUR),)),
        ("or within a day", (weekly(FRIDAY, "09:00", FRIDAY, "17:00"),), (Window(4, 9 * HOUR, 8 * HOUR),)),
        ("almost a week", (weekly(FRIDAY, "17:00", FRIDAY, "09:00"),), (Window(4, 17 * HOUR, 160 * HOUR),)),
        ("equal ends are the whole week", (weekly(FRIDAY, "17:00", FRIDAY, "17:00"),), (Window(4, 17 * HOUR, 168 * HOUR),)),
    ],
)  # fmt: skip
def test_restrictions(what: str, restrictions: tuple[Restriction, ...] | None, expected: tuple[Window, ...] | None) -> None:
    of = definition(replace(WRITTEN, restrictions=restrictions))
    check(of)
    assert layers_of(of)[0].windows == expected, what


def test_everybody_who_takes_part() -> None:
    group = Participant(ParticipantType.GROUP, members=(BOB, Participant(ParticipantType.USER, cem)))
    assert users_of(definition(WRITTEN, replace(WRITTEN, participants=(group, VACANT)))) == {ana, bob, cem}


@pytest.mark.parametrize(
    ("what", "changes", "sentence"),
    [
        ("fixed shifts and a rotation", {"shifts": (SHIFT,)}, "either fixed shifts, or participants"),
        ("a shift that ends before it starts", {**FIXED, "shifts": (replace(SHIFT, end=at("2026-01-01")),)}, "must end later"),
        ("a shift of nobody", {**FIXED, "shifts": (replace(SHIFT, user_ids=()),)}, "needs somebody"),
        ("an empty group", {"participants": (Participant(ParticipantType.GROUP),)}, "a group needs members"),
        ("several participants and no rotation", {"rotation": None}, "several participants need a rotation"),
        ("bounds the wrong way round", {"effective_from": at("2026-02-01"), "effective_until": at("2026-02-01")}, "must be later"),
        ("an anchor with an offset", {"rotation": replace(WEEKLY, starts_at=at("2026-01-05"))}, "without an offset"),
        ("an anchor before our time", {"rotation": replace(WEEKLY, starts_at=datetime.fromisoformat("1960-01-01"))}, "between 1971"),
        ("a turn of nothing", {"rotation": replace(WEEKLY, count=0)}, "between 1 and 1000"),
        ("elapsed weeks", {"rotation": replace(WEEKLY, arithmetic=Arithmetic.ELAPSED)}, "for the unit hour"),
        ("days that count, where all do", {"rotation": replace(WEEKLY, active_days=(MONDAY,))}, "go with turn_counting active"),
        ("weeks of active days", {"rotation": replace(ACTIVE, unit=Unit.WEEK)}, "for the unit day"),
        ("an anchor on a day that does not count", {"rotation": replace(ACTIVE, active_days=(FRIDAY,))}, "must fall on one of"),
        ("no day counts", {"rotation": replace(ACTIVE, active_days=None)}, "must fall on one of"),
        ("a weekly restriction without days", {"restrictions": (replace(OFFICE, type=RestrictionType.WEEKLY),)}, "needs start_day"),
    ],
)  # fmt: skip
def test_what_cannot_be_says_so(what: str, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidSchedule, match=f"Layer 2 \\(weekly\\): .*{sentence}"):
        check(definition(replace(WRITTEN, id=None), replace(WRITTEN, **changes)))


def test_a_zone_that_does_not_exist_is_refused_wherever_it_stands() -> None:
    for of in (definition(zone="Mars/Olympus"), definition(replace(WRITTEN, time_zone="Mars/Olympus"))):
        with pytest.raises(UnknownZone):
            check(of)


def test_two_layers_cannot_have_one_id() -> None:
    with pytest.raises(Invalid, match="same id"):
        check(definition(WRITTEN, WRITTEN))


def test_a_layer_keeps_its_id_by_id_or_by_name_and_a_new_one_gets_a_fresh_one() -> None:
    before = definition(replace(WRITTEN, name="day"), replace(WRITTEN, name="night", id=LayerId(uuid("night"))))
    after = definition(*(LayerDefinition(name, ()) for name in ("night", "weekend")), replace(before.layers[0], name="daytime"))
    fresh = [LayerId(uuid(name)) for name in DAYS[:3]]
    assert [layer.id for layer in with_ids(after, before, fresh).layers] == [uuid("night"), uuid("tue"), before.layers[0].id]


def test_of_two_layers_with_one_name_only_the_first_takes_the_old_id() -> None:
    after = definition(LayerDefinition("weekly", ()), LayerDefinition("weekly", ()))
    fresh = [LayerId(uuid(name)) for name in DAYS[:2]]
    assert [layer.id for layer in with_ids(after, definition(WRITTEN), fresh).layers] == [WRITTEN.id, uuid("tue")]
