"""Schedules in the database: kept with every version, asked with one statement, told apart from their past."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.conftest import START
from tests.counting import counting

from oncall.kit.clock import ManualClock
from oncall.kit.errors import Stale
from oncall.kit.ids import ScheduleId, TeamId, UserId, new_id
from oncall.kit.references import InUse
from oncall.schedules.commands import get_outlook, get_shifts, load_schedules, next_handoff_many, on_call_many
from oncall.schedules.commands.editing import create_schedule, delete_schedule, edit_schedule, get_schedule, list_schedules
from oncall.schedules.commands.overrides import add_override, list_overrides, remove_override
from oncall.schedules.commands.unavailability import forget_user
from oncall.schedules.values import (
    AuthoredSchedule,
    Definition,
    InvalidSchedule,
    LayerDefinition,
    Override,
    OverrideIsOver,
    OverrideKind,
    Participant,
    ParticipantType,
    RotationDefinition,
    SourceKind,
    Unit,
    UnknownOverride,
    UnknownOwner,
    UnknownParticipants,
    UnknownSchedule,
)
from oncall.teams.commands import create_team, create_user, delete_user

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


async def user(tx: AsyncConnection, name: str, now: datetime) -> UserId:
    return (await create_user(tx, name=name, email=f"{name}@example.com", now=now)).id


def weekly(*users: UserId, starts: datetime, name: str = "weekly") -> LayerDefinition:
    participants = tuple(Participant(ParticipantType.USER, user) for user in users)
    return LayerDefinition(name, participants, rotation=RotationDefinition(Unit.WEEK, 1, starts.replace(tzinfo=None)))


@pytest.fixture
def began(clock: ManualClock) -> datetime:
    """Ten days ago the rotation began: now it is the second one's turn."""
    return clock.at.replace(microsecond=0) - 10 * DAY


@pytest.fixture
async def ana(tx: AsyncConnection, clock: ManualClock) -> UserId:
    return await user(tx, "ana", clock.at)


@pytest.fixture
async def bob(tx: AsyncConnection, clock: ManualClock) -> UserId:
    return await user(tx, "bob", clock.at)


@pytest.fixture
async def payments(tx: AsyncConnection, clock: ManualClock, ana: UserId, bob: UserId, began: datetime) -> AuthoredSchedule:
    """Ana and Bob, week by week."""
    definition = Definition("UTC", (weekly(ana, bob, starts=began),))
    return await create_schedule(tx, name="Payments", team_id=None, definition=definition, now=clock.at)


async def users_at(tx: AsyncConnection, schedule: AuthoredSchedule, at: datetime) -> tuple[UserId, ...]:
    return (await on_call_many(tx, [schedule.id], at=at))[schedule.id].users


async def test_a_schedule_is_read_as_it_was_written(tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule) -> None:
    assert await get_schedule(tx, payments.id, now=clock.at) == payments
    assert payments.definition.layers[0].id is not None
    assert list(await list_schedules(tx, now=clock.at)) == [payments]
    assert list(await list_schedules(tx, name="Payments", now=clock.at)) == [payments]
    assert list(await list_schedules(tx, name="payments", now=clock.at)) == []
    assert list(await list_schedules(tx, after=payments.id, now=clock.at)) == []


async def test_it_says_who_is_on_call_also_long_before_it_was_written(
    tx: AsyncConnection, payments: AuthoredSchedule, ana: UserId, bob: UserId, began: datetime
) -> None:
    assert await users_at(tx, payments, began) == (ana,)
    assert await users_at(tx, payments, began + WEEK) == (bob,)
    assert await users_at(tx, payments, began - 51 * WEEK) == (bob,)


async def test_any_number_of_schedules_is_asked_with_one_statement(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, began: datetime
) -> None:
    empty = await create_schedule(tx, name="Empty", team_id=None, definition=Definition("UTC", ()), now=clock.at)
    unknown = ScheduleId(new_id())
    async with counting(tx) as sent:
        on_call = await on_call_many(tx, [payments.id, empty.id, unknown, payments.id], at=began)
        handoffs = await next_handoff_many(tx, [payments.id, empty.id, unknown], at=began)
    assert len(sent) == 4, "one for schedules and one for unavailability, each time"
    assert set(on_call) == {payments.id, empty.id}
    assert (on_call[payments.id].schedule_name, on_call[payments.id].users) == ("Payments", (ana,))
    assert (on_call[empty.id].schedule_name, on_call[empty.id].users) == ("Empty", ())
    assert handoffs == {payments.id: began + WEEK, empty.id: None}
    assert await on_call_many(tx, [], at=began) == {}
    assert await next_handoff_many(tx, [], at=began) == {}


