"""Whom and what schedules name: so that nobody is deleted who is counted on, and it is found where somebody may be on call."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.kit.references import refusing
from oncall.schedules.values import UnknownParticipants, UnknownSchedule, UnknownTeamTurn

REFUSALS = {
    "schedule_participants_user_id_fkey": UnknownParticipants,
    "schedule_team_turns_team_id_fkey": UnknownTeamTurn,
    "schedule_nestings_nested_id_fkey": UnknownSchedule,
}

DELETE_PARTICIPANTS = text("DELETE FROM schedule_participants WHERE schedule_id = :schedule_id")
DELETE_TEAMS = text("DELETE FROM schedule_team_turns WHERE schedule_id = :schedule_id")
DELETE_NESTED = text("DELETE FROM schedule_nestings WHERE schedule_id = :schedule_id")
ADD_PARTICIPANTS = text("""
    INSERT INTO schedule_participants (schedule_id, user_id) SELECT :schedule_id, id FROM unnest(CAST(:ids AS uuid[])) AS id
""")
ADD_TEAMS = text("""
    INSERT INTO schedule_team_turns (schedule_id, team_id) SELECT :schedule_id, id FROM unnest(CAST(:ids AS uuid[])) AS id
""")
ADD_NESTED = text("""
    INSERT INTO schedule_nestings (schedule_id, nested_id) SELECT :schedule_id, id FROM unnest(CAST(:ids AS uuid[])) AS id
""")
# Whoever is not among these any more.
FORGET = (
    text("DELETE FROM schedule_participants WHERE schedule_id = :schedule_id AND user_id <> ALL(:users)"),
    text("DELETE FROM schedule_team_turns WHERE schedule_id = :schedule_id AND team_id <> ALL(:teams)"),
    text("DELETE FROM schedule_nestings WHERE schedule_id = :schedule_id AND nested_id <> ALL(:schedules)"),
)
# Which schedule contains which, through teams as well.
NESTINGS = text("""
    SELECT schedule_id, nested_id FROM schedule_nestings
    UNION SELECT t.schedule_id, teams.schedule_id FROM schedule_team_turns t JOIN teams ON teams.id = t.team_id
    WHERE teams.schedule_id IS NOT NULL
""")
# Schedules in which any of these people may come to be on call, by any of the ways there are: in their own right, or for somebody who is
# away, or for whoever should have covered for them.
WITH_USERS = text("""
    WITH RECURSIVE named AS (
        SELECT unnest(CAST(:user_ids AS uuid[])) AS id
        UNION SELECT u.user_id FROM unavailability u JOIN named ON named.id = u.cover_user_id
        WHERE u.end_at > :since AND u.removed_at IS NULL
    )
    SELECT s.id FROM schedules s WHERE s.deleted_at IS NULL AND s.id IN (
        SELECT schedule_id FROM schedule_participants WHERE user_id IN (SELECT id FROM named)
        UNION SELECT t.schedule_id FROM schedule_team_turns t JOIN team_members m ON m.team_id = t.team_id
        WHERE m.user_id IN (SELECT id FROM named)
        UNION SELECT schedule_id FROM schedule_overrides
        WHERE user_id IN (SELECT id FROM named) AND end_at > :since AND removed_at IS NULL
        UNION SELECT schedule_id FROM schedule_temporaries WHERE end_at > :since AND removed_at IS NULL
            AND jsonb_path_exists(shifts, '$[*].user_ids[*] ? (@ == $ids[*])', (SELECT jsonb_build_object('ids', jsonb_agg(id)) FROM named))
    )
""")
CHANGED_SINCE = text("""
    SELECT schedule_id, CAST(NULL AS uuid) AS user_id FROM schedule_versions WHERE created_at > :since OR withdrawn_at > :since
    UNION SELECT schedule_id, NULL FROM schedule_overrides WHERE created_at > :since OR removed_at > :since
    UNION SELECT schedule_id, NULL FROM schedule_temporaries WHERE created_at > :since OR removed_at > :since
    UNION SELECT schedule_id, NULL FROM schedule_team_turns
    UNION SELECT NULL, user_id FROM unavailability WHERE created_at > :since OR removed_at > :since
""")
LOCK_NESTINGS = text("SELECT pg_advisory_xact_lock(hashtext('schedule nestings'))")
WITH_TEAMS = text(
    "SELECT DISTINCT schedule_id FROM schedule_team_turns WHERE CAST(:team_ids AS uuid[]) IS NULL OR team_id = ANY(:team_ids)"
)
STANDS_FOR = text("SELECT id, schedule_id FROM teams WHERE id = ANY(:team_ids) AND schedule_id IS NOT NULL")
TEAMS_OF = text("""
    SELECT id, team_id FROM schedules WHERE deleted_at IS NULL AND team_id IS NOT NULL
    UNION SELECT schedule_id, id FROM teams WHERE schedule_id IS NOT NULL
