"""What authors write: schedules and their versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId
from oncall.kit.references import refusing
from oncall.schedules.values import (
    AuthoredSchedule,
    AuthoredVersion,
    Continuation,
    Definition,
    UnknownOwner,
    Upcoming,
)

REFUSALS = {"schedules_team_id_fkey": UnknownOwner}

# The definition in force at :now, and what will be in force later.
GET = text("""
    SELECT s.id, s.name, s.team_id, s.created_at, s.version, CAST(v.definition AS text) AS definition, CAST(u.upcoming AS text) AS upcoming
    FROM schedules s
    JOIN LATERAL (
        SELECT definition FROM schedule_versions
        WHERE schedule_id = s.id AND withdrawn_at IS NULL AND (effective_from IS NULL OR effective_from <= :now)
        ORDER BY effective_from DESC NULLS LAST, version DESC LIMIT 1
    ) v ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('version', version, 'effective_from', effective_from) ORDER BY effective_from, version)
            AS upcoming
        FROM schedule_versions WHERE schedule_id = s.id AND withdrawn_at IS NULL AND effective_from > :now
    ) u ON true
    WHERE s.id = :id AND s.deleted_at IS NULL
""")
LOCK = text("SELECT id FROM schedules WHERE id = :id FOR NO KEY UPDATE")
EDITED_AT = text("SELECT max(created_at) FROM schedule_versions WHERE schedule_id = :id")
LIST = text("""
    SELECT s.id, s.name, s.team_id, s.created_at, s.version, CAST(v.definition AS text) AS definition, CAST(u.upcoming AS text) AS upcoming
    FROM schedules s
    JOIN LATERAL (
        SELECT definition FROM schedule_versions
        WHERE schedule_id = s.id AND withdrawn_at IS NULL AND (effective_from IS NULL OR effective_from <= :now)
        ORDER BY effective_from DESC NULLS LAST, version DESC LIMIT 1
    ) v ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('version', version, 'effective_from', effective_from) ORDER BY effective_from, version)
            AS upcoming
        FROM schedule_versions WHERE schedule_id = s.id AND withdrawn_at IS NULL AND effective_from > :now
    ) u ON true
    WHERE s.deleted_at IS NULL AND (CAST(:after AS uuid) IS NULL OR s.id > :after) AND (CAST(:name AS text) IS NULL OR s.name = :name)
        AND (CAST(:team_id AS uuid) IS NULL OR s.team_id = :team_id)
    ORDER BY s.id LIMIT :limit
""")
ADD = text("""
    INSERT INTO schedules (id, name, team_id, created_at, version, recorded_until, next_at)
    VALUES (:id, :name, :team_id, :created_at, :version, :created_at, :created_at)
""")
SAVE = text("UPDATE schedules SET name = :name, team_id = :team_id, version = :version WHERE id = :id")
DELETE = text("UPDATE schedules SET deleted_at = :now, next_at = NULL WHERE id = :id")
# What of a deleted schedule reaches over its end.
END_ALL = (
    text("UPDATE schedule_versions SET withdrawn_at = :now WHERE schedule_id = :id AND effective_from > :now AND withdrawn_at IS NULL"),
    text("UPDATE schedule_overrides SET removed_at = :now WHERE schedule_id = :id AND end_at > :now AND removed_at IS NULL"),
    text("UPDATE schedule_temporaries SET removed_at = :now WHERE schedule_id = :id AND end_at > :now AND removed_at IS NULL"),
)

ADD_VERSION = text("""
    INSERT INTO schedule_versions (schedule_id, version, effective_from, definition, created_at, author, continuation)
    VALUES (:schedule_id, :version, :effective_from, CAST(:definition AS jsonb), :created_at, :author, :continuation)
""")
VERSIONS = text("""
    SELECT version AS number, effective_from, CAST(definition AS text) AS definition, author, created_at, withdrawn_at, continuation
    FROM schedule_versions WHERE schedule_id = :schedule_id ORDER BY version
""")
IN_FORCE = text("""
    SELECT CAST(definition AS text) AS definition FROM schedule_versions
    WHERE schedule_id = :schedule_id AND withdrawn_at IS NULL AND (effective_from IS NULL OR effective_from <= :at)
    ORDER BY effective_from DESC NULLS LAST, version DESC LIMIT 1
""")
WITHDRAW = text("""
    UPDATE schedule_versions SET withdrawn_at = :now
    WHERE schedule_id = :schedule_id AND version = :version AND effective_from > :now AND withdrawn_at IS NULL
