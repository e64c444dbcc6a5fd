"""What can be done with users and teams."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import PolicyId, ScheduleId, TeamId, UserId, new_id
from oncall.kit.references import check_unused, used_by
from oncall.teams import store
from oncall.teams.rules import check_version
from oncall.teams.values import (
    Member,
    NotAMember,
    OrgRole,
    QuietHours,
    Team,
    TeamChanges,
    TeamRole,
    UnknownTeam,
    UnknownUser,
    User,
    UserChanges,
)

EVERY_TEAM = 1_000_000
"""More than anybody has."""


async def get_users(tx: AsyncConnection, ids: Iterable[UserId]) -> Mapping[UserId, User]:
    """Those of the users that exist, with one statement for any number."""
    return await store.get_users(tx, ids)


async def user_names(tx: AsyncConnection) -> Mapping[UserId, str]:
    """The name of everybody, for what is kept in memory; of those who were removed as well."""
    return await store.all_names(tx)


async def names_of(tx: AsyncConnection, ids: Iterable[UserId]) -> Mapping[UserId, str]:
    """The names of these people; of those who were removed as well, who are marked."""
    return await store.names_of(tx, ids)


async def hold_users(tx: AsyncConnection, ids: Iterable[UserId]) -> Sequence[UserId]:
    """Those of the users that exist; none of them can be removed before this is committed."""
    return await store.hold_users(tx, ids)


async def directory(tx: AsyncConnection) -> Sequence[tuple[UserId, str, str]]:
    """Everybody's id, name and e-mail address, to find out whom the words of others mean."""
    return await store.directory(tx)


async def get_user(tx: AsyncConnection, id: UserId) -> User:
    user = (await store.get_users(tx, [id])).get(id)
    if user is None:
        raise UnknownUser
    return user


async def list_users(tx: AsyncConnection, *, after: UUID | None = None, limit: int = 100, email: str | None = None) -> Sequence[User]:
    """In order of creation; with an `email` at most the one user who has it, in whatever case."""
    return await store.list_users(tx, after=after, limit=limit, email=email)


async def create_user(
    tx: AsyncConnection, *, name: str, email: str, time_zone: str = "UTC", org_roles: tuple[OrgRole, ...] = (), now: datetime
) -> User:
    user = User(UserId(new_id()), name, email, time_zone, org_roles, now)
    await store.add_user(tx, user)
    return user


async def edit_user(tx: AsyncConnection, id: UserId, changes: UserChanges, *, version: int | None) -> User:
    """Change what `changes` names, if `version` is still the current one (None: whichever is)."""
    user = await store.lock_user(tx, id)
    if user is None:
        raise UnknownUser
    check_version(user.version, version)
    edited = replace(user, **changes, version=user.version + 1)
    await store.save_user(tx, edited)
    return edited


async def set_quiet_hours(tx: AsyncConnection, id: UserId, quiet_hours: QuietHours | None) -> User:
    """When a person is not paged at low urgency; None: never. Theirs alone, so it raises no version of their account."""
    user = await store.lock_user(tx, id)
    if user is None:
        raise UnknownUser
    await store.save_quiet_hours(tx, id, quiet_hours)
    return replace(user, quiet_hours=quiet_hours)


async def delete_user(tx: AsyncConnection, id: UserId, *, now: datetime) -> None:
    """Delete a person with their contact methods, keys and memberships; refused while a schedule or policy counts on them."""
    user = await store.lock_user(tx, id)
    if user is None:
        raise UnknownUser
    check_unused(f"User {user.name}", await used_by(tx, "users", id))
    await store.delete_user(tx, user, now=now)


async def get_teams(tx: AsyncConnection, ids: Iterable[TeamId]) -> Mapping[TeamId, Team]:
    """Those of the teams that exist, with one statement for any number."""
    return await store.get_teams(tx, ids)


async def all_teams(tx: AsyncConnection) -> Mapping[TeamId, Team]:
    """Every team, for what is kept in memory."""
    return {team.id: team for team in await list_teams(tx, limit=EVERY_TEAM)}


async def schedules_of_teams(tx: AsyncConnection) -> Mapping[TeamId, ScheduleId | None]:
    """Of every team the schedule that says who is on call for it, if it has one."""
    return {id: team.schedule_id for id, team in (await all_teams(tx)).items()}


async def get_team(tx: AsyncConnection, id: TeamId) -> Team:
    team = (await store.get_teams(tx, [id])).get(id)
    if team is None:
        raise UnknownTeam
    return team


async def list_teams(tx: AsyncConnection, *, after: UUID | None = None, limit: int = 100, name: str | None = None) -> Sequence[Team]:
    """In order of creation; with a `name` at most the one team that has exactly this name."""
    return await store.list_teams(tx, after=after, limit=limit, name=name)


async def create_team(
    tx: AsyncConnection, *, name: str, schedule_id: ScheduleId | None = None, fallback_policy_id: PolicyId | None = None, now: datetime
) -> Team:
    team = Team(TeamId(new_id()), name, schedule_id, fallback_policy_id, now)
    await store.add_team(tx, team)
    return team


async def edit_team(tx: AsyncConnection, id: TeamId, changes: TeamChanges, *, version: int | None) -> Team:
    """Change what `changes` names, if `version` is still the current one (None: whichever is)."""
    team = await store.lock_team(tx, id)
    if team is None:
        raise UnknownTeam
    check_version(team.version, version)
    edited = replace(team, **changes, version=team.version + 1)
    await store.save_team(tx, edited)
    return edited


async def delete_team(tx: AsyncConnection, id: TeamId) -> None:
    """Delete a team and its memberships; refused while it still owns something."""
    team = await store.lock_team(tx, id)
    if team is None:
        raise UnknownTeam
    check_unused(f"Team {team.name}", await used_by(tx, "teams", id))
    await store.delete_team(tx, id)


async def list_members(tx: AsyncConnection, team_id: TeamId, *, after: UUID | None = None, limit: int = 100) -> Sequence[Member]:
    await get_team(tx, team_id)
    return await store.list_members(tx, team_id, after=after, limit=limit)


async def responders_of(tx: AsyncConnection, team_ids: Iterable[TeamId]) -> Mapping[TeamId, tuple[UserId, ...]]:
    """Whom a page to each of these teams reaches when it has no schedule: its responders and managers."""
    found: dict[TeamId, tuple[UserId, ...]] = {}
    for team, user in await store.list_responders(tx, team_ids):
        found[team] = (*found.get(team, ()), user)
    return found


async def teams_of(tx: AsyncConnection, user_id: UserId) -> Sequence[TeamId]:
    """The teams somebody is in, whatever their role."""
    return await store.teams_of(tx, user_id)


async def member_ids(tx: AsyncConnection, team_id: TeamId) -> set[UserId]:
    """Everybody in a team, whatever their role."""
    return await store.member_ids(tx, team_id)


async def manages(tx: AsyncConnection, team_id: TeamId, user_id: UserId) -> bool:
    return await store.manages(tx, team_id, user_id)


async def set_member(tx: AsyncConnection, team_id: TeamId, user_id: UserId, role: TeamRole) -> Member:
    """Make this user a member with this role, whether or not they were one before."""
    await store.save_member(tx, team_id, user_id, role)
    return Member(user_id, (await get_user(tx, user_id)).name, role)


async def remove_member(tx: AsyncConnection, team_id: TeamId, user_id: UserId) -> None:
    if not await store.delete_member(tx, team_id, user_id):
        raise NotAMember