""")
OF_TEAM = text("""
    SELECT id FROM schedules WHERE team_id = :team_id AND deleted_at IS NULL
    UNION SELECT schedule_id FROM teams WHERE id = :team_id AND schedule_id IS NOT NULL
""")


async def lock_nestings(tx: AsyncConnection) -> None:
    """Whoever else is about to nest schedules, or to give a team one, waits: of two that nest each other the second sees the first."""
    await tx.execute(LOCK_NESTINGS)


async def schedules_with_teams(tx: AsyncConnection, teams: Iterable[TeamId] | None) -> set[ScheduleId]:
    """Those in which one of the teams (None: any) has a turn of its own."""
    wanted = None if teams is None else list(teams)
    return {ScheduleId(row.schedule_id) for row in await tx.execute(WITH_TEAMS, {"team_ids": wanted})}


async def changed_since(tx: AsyncConnection, since: datetime) -> tuple[set[ScheduleId], set[UserId]]:
    """Schedules that were written, and people whose unavailability was, later than that. Teams have no instants: whatever counts on one
    is among them."""
    rows = (await tx.execute(CHANGED_SINCE, {"since": since})).all()
    return {ScheduleId(row.schedule_id) for row in rows if row.schedule_id}, {UserId(row.user_id) for row in rows if row.user_id}


async def save_references(
    tx: AsyncConnection, id: ScheduleId, *, users: Iterable[UserId], teams: Iterable[TeamId], schedules: Iterable[ScheduleId]
) -> None:
    """Whom and what it names now or will name, so that none of them can be deleted without it being told."""
    for delete, add, ids in (
        (DELETE_PARTICIPANTS, ADD_PARTICIPANTS, sorted(users)),
        (DELETE_TEAMS, ADD_TEAMS, sorted(teams)),
        (DELETE_NESTED, ADD_NESTED, sorted(schedules)),
    ):
        await tx.execute(delete, {"schedule_id": id})
        if ids:
            with refusing(REFUSALS):
                await tx.execute(add, {"schedule_id": id, "ids": ids})


async def forget_references(
    tx: AsyncConnection, id: ScheduleId, *, users: Iterable[UserId], teams: Iterable[TeamId], schedules: Iterable[ScheduleId]
) -> None:
    """Hold on to nobody and nothing but these."""
    left = {"schedule_id": id, "users": list(users), "teams": list(teams), "schedules": list(schedules)}
    for statement in FORGET:
        await tx.execute(statement, left)


async def list_nestings(tx: AsyncConnection) -> Mapping[ScheduleId, set[ScheduleId]]:
    """Which schedules take part in which, by themselves or through a team."""
    nested: dict[ScheduleId, set[ScheduleId]] = {}
    for row in await tx.execute(NESTINGS):
        nested.setdefault(ScheduleId(row.schedule_id), set()).add(ScheduleId(row.nested_id))
    return nested


async def schedules_of_teams(tx: AsyncConnection, teams: Iterable[TeamId]) -> Mapping[TeamId, ScheduleId]:
    """The schedule that stands for each of the teams, where it has one."""
    rows = await tx.execute(STANDS_FOR, {"team_ids": list(teams)})
    return {TeamId(row.id): ScheduleId(row.schedule_id) for row in rows}


async def ids_with_users(tx: AsyncConnection, users: Iterable[UserId], *, since: datetime) -> list[ScheduleId]:
    """Schedules that may put any of these people on call from `since` on, those that contain such schedules left out."""
    rows = await tx.execute(WITH_USERS, {"user_ids": list(users), "since": since})
    return [ScheduleId(row.id) for row in rows]


async def teams_of_all(tx: AsyncConnection) -> Mapping[ScheduleId, set[TeamId]]:
    """Of every schedule the teams it is of: those that own it, and those it stands for."""
    teams: dict[ScheduleId, set[TeamId]] = {}
    for row in await tx.execute(TEAMS_OF):
        teams.setdefault(ScheduleId(row.id), set()).add(TeamId(row.team_id))
    return teams


async def ids_of_team(tx: AsyncConnection, team_id: TeamId) -> list[ScheduleId]:
    """Schedules the team owns, and the one that stands for it."""
    return [ScheduleId(row.id) for row in await tx.execute(OF_TEAM, {"team_id": team_id})]
