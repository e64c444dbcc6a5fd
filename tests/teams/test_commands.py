"""Users and teams in the database."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.conftest import START

from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.errors import Stale
from oncall.kit.ids import PolicyId, ScheduleId, TeamId, UserId, new_id
from oncall.kit.references import InUse
from oncall.teams.commands import (
    create_team,
    create_user,
    delete_team,
    delete_user,
    edit_team,
    edit_user,
    get_team,
    get_teams,
    get_user,
    get_users,
    list_members,
    remove_member,
    set_member,
)
from oncall.teams.values import (
    EmailTaken,
    Member,
    NotAMember,
    OrgRole,
    Team,
    TeamNameTaken,
    TeamRole,
    UnknownFallbackPolicy,
    UnknownMember,
    UnknownTeam,
    UnknownTeamSchedule,
    UnknownUser,
    User,
)


async def ana(tx: AsyncConnection, clock: ManualClock, email: str = "ana@example.com") -> User:
    return await create_user(tx, name="Ana", email=email, time_zone="Europe/Lisbon", org_roles=(OrgRole.OWNER,), now=clock.at)


async def test_what_was_created_is_read_back(tx: AsyncConnection, clock: ManualClock) -> None:
    user = await ana(tx, clock)
    assert await get_user(tx, user.id) == user
    team = await create_team(tx, name="Payments", now=clock.at)
    assert await get_team(tx, team.id) == team == Team(team.id, "Payments", None, None, clock.at)


async def test_many_are_read_at_once_and_the_missing_are_absent(tx: AsyncConnection, clock: ManualClock) -> None:
    one, two = await ana(tx, clock), await ana(tx, clock, "other@example.com")
    assert await get_users(tx, [one.id, two.id, one.id, UserId(new_id())]) == {one.id: one, two.id: two}
    team = await create_team(tx, name="Payments", now=clock.at)
    assert await get_teams(tx, [team.id, TeamId(new_id())]) == {team.id: team}
    assert await get_users(tx, []) == {}


async def test_an_email_belongs_to_one_user_in_whatever_case(tx: AsyncConnection, clock: ManualClock) -> None:
    await ana(tx, clock)
    with pytest.raises(EmailTaken):
        await ana(tx, clock, "ANA@example.com")


async def test_an_edit_cannot_take_somebody_elses_email(tx: AsyncConnection, clock: ManualClock) -> None:
    await ana(tx, clock)
    other = await ana(tx, clock, "other@example.com")
    with pytest.raises(EmailTaken):
        await edit_user(tx, other.id, {"email": "Ana@example.com"}, version=1)


async def test_team_names_are_unique(tx: AsyncConnection, clock: ManualClock) -> None:
    await create_team(tx, name="Payments", now=clock.at)
    with pytest.raises(TeamNameTaken):
        await create_team(tx, name="Payments", now=clock.at)


async def test_an_edit_changes_what_it_names_and_raises_the_version(tx: AsyncConnection, clock: ManualClock) -> None:
    user = await ana(tx, clock)
    edited = await edit_user(tx, user.id, {"name": "Ana Lima"}, version=1)
    assert edited == User(user.id, "Ana Lima", user.email, user.time_zone, user.org_roles, user.created_at, 2)
    assert await get_user(tx, user.id) == edited


async def test_an_edit_of_an_old_version_is_refused(tx: AsyncConnection, clock: ManualClock) -> None:
    user = await ana(tx, clock)
    await edit_user(tx, user.id, {"name": "Ana Lima"}, version=1)
    with pytest.raises(Stale, match="version 2"):
        await edit_user(tx, user.id, {"name": "Anna"}, version=1)
    assert (await edit_user(tx, user.id, {"name": "Anna"}, version=None)).version == 3


async def somebody_waits_for_a_lock(database: Database) -> None:
    waiting = text("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())")
    async with asyncio.timeout(5):
        while True:
            async with database.transaction() as tx:
                if (await tx.execute(waiting)).scalar_one():
                    return


async def test_of_two_edits_at_once_that_saw_the_same_version_one_wins(database: Database, clock: ManualClock) -> None:
    async with database.transaction() as tx:
        user = await ana(tx, clock)

    async def edit(name: str) -> User:
        async with database.transaction() as tx:
            return await edit_user(tx, user.id, {"name": name}, version=1)

    async with database.transaction() as tx:
        await edit_user(tx, user.id, {"name": "Ana Lima"}, version=1)
        second = asyncio.create_task(edit("Anna"))
        await somebody_waits_for_a_lock(database)
    with pytest.raises(Stale, match="version 2"):
        await second


async def test_a_team_cannot_point_at_a_schedule_that_does_not_exist(tx: AsyncConnection, clock: ManualClock) -> None:
    with pytest.raises(UnknownTeamSchedule):
        await create_team(tx, name="Payments", schedule_id=ScheduleId(new_id()), now=clock.at)


async def test_a_team_cannot_point_at_a_policy_that_does_not_exist(tx: AsyncConnection, clock: ManualClock) -> None:
    team = await create_team(tx, name="Payments", now=clock.at)
    with pytest.raises(UnknownFallbackPolicy):
        await edit_team(tx, team.id, {"fallback_policy_id": PolicyId(new_id())}, version=None)


async def test_members_join_change_roles_and_leave(tx: AsyncConnection, clock: ManualClock) -> None:
    user, team = await ana(tx, clock), await create_team(tx, name="Payments", now=clock.at)
    await set_member(tx, team.id, user.id, TeamRole.RESPONDER)
    await set_member(tx, team.id, user.id, TeamRole.MANAGER)
    assert await list_members(tx, team.id) == [Member(user.id, "Ana", TeamRole.MANAGER)]
    await remove_member(tx, team.id, user.id)
    assert await list_members(tx, team.id) == []
    with pytest.raises(NotAMember):
        await remove_member(tx, team.id, user.id)


async def test_nobody_unknown_joins_a_team(tx: AsyncConnection, clock: ManualClock) -> None:
    team = await create_team(tx, name="Payments", now=clock.at)
    with pytest.raises(UnknownMember):
        await set_member(tx, team.id, UserId(new_id()), TeamRole.RESPONDER)


async def test_nobody_joins_an_unknown_team(tx: AsyncConnection, clock: ManualClock) -> None:
    user = await ana(tx, clock)
    with pytest.raises(UnknownTeam):
        await set_member(tx, TeamId(new_id()), user.id, TeamRole.RESPONDER)


async def test_a_deleted_user_leaves_their_teams(tx: AsyncConnection, clock: ManualClock) -> None:
    user, team = await ana(tx, clock), await create_team(tx, name="Payments", now=clock.at)
    await set_member(tx, team.id, user.id, TeamRole.RESPONDER)
    await delete_user(tx, user.id, now=START)
    assert await list_members(tx, team.id) == []
    with pytest.raises(UnknownUser):
        await delete_user(tx, user.id, now=START)


async def test_who_is_counted_on_is_not_deleted_and_the_refusal_says_by_what(tx: AsyncConnection, clock: ManualClock) -> None:
    user, team = await ana(tx, clock), await create_team(tx, name="Payments", now=clock.at)
    await tx.execute(text("CREATE TABLE rota (user_id uuid REFERENCES users, team_id uuid REFERENCES teams)"))
    await tx.execute(text("INSERT INTO rota VALUES (:user, :team)"), {"user": user.id, "team": team.id})
    with pytest.raises(InUse, match=r"User Ana is still used by 1 rota"):
        await delete_user(tx, user.id, now=START)
    with pytest.raises(InUse, match=r"Team Payments is still used by 1 rota"):
        await delete_team(tx, team.id)
    await tx.execute(text("DELETE FROM rota"))
    await delete_user(tx, user.id, now=START)
    await delete_team(tx, team.id)