async def test_an_edit_is_in_force_from_now_on_and_not_before(
    *, tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, bob: UserId, began: datetime
) -> None:
    before = clock.at
    assert await users_at(tx, payments, before) == (bob,)
    clock.advance(HOUR)
    edited = await edit_schedule(tx, payments.id, {"layers": (weekly(ana, starts=began),)}, version=1, now=clock.at)
    assert edited.version == 2
    assert await get_schedule(tx, payments.id, now=clock.at) == edited
    assert await users_at(tx, payments, clock.at) == (ana,)
    assert await users_at(tx, payments, clock.at - timedelta(seconds=1)) == (bob,)
    tiles, coverage = await get_shifts(tx, payments.id, since=before, until=clock.at + HOUR)
    assert [(tile.start, tile.on_call.users) for tile in tiles] == [(before, (bob,)), (clock.at, (ana,))]
    assert coverage == 1.0


async def test_edits_of_one_second_all_count_and_the_last_wins(
    *, tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, bob: UserId, began: datetime
) -> None:
    clock.advance(timedelta(milliseconds=700))
    for number, order in enumerate([(ana,), (), (bob, ana)], start=1):
        await edit_schedule(tx, payments.id, {"layers": (weekly(*order, starts=began),)}, version=number, now=clock.at)
    assert await users_at(tx, payments, clock.at) == (ana,), "whoever is on call stays, where the order has them"


async def test_a_new_name_makes_no_new_version_of_the_definition(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule
) -> None:
    edited = await edit_schedule(tx, payments.id, {"name": "Money"}, version=None, now=clock.at)
    assert (edited.name, edited.version, edited.definition) == ("Money", 2, payments.definition)
    assert (await tx.execute(text("SELECT count(*) FROM schedule_versions"))).scalar_one() == 1


async def test_a_layer_that_keeps_its_name_keeps_its_id(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, bob: UserId, began: datetime
) -> None:
    layers = (weekly(bob, starts=began, name="backup"), weekly(bob, starts=began))
    edited = await edit_schedule(tx, payments.id, {"layers": layers}, version=1, now=clock.at)
    assert edited.definition.layers[1].id == payments.definition.layers[0].id != edited.definition.layers[0].id


async def test_a_stale_edit_is_refused(tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule) -> None:
    with pytest.raises(Stale):
        await edit_schedule(tx, payments.id, {"name": "Money"}, version=7, now=clock.at)


async def test_what_does_not_exist_is_said_by_its_id(tx: AsyncConnection, clock: ManualClock, ana: UserId, began: datetime) -> None:
    ghost = UserId(new_id())
    definition = Definition("UTC", (weekly(ana, ghost, starts=began),))
    with pytest.raises(UnknownParticipants, match=str(ghost)):
        await create_schedule(tx, name="x", team_id=None, definition=definition, now=clock.at)
    with pytest.raises(UnknownSchedule):
        await get_schedule(tx, ScheduleId(new_id()), now=clock.at)
    with pytest.raises(UnknownSchedule):
        await get_outlook(tx, ScheduleId(new_id()), at=clock.at)
    with pytest.raises(UnknownOwner):
        await create_schedule(tx, name="x", team_id=TeamId(new_id()), definition=Definition("UTC", ()), now=clock.at)


async def test_what_cannot_be_is_not_kept(tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule) -> None:
    layers = (LayerDefinition("x", (Participant(ParticipantType.GROUP),)),)
    with pytest.raises(InvalidSchedule):
        await edit_schedule(tx, payments.id, {"layers": layers}, version=1, now=clock.at)
    assert await get_schedule(tx, payments.id, now=clock.at) == payments


async def test_who_takes_part_cannot_be_deleted_until_the_schedule_is_edited(
    *, tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, bob: UserId, began: datetime
) -> None:
    with pytest.raises(InUse, match=r"User bob is still used by 1 schedule \(Payments\):"):
        await delete_user(tx, bob, now=START)
    clock.advance(HOUR)
    await edit_schedule(tx, payments.id, {"layers": (weekly(ana, starts=began),)}, version=1, now=clock.at)
    await delete_user(tx, bob, now=clock.at)
    await forget_user(tx, bob, now=clock.at)
    assert await users_at(tx, payments, clock.at - HOUR) == (bob,), "the past still knows who it was"


async def test_a_schedule_belongs_to_a_team_and_is_found_by_it(tx: AsyncConnection, clock: ManualClock) -> None:
    team = await create_team(tx, name="Payments", now=clock.at)
    schedule = await create_schedule(tx, name="x", team_id=team.id, definition=Definition("UTC", ()), now=clock.at)
    assert list(await list_schedules(tx, team_id=team.id, now=clock.at)) == [schedule]
    assert list(await list_schedules(tx, team_id=TeamId(new_id()), now=clock.at)) == []


async def test_a_deleted_schedule_is_gone_from_now_on(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, bob: UserId
) -> None:
    await cover(tx, payments, ana, clock.at, clock.at + HOUR)
    await delete_schedule(tx, payments.id, now=clock.at)
    assert await on_call_many(tx, [payments.id], at=clock.at) == {}
    assert await users_at(tx, payments, clock.at - HOUR) == (bob,), "its past can still be asked"
    with pytest.raises(UnknownSchedule):
        await delete_schedule(tx, payments.id, now=clock.at)


# --- overrides --------------------------------------------------------------------------------------------------------------


