"""Every SQL statement about users, teams and memberships."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import PolicyId, ScheduleId, TeamId, UserId
from oncall.kit.references import refusing
from oncall.kit.relying import Lookup
from oncall.teams.values import (
    EmailTaken,
    Member,
    OrgRole,
    QuietHours,
    Team,
    TeamNameTaken,
    TeamRole,
    UnknownFallbackPolicy,
    UnknownMember,
    UnknownTeam,
    UnknownTeamSchedule,
    User,
)

REFUSALS = {
    "users_email_key": EmailTaken,
    "teams_name_key": TeamNameTaken,
    "teams_schedule_id_fkey": UnknownTeamSchedule,
    "teams_fallback_policy_id_fkey": UnknownFallbackPolicy,
    "team_members_user_id_fkey": UnknownMember,
    "team_members_team_id_fkey": UnknownTeam,
}

GET_USERS = Lookup(
    """
    SELECT id, name, email, time_zone, org_roles, created_at, version, quiet_hours::text AS quiet_hours FROM users WHERE id = ANY(:ids)
""",
    ids="ids",
    column="id",
)
NAMES = text("SELECT id, name FROM users UNION ALL SELECT id, name || ' (removed)' FROM former_users")
NAMES_OF = text("""
    SELECT id, name FROM users WHERE id = ANY(:ids) UNION ALL SELECT id, name || ' (removed)' FROM former_users WHERE id = ANY(:ids)
""")
ADD_FORMER = text("INSERT INTO former_users (id, name, removed_at) VALUES (:id, :name, :now)")
HOLD_USERS = text("SELECT id FROM users WHERE id = ANY(:ids) ORDER BY id FOR KEY SHARE")
DIRECTORY = text("SELECT id, name, email FROM users ORDER BY id")
LOCK_USER = text("""
    SELECT id, name, email, time_zone, org_roles, created_at, version, quiet_hours::text AS quiet_hours FROM users
    WHERE id = :id FOR NO KEY UPDATE
""")
LIST_USERS = text("""
    SELECT id, name, email, time_zone, org_roles, created_at, version, quiet_hours::text AS quiet_hours FROM users
    WHERE (CAST(:after AS uuid) IS NULL OR id > :after) AND (CAST(:email AS text) IS NULL OR lower(email) = lower(:email))
    ORDER BY id LIMIT :limit
""")
ADD_USER = text("""
    INSERT INTO users (id, name, email, time_zone, org_roles, created_at, version)
    VALUES (:id, :name, :email, :time_zone, :org_roles, :created_at, :version)
""")
SAVE_USER = text("""
    UPDATE users SET name = :name, email = :email, time_zone = :time_zone, org_roles = :org_roles, version = :version WHERE id = :id
""")
SAVE_QUIET_HOURS = text("UPDATE users SET quiet_hours = CAST(:quiet_hours AS jsonb) WHERE id = :id")
DELETE_USER = text("DELETE FROM users WHERE id = :id")

GET_TEAMS = Lookup(
    "SELECT id, name, schedule_id, fallback_policy_id, created_at, version FROM teams WHERE id = ANY(:ids)", ids="ids", column="id"
)
LOCK_TEAM = text("SELECT id, name, schedule_id, fallback_policy_id, created_at, version FROM teams WHERE id = :id FOR NO KEY UPDATE")
LIST_TEAMS = text("""
    SELECT id, name, schedule_id, fallback_policy_id, created_at, version FROM teams
    WHERE (CAST(:after AS uuid) IS NULL OR id > :after) AND (CAST(:name AS text) IS NULL OR name = :name)
    ORDER BY id LIMIT :limit
""")
ADD_TEAM = text("""
    INSERT INTO teams (id, name, schedule_id, fallback_policy_id, created_at, version)
    VALUES (:id, :name, :schedule_id, :fallback_policy_id, :created_at, :version)