""")
WITHDRAW_REPLACED = text("""
    UPDATE schedule_versions SET withdrawn_at = :now
    WHERE schedule_id = :schedule_id AND version < :version AND effective_from = :effective_from AND withdrawn_at IS NULL
""")

_definition = msgspec.json.Decoder(Definition)
_upcoming = msgspec.json.Decoder(tuple[Upcoming, ...])


async def find_schedule(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> AuthoredSchedule | None:
    row = (await tx.execute(GET, {"id": id, "now": now})).one_or_none()
    return _authored(row) if row else None


async def lock_schedule(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> tuple[AuthoredSchedule, datetime] | None:
    """Read it once its row is ours, with the instant of the edit: whoever waited for another one comes after it, although their clock was
    read before."""
    await tx.execute(LOCK, {"id": id})
    edited_at: datetime | None = (await tx.execute(EDITED_AT, {"id": id})).scalar_one()
    at = max(now, edited_at or now)
    schedule = await find_schedule(tx, id, now=at)
    return (schedule, at) if schedule else None


async def list_schedules(
    tx: AsyncConnection, *, after: UUID | None, limit: int, name: str | None, team_id: TeamId | None, now: datetime
) -> Sequence[AuthoredSchedule]:
    wanted = {"after": after, "limit": limit, "name": name, "team_id": team_id, "now": now}
    return [_authored(row) for row in await tx.execute(LIST, wanted)]


async def add_schedule(tx: AsyncConnection, schedule: AuthoredSchedule) -> None:
    with refusing(REFUSALS):
        await tx.execute(ADD, _columns(schedule) | {"created_at": schedule.created_at})


async def save_schedule(tx: AsyncConnection, schedule: AuthoredSchedule) -> None:
    """Write what is not versioned."""
    with refusing(REFUSALS):
        await tx.execute(SAVE, _columns(schedule))


async def delete_schedule(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> None:
    """It is gone from now on; what it said before can still be asked."""
    for statement in (DELETE, *END_ALL):
        await tx.execute(statement, {"id": id, "now": now})


async def add_version(tx: AsyncConnection, schedule_id: ScheduleId, version: AuthoredVersion) -> None:
    """What the schedule says from an instant on; None is from the beginning of time: the grid extends both ways."""
    row = {
        "schedule_id": schedule_id,
        "version": version.number,
        "effective_from": version.effective_from,
        "definition": msgspec.json.encode(version.definition).decode(),
        "created_at": version.created_at,
        "author": version.author,
        "continuation": version.continuation.value,
    }
    await tx.execute(ADD_VERSION, row)


async def withdraw(tx: AsyncConnection, schedule_id: ScheduleId, number: int, *, now: datetime) -> bool:
    """Take back a version that is not in force yet; false if there is none."""
    return bool((await tx.execute(WITHDRAW, {"schedule_id": schedule_id, "version": number, "now": now})).rowcount)


async def withdraw_replaced(tx: AsyncConnection, schedule_id: ScheduleId, number: int, *, effective_from: datetime, now: datetime) -> None:
    """Take back what was to take effect at the same instant as this version."""
    wanted = {"schedule_id": schedule_id, "version": number, "effective_from": effective_from, "now": now}
    await tx.execute(WITHDRAW_REPLACED, wanted)


async def list_versions(tx: AsyncConnection, schedule_id: ScheduleId) -> list[AuthoredVersion]:
    """All of them by number, withdrawn ones included."""
    return [
        AuthoredVersion(
            r.number,
            r.effective_from,
            _definition.decode(r.definition),
            r.author,
            r.created_at,
            r.withdrawn_at,
            Continuation(r.continuation),
        )
        for r in await tx.execute(VERSIONS, {"schedule_id": schedule_id})
    ]


async def definition_at(tx: AsyncConnection, schedule_id: ScheduleId, *, at: datetime) -> Definition | None:
    """What is, or as things are will be, in force at an instant."""
    row = (await tx.execute(IN_FORCE, {"schedule_id": schedule_id, "at": at})).one_or_none()
    return _definition.decode(row.definition) if row else None


def _columns(schedule: AuthoredSchedule) -> dict[str, object]:
    return {"id": schedule.id, "name": schedule.name, "team_id": schedule.team_id, "version": schedule.version}


def _authored(row: Row[Any]) -> AuthoredSchedule:
    team = TeamId(row.team_id) if row.team_id else None
    upcoming = _upcoming.decode(row.upcoming) if row.upcoming else ()
    return AuthoredSchedule(ScheduleId(row.id), row.name, team, _definition.decode(row.definition), row.created_at, row.version, upcoming)