async def cover(tx: AsyncConnection, of: AuthoredSchedule, user_id: UserId, start: datetime, end: datetime, **more: object) -> Override:
    asked = {"kind": OverrideKind.COVER, "replaces_user_id": None, "now": start} | more
    return (await add_override(tx, of.id, user_id=user_id, start=start, end=end, **asked)).override


async def test_an_override_counts_in_its_interval_and_says_so(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, bob: UserId
) -> None:
    added = await cover(tx, payments, ana, clock.at + HOUR, clock.at + 2 * HOUR)
    assert [await users_at(tx, payments, clock.at + hours * HOUR) for hours in (0, 1, 2)] == [(bob,), (ana,), (bob,)]
    [source] = (await on_call_many(tx, [payments.id], at=clock.at + HOUR))[payments.id].sources
    assert (source.kind, source.id, source.name) == (SourceKind.OVERRIDE, added.id, "cover")
    outlook = await get_outlook(tx, payments.id, at=clock.at)
    assert outlook.end == clock.at + HOUR
    assert outlook.next is not None
    assert outlook.next.users == (ana,)


async def test_overrides_apply_in_the_order_of_their_creation(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, bob: UserId
) -> None:
    end = clock.at + HOUR
    await cover(tx, payments, ana, clock.at, end)
    await cover(tx, payments, bob, clock.at, end, kind=OverrideKind.REPLACE, replaces_user_id=ana)
    await cover(tx, payments, ana, clock.at, end, kind=OverrideKind.ADD)
    assert await users_at(tx, payments, clock.at) == (bob, ana)
    assert [one.override.kind.value for one in await list_overrides(tx, payments.id, now=clock.at)] == ["cover", "replace", "add"]


async def test_every_kind_is_read_as_it_was_written(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, bob: UserId
) -> None:
    written = [
        await cover(tx, payments, ana, clock.at, clock.at + HOUR, kind=kind, replaces_user_id=bob if kind is OverrideKind.REPLACE else None)
        for kind in OverrideKind
        if kind is not OverrideKind.CLEAR
    ]
    asked = {"start": clock.at, "end": clock.at + HOUR, "user_id": None, "replaces_user_id": None, "now": clock.at}
    written.append((await add_override(tx, payments.id, kind=OverrideKind.CLEAR, **asked)).override)
    assert [replace(one.override, seq=0) for one in await list_overrides(tx, payments.id, now=clock.at)] == written
    [loaded] = (await load_schedules(tx, [payments.id], since=clock.at, until=clock.at)).values()
    assert [replace(override, seq=0) for override in loaded.overrides] == written


async def test_only_overrides_that_touch_the_range_are_loaded(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId
) -> None:
    for days in range(10):
        await cover(tx, payments, ana, clock.at + days * DAY, clock.at + (days + 1) * DAY)
    [loaded] = (await load_schedules(tx, [payments.id], since=clock.at + 5 * DAY, until=clock.at + 5 * DAY)).values()
    assert len(loaded.overrides) == 1


async def test_a_running_override_that_is_taken_back_ends_now_and_one_to_come_is_gone(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId, bob: UserId
) -> None:
    running = await cover(tx, payments, ana, clock.at, clock.at + 2 * HOUR)
    to_come = await cover(tx, payments, ana, clock.at + 3 * HOUR, clock.at + 4 * HOUR)
    then, now = clock.at, clock.at + HOUR
    for override in (running, to_come):
        await remove_override(tx, payments.id, override.id, now=now)
    assert [await users_at(tx, payments, at) for at in (then, now, then + 3 * HOUR)] == [(ana,), (bob,), (bob,)]
    assert [override.id for override in await list_overrides(tx, payments.id, now=clock.at)] == [running.id]
    with pytest.raises(OverrideIsOver):
        await remove_override(tx, payments.id, running.id, now=now)
    with pytest.raises(UnknownOverride):
        await remove_override(tx, payments.id, to_come.id, now=now)


async def test_an_override_names_users_and_a_schedule_that_exist(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, ana: UserId
) -> None:
    ghost = UserId(new_id())
    with pytest.raises(UnknownParticipants, match=str(ghost)):
        await cover(tx, payments, ghost, clock.at, clock.at + HOUR)
    with pytest.raises(UnknownSchedule):
        await cover(tx, replace(payments, id=ScheduleId(new_id())), ana, clock.at, clock.at + HOUR)
    with pytest.raises(UnknownOverride):
        await remove_override(tx, ScheduleId(new_id()), (await cover(tx, payments, ana, clock.at, clock.at + HOUR)).id, now=clock.at)


async def test_the_overrides_of_a_deleted_user_go_and_the_layers_show_through(
    tx: AsyncConnection, clock: ManualClock, payments: AuthoredSchedule, bob: UserId
) -> None:
    cem = await user(tx, "cem", clock.at)
    await cover(tx, payments, cem, clock.at, clock.at + HOUR)
    await delete_user(tx, cem, now=clock.at)
    await forget_user(tx, cem, now=clock.at + HOUR / 2)
    assert await users_at(tx, payments, clock.at + HOUR / 2) == (bob,)
    assert await users_at(tx, payments, clock.at) == (cem,), "the past still knows who it was"