""")
SAVE_TEAM = text("""
    UPDATE teams SET name = :name, schedule_id = :schedule_id, fallback_policy_id = :fallback_policy_id, version = :version
    WHERE id = :id
""")
DELETE_TEAM = text("DELETE FROM teams WHERE id = :id")

TEAMS_OF = text("SELECT team_id FROM team_members WHERE user_id = :user_id ORDER BY team_id")
LIST_MEMBERS = text("""
    SELECT u.id, u.name, m.role FROM team_members m JOIN users u ON u.id = m.user_id
    WHERE m.team_id = :team_id AND (CAST(:after AS uuid) IS NULL OR m.user_id > :after)
    ORDER BY m.user_id LIMIT :limit
""")
RESPONDERS = text("""
    SELECT team_id, user_id FROM team_members WHERE team_id = ANY(:team_ids) AND role IN ('manager', 'responder') ORDER BY team_id, user_id
""")
MEMBERS = text("SELECT user_id FROM team_members WHERE team_id = :team_id")
IS_MANAGER = text("SELECT 1 FROM team_members WHERE team_id = :team_id AND user_id = :user_id AND role = 'manager'")
SAVE_MEMBER = text("""
    INSERT INTO team_members (team_id, user_id, role) VALUES (:team_id, :user_id, :role)
    ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role
