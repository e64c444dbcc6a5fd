"""How an edited rotation goes on: whoever is on call stays through their turn, and no edit reaches back."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.schedules.building import NAMES, at, cem, uuid

from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.rules import continued, going_on, on_call_at, render, schedules_of, with_version
from oncall.schedules.values import (
    Continuation,
    DatedDefinition,
    Definition,
    LayerDefinition,
    LayerId,
    LoadedSchedule,
    OnCall,
    Participant,
    ParticipantType,
    RotationDefinition,
    Schedule,
    Unit,
    World,
)

ID = ScheduleId(uuid("schedule"))
STARTS = datetime(2026, 3, 2, 9)  # noqa: DTZ001 — a time on the wall
DAY = timedelta(days=1)
IDS = {name: user for user, name in NAMES.items()}
VACANT = Participant(ParticipantType.VACANT)


def participant(name: str) -> Participant:
    """A person, "-" for a vacant turn, or a group, "ana+bob"."""
    if "+" in name:
        return Participant(ParticipantType.GROUP, members=tuple(participant(one) for one in name.split("+")))
    return VACANT if name == "-" else Participant(ParticipantType.USER, IDS[name])


def rotating(names: str, *, unit: Unit = Unit.DAY, count: int = 1, starts: datetime = STARTS, zone: str = "UTC") -> Definition:
    rotation = RotationDefinition(unit, count, starts)
    layer = LayerDefinition("primary", tuple(participant(name) for name in names.split()), LayerId(uuid("layer")), rotation)
    return Definition(zone, (layer,))


def always(name: str) -> Definition:
    return Definition("UTC", (LayerDefinition("primary", (participant(name),), LayerId(uuid("layer"))),))


def edited(before: Definition, wanted: Definition, when: datetime, how: Continuation = Continuation.KEEP) -> Schedule:
    """Two versions: what was, and from `when` on what an author wants."""
    first = DatedDefinition(1, None, before)
    versions = with_version((first,), DatedDefinition(2, when, continued(wanted, before, at=when, how=how)))
    return built(versions)


def built(versions: tuple[DatedDefinition, ...]) -> Schedule:
    return schedules_of(World({ID: LoadedSchedule(ID, "Payments", versions, ())}), [ID])[ID]


def named(on_call: OnCall) -> str:
    return "+".join(NAMES[user] for user in on_call.users) or "-"


def turns(schedule: Schedule, when: datetime, *, unit: timedelta = DAY, count: int = 3) -> str:
    """Who has the running turn at an instant, and who the turns after it."""
    return " ".join(named(on_call_at(schedule, at=when + n * unit)) for n in range(count))


FOUR = "ana bob ana cem"


@pytest.mark.parametrize(
    ("what", "before", "day", "wanted", "goes_on"),
    [
        ("nothing changes", "ana bob cem", 1, "ana bob cem", "bob cem ana"),
        ("somebody who comes earlier is removed: nobody's turn changes", "ana bob cem", 1, "bob cem", "bob cem bob"),
        ("so with the last of three", "ana bob cem", 2, "bob cem", "cem bob cem"),
        ("somebody who comes later is removed", "ana bob cem", 1, "ana bob", "bob ana bob"),
        ("whoever is on call is removed: the next has the turn", "ana bob cem", 1, "ana cem", "cem ana cem"),
        ("the last in the list is: the next is the first", "ana bob cem", 2, "ana bob", "ana bob ana"),
        ("the next is gone too: the one after", "ana bob cem dee", 1, "ana dee", "dee ana dee"),
        ("somebody is added in front", "ana bob cem", 1, "dee ana bob cem", "bob cem dee"),
        ("somebody is added behind", "ana bob cem", 1, "ana bob cem dee", "bob cem dee"),
        ("somebody is added right behind", "ana bob cem", 1, "ana bob dee cem", "bob dee cem"),
        ("the order is turned round", "ana bob cem", 1, "cem bob ana", "bob ana cem"),
        ("long after the beginning", "ana bob cem", 1000, "dee ana bob cem", "bob cem dee"),
        ("before the beginning", "ana bob cem", -1, "ana cem", "cem ana cem"),
        ("all are new: the first has the turn of the anchor", "ana bob", 1, "cem dee", "dee cem dee"),
        ("who is there twice stays in the second of their turns", FOUR, 2, "bob ana ana cem", "ana cem bob"),
        ("and in the first", FOUR, 0, "bob ana ana cem", "ana ana cem"),
        ("of two turns the first is removed, in the second one", FOUR, 2, "bob ana cem", "ana cem bob"),
        ("of two turns the second is removed, in it", FOUR, 2, "ana bob cem", "ana bob cem"),
        ("a turn is added to somebody's only one", "ana bob cem", 0, "ana bob ana cem", "ana bob ana"),
        ("a vacant turn goes on as well", "ana - bob", 1, "dee ana - bob", "- bob dee"),
        ("a group does", "ana bob+cem dee", 1, "bob+cem dee", "bob+cem dee bob+cem"),
        ("who was alone in every turn stays", "ana", 5, "bob ana", "ana bob ana"),
        ("nobody is left: a gap", "ana bob", 1, "-", "- - -"),
    ],
)
def test_keep_leaves_whoever_is_on_call_in_their_turn(what: str, before: str, day: int, wanted: str, goes_on: str) -> None:
    when = at("2026-03-02 12:00") + day * DAY
    assert turns(edited(rotating(before), rotating(wanted), when), when) == goes_on, what


@pytest.mark.parametrize(
    ("what", "wanted", "unit", "goes_on"),
    [
        ("weeks instead of days", rotating("ana bob cem", unit=Unit.WEEK), 7 * DAY, "bob cem ana"),
        ("hours", rotating("ana bob cem", unit=Unit.HOUR, count=12), DAY / 2, "bob cem ana"),
        ("months", rotating("ana bob cem", unit=Unit.MONTH), 31 * DAY, "bob cem ana"),
        ("two days each", rotating("ana bob cem", count=2), 2 * DAY, "bob cem ana"),
        ("another time of day", rotating("ana bob cem", starts=STARTS + timedelta(hours=9)), DAY, "bob cem ana"),
        ("another beginning", rotating("ana bob cem", starts=STARTS + 200 * DAY), DAY, "bob cem ana"),
        ("another zone", rotating("ana bob cem", zone="Pacific/Auckland"), DAY, "bob cem ana"),
        ("all of it, and an order", rotating("cem dee bob", unit=Unit.WEEK, zone="Asia/Kathmandu"), 7 * DAY, "bob cem dee"),
    ],
)
def test_keep_leaves_them_when_the_rotation_itself_is_another(what: str, wanted: Definition, unit: timedelta, goes_on: str) -> None:
    when = at("2026-03-03 12:00")
    assert turns(edited(rotating("ana bob cem"), wanted, when), when, unit=unit) == goes_on, what


@pytest.mark.parametrize(
    ("what", "wanted", "goes_on"),
    [
        ("the first has the turn of the anchor", rotating("bob cem ana", starts=STARTS + DAY), "bob cem ana"),
        ("with the old anchor it is as if it had always been so", rotating("bob cem ana"), "cem ana bob"),
        ("the same order begins anew", rotating("ana bob cem", starts=STARTS + DAY), "ana bob cem"),
    ],
)
def test_restart_begins_with_the_first(what: str, wanted: Definition, goes_on: str) -> None:
    when = at("2026-03-03 12:00")
    assert turns(edited(rotating("ana bob cem"), wanted, when, Continuation.RESTART), when) == goes_on, what


def test_a_layer_that_was_not_there_begins_with_the_first() -> None:
    when, before = at("2026-03-03 12:00"), rotating("ana bob cem")
    other = replace(before, layers=(replace(before.layers[0], id=LayerId(uuid("another"))),))
    assert turns(edited(rotating("cem bob"), other, when), when) == "bob cem ana"
    assert continued(before, None, at=when, how=Continuation.KEEP) == before, "nor has a new schedule anything to keep"


def test_who_was_always_on_call_stays_when_they_come_to_take_turns_and_the_other_way_round() -> None:
    when = at("2026-03-03 12:00")
    assert turns(edited(always("cem"), rotating("ana bob cem"), when), when) == "cem ana bob"
    assert turns(edited(rotating("ana cem"), always("cem"), when), when) == "cem cem cem"


def test_removing_everybody_else_one_after_the_other_never_takes_the_turn_away() -> None:
    """The first edit is at the instant at which the turn begins."""
    versions: tuple[DatedDefinition, ...] = (DatedDefinition(1, None, rotating("ana bob cem dee")),)
    when = at("2026-03-04 09:00")
    for number, names in enumerate(("bob cem dee", "cem dee", "cem"), start=2):
        last = versions[-1].definition
        definition = continued(rotating(names), last, at=when, how=Continuation.KEEP)
        versions = with_version(versions, DatedDefinition(number, when, definition))
        assert on_call_at(built(versions), at=when).users == (cem,), names
        when += timedelta(hours=5)


# --- for any rotation -------------------------------------------------------------------------------------------------------

ORDERS = st.lists(st.sampled_from([*IDS, "-", "ana+bob"]), min_size=1, max_size=6).map(" ".join)
UNITS = st.sampled_from(Unit)
ZONES = st.sampled_from(("UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"))
WHEN = st.integers(0, 400 * 24 * 60).map(lambda minutes: at("2025-12-01 00:00") + timedelta(minutes=minutes))


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    starts = STARTS + timedelta(hours=draw(st.integers(-5000, 5000)))
    return rotating(draw(ORDERS), unit=draw(UNITS), count=draw(st.integers(1, 20)), starts=starts, zone=draw(ZONES))


@settings(max_examples=100)
@given(definitions(), definitions(), WHEN, st.sampled_from(Continuation))
def test_17_an_edit_changes_nothing_before_it(before: Definition, wanted: Definition, when: datetime, how: Continuation) -> None:
    since = when - 40 * DAY
    assert render(edited(before, wanted, when, how), since, when) == render(built((DatedDefinition(1, None, before),)), since, when)


@settings(max_examples=100)
@given(definitions(), definitions(), WHEN)
def test_17_keep_leaves_whoever_is_on_call_if_they_still_take_part(before: Definition, wanted: Definition, when: datetime) -> None:
    running = on_call_at(built((DatedDefinition(1, None, before),)), at=when).users
    turn = "+".join(NAMES[user] for user in running) or "-"
    if participant(turn) in wanted.layers[0].participants:
        assert on_call_at(edited(before, wanted, when), at=when).users == running


@settings(max_examples=50)
@given(definitions(), WHEN, st.lists(WHEN, max_size=4))
def test_17_an_edit_that_changes_nothing_changes_nothing_for_ever(definition: Definition, when: datetime, others: list[datetime]) -> None:
    whole = edited(definition, definition, when)
    for instant in others:
        before: tuple[UserId, ...] = on_call_at(built((DatedDefinition(1, None, definition),)), at=instant).users
        assert on_call_at(whole, at=instant).users == before


@pytest.mark.parametrize(
    ("what", "before", "wanted", "goes_on"),
    [
        ("somebody joins the group", "ana+bob cem dee", "ana+bob+dee cem dee", "ana+bob+dee cem dee"),
        ("somebody leaves it", "ana+bob cem dee", "ana cem dee", "ana cem dee"),
        ("a person becomes a group", "ana cem dee", "cem ana+bob dee", "ana+bob dee cem"),
        ("nobody of it stays", "ana+bob cem dee", "cem dee", "cem dee cem"),
    ],
)
def test_a_group_that_changes_keeps_its_turn_while_somebody_stays(what: str, before: str, wanted: str, goes_on: str) -> None:
    when = at("2026-03-02 12:00")
    assert turns(edited(rotating(before), rotating(wanted), when), when) == goes_on, what


def test_a_version_that_is_to_come_goes_on_from_what_then_comes_before_it() -> None:
    coming = DatedDefinition(2, at("2026-03-05 12:00"), rotating("ana bob cem dee"))
    versions = (DatedDefinition(1, None, rotating("cem bob ana")), coming)
    when = at("2026-03-05 12:00")
    before = turns(built(versions[:1]), when, count=1)
    assert turns(built(versions), when, count=1) != before, "written when another order was in force"
    assert turns(built(going_on(versions, after=at("2026-03-04"))), when, count=1) == before
    restarted = (versions[0], replace(coming, continuation=Continuation.RESTART))
    assert going_on(restarted, after=at("2026-03-04")) == restarted