""")
DELETE_MEMBER = text("DELETE FROM team_members WHERE team_id = :team_id AND user_id = :user_id")


async def get_users(tx: AsyncConnection, ids: Iterable[UserId]) -> dict[UserId, User]:
    return {user.id: user for user in map(_user, await tx.execute(GET_USERS, {"ids": list(set(ids))}))}


async def all_names(tx: AsyncConnection) -> dict[UserId, str]:
    return {UserId(row.id): row.name for row in await tx.execute(NAMES)}


async def names_of(tx: AsyncConnection, ids: Iterable[UserId]) -> dict[UserId, str]:
    return {UserId(row.id): row.name for row in await tx.execute(NAMES_OF, {"ids": list(set(ids))})}


async def hold_users(tx: AsyncConnection, ids: Iterable[UserId]) -> list[UserId]:
    return [UserId(row.id) for row in await tx.execute(HOLD_USERS, {"ids": list(set(ids))})]


async def directory(tx: AsyncConnection) -> list[tuple[UserId, str, str]]:
    return [(UserId(row.id), row.name, row.email) for row in await tx.execute(DIRECTORY)]


async def lock_user(tx: AsyncConnection, id: UserId) -> User | None:
    row = (await tx.execute(LOCK_USER, {"id": id})).one_or_none()
    return _user(row) if row else None


async def list_users(tx: AsyncConnection, *, after: UUID | None, limit: int, email: str | None) -> Sequence[User]:
    return [_user(row) for row in await tx.execute(LIST_USERS, {"after": after, "limit": limit, "email": email})]


async def add_user(tx: AsyncConnection, user: User) -> None:
    with refusing(REFUSALS):
        await tx.execute(ADD_USER, _columns_of_user(user))


async def save_user(tx: AsyncConnection, user: User) -> None:
    with refusing(REFUSALS):
        await tx.execute(SAVE_USER, _columns_of_user(user))


async def save_quiet_hours(tx: AsyncConnection, id: UserId, quiet_hours: QuietHours | None) -> None:
    its = None if quiet_hours is None else msgspec.json.encode(quiet_hours).decode()
    await tx.execute(SAVE_QUIET_HOURS, {"id": id, "quiet_hours": its})


async def delete_user(tx: AsyncConnection, user: User, *, now: datetime) -> None:
    """Their name stays, for what they did and when they were on call."""
    await tx.execute(ADD_FORMER, {"id": user.id, "name": user.name, "now": now})
    await tx.execute(DELETE_USER, {"id": user.id})


async def get_teams(tx: AsyncConnection, ids: Iterable[TeamId]) -> dict[TeamId, Team]:
    return {team.id: team for team in map(_team, await tx.execute(GET_TEAMS, {"ids": list(set(ids))}))}


async def lock_team(tx: AsyncConnection, id: TeamId) -> Team | None:
    row = (await tx.execute(LOCK_TEAM, {"id": id})).one_or_none()
    return _team(row) if row else None


async def list_teams(tx: AsyncConnection, *, after: UUID | None, limit: int, name: str | None) -> Sequence[Team]:
    return [_team(row) for row in await tx.execute(LIST_TEAMS, {"after": after, "limit": limit, "name": name})]


async def add_team(tx: AsyncConnection, team: Team) -> None:
    with refusing(REFUSALS):
        await tx.execute(ADD_TEAM, _columns_of_team(team))


async def save_team(tx: AsyncConnection, team: Team) -> None:
    with refusing(REFUSALS):
        await tx.execute(SAVE_TEAM, _columns_of_team(team))


async def delete_team(tx: AsyncConnection, id: TeamId) -> None:
    await tx.execute(DELETE_TEAM, {"id": id})


async def list_members(tx: AsyncConnection, team_id: TeamId, *, after: UUID | None, limit: int) -> Sequence[Member]:
    rows = await tx.execute(LIST_MEMBERS, {"team_id": team_id, "after": after, "limit": limit})
    return [Member(UserId(row.id), row.name, TeamRole(row.role)) for row in rows]


async def list_responders(tx: AsyncConnection, team_ids: Iterable[TeamId]) -> list[tuple[TeamId, UserId]]:
    rows = await tx.execute(RESPONDERS, {"team_ids": list(team_ids)})
    return [(TeamId(row.team_id), UserId(row.user_id)) for row in rows]


async def teams_of(tx: AsyncConnection, user_id: UserId) -> list[TeamId]:
    return [TeamId(row.team_id) for row in await tx.execute(TEAMS_OF, {"user_id": user_id})]


async def member_ids(tx: AsyncConnection, team_id: TeamId) -> set[UserId]:
    return {UserId(row.user_id) for row in await tx.execute(MEMBERS, {"team_id": team_id})}


async def manages(tx: AsyncConnection, team_id: TeamId, user_id: UserId) -> bool:
    return (await tx.execute(IS_MANAGER, {"team_id": team_id, "user_id": user_id})).first() is not None


async def save_member(tx: AsyncConnection, team_id: TeamId, user_id: UserId, role: TeamRole) -> None:
    """Add to the team, or change the role of who is in it already."""
    with refusing(REFUSALS):
        await tx.execute(SAVE_MEMBER, {"team_id": team_id, "user_id": user_id, "role": role.value})


async def delete_member(tx: AsyncConnection, team_id: TeamId, user_id: UserId) -> bool:
    """False if this user was not in this team."""
    return (await tx.execute(DELETE_MEMBER, {"team_id": team_id, "user_id": user_id})).rowcount == 1


def _user(row: Row[Any]) -> User:
    roles = tuple(OrgRole(role) for role in row.org_roles)
    quiet = msgspec.json.decode(row.quiet_hours, type=QuietHours) if row.quiet_hours else None
    return User(UserId(row.id), row.name, row.email, row.time_zone, roles, row.created_at, row.version, quiet)


def _columns_of_user(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "time_zone": user.time_zone,
        "org_roles": [role.value for role in user.org_roles],
        "created_at": user.created_at,
        "version": user.version,
    }


def _team(row: Row[Any]) -> Team:
    schedule = ScheduleId(row.schedule_id) if row.schedule_id else None
    fallback = PolicyId(row.fallback_policy_id) if row.fallback_policy_id else None
    return Team(TeamId(row.id), row.name, schedule, fallback, row.created_at, row.version)


def _columns_of_team(team: Team) -> dict[str, object]:
    return {
        "id": team.id,
        "name": team.name,
        "schedule_id": team.schedule_id,
        "fallback_policy_id": team.fallback_policy_id,
        "created_at": team.created_at,
        "version": team.version,
    }
