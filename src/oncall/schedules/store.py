"""Every SQL statement about schedules and overrides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.kit.references import refusing
from oncall.kit.zones import to_instant, to_seconds
from oncall.schedules.values import (
    AuthoredSchedule,
    DatedDefinition,
    Definition,
    LoadedSchedule,
    Override,
    OverrideId,
    OverrideKind,
    UnknownOwner,
    UnknownParticipants,
    UnknownSchedule,
)

REFUSALS = {
    "schedules_team_id_fkey": UnknownOwner,
    "schedule_participants_user_id_fkey": UnknownParticipants,
    "schedule_overrides_user_id_fkey": UnknownParticipants,
    "schedule_overrides_replaces_user_id_fkey": UnknownParticipants,
    "schedule_overrides_schedule_id_fkey": UnknownSchedule,
}

# One row per schedule: versions in force at some instant from :since to :until, by primary key, and overrides that touch that span,
# by schedule_overrides_schedule_idx (schedule_id, end_at).
LOAD = text("""
    SELECT s.id, s.name,
        CAST((
            SELECT jsonb_agg(jsonb_build_object('number', v.version, 'effective_from', v.effective_from, 'definition', v.definition)
                ORDER BY v.version)
            FROM schedule_versions v
            WHERE v.schedule_id = s.id AND (v.effective_from IS NULL OR v.effective_from <= :until)
                AND v.version >= COALESCE((
                    SELECT max(w.version) FROM schedule_versions w
                    WHERE w.schedule_id = s.id AND (w.effective_from IS NULL OR w.effective_from <= :since)), 0)
        ) AS text) AS versions,
        CAST((
            SELECT jsonb_agg(jsonb_build_object('id', o.id, 'seq', o.seq, 'kind', o.kind, 'start_at', o.start_at, 'end_at', o.end_at,
                'user_id', o.user_id, 'replaces_user_id', o.replaces_user_id) ORDER BY o.seq)
            FROM schedule_overrides o WHERE o.schedule_id = s.id AND o.end_at > :since AND o.start_at <= :until
        ) AS text) AS overrides
    FROM schedules s WHERE s.id = ANY(:ids)
""")

ALL_IDS = text("SELECT id FROM schedules")
GET = text("""
    SELECT s.id, s.name, s.team_id, s.created_at, s.version, CAST(v.definition AS text) AS definition
    FROM schedules s JOIN LATERAL (
        SELECT v.definition FROM schedule_versions v WHERE v.schedule_id = s.id ORDER BY v.version DESC LIMIT 1
    ) v ON true
    WHERE s.id = :id
""")
LOCK = text("SELECT id FROM schedules WHERE id = :id FOR NO KEY UPDATE")
LIST = text("""
    SELECT s.id, s.name, s.team_id, s.created_at, s.version, CAST(v.definition AS text) AS definition
    FROM schedules s JOIN LATERAL (
        SELECT v.definition FROM schedule_versions v WHERE v.schedule_id = s.id ORDER BY v.version DESC LIMIT 1
    ) v ON true
    WHERE (CAST(:after AS uuid) IS NULL OR s.id > :after) AND (CAST(:name AS text) IS NULL OR s.name = :name)
        AND (CAST(:team_id AS uuid) IS NULL OR s.team_id = :team_id)
    ORDER BY s.id LIMIT :limit
""")
ADD = text("""
    INSERT INTO schedules (id, name, team_id, created_at, version) VALUES (:id, :name, :team_id, :created_at, :version)
""")
SAVE = text("UPDATE schedules SET name = :name, team_id = :team_id, version = :version WHERE id = :id")
ADD_VERSION = text("""
    INSERT INTO schedule_versions (schedule_id, version, effective_from, definition, created_at)
    VALUES (:schedule_id, :version, :effective_from, CAST(:definition AS jsonb), :created_at)
""")
DELETE_PARTICIPANTS = text("DELETE FROM schedule_participants WHERE schedule_id = :schedule_id")
ADD_PARTICIPANTS = text("""
    INSERT INTO schedule_participants (schedule_id, user_id) SELECT :schedule_id, user_id FROM unnest(CAST(:user_ids AS uuid[])) AS user_id
""")
DELETE = text("DELETE FROM schedules WHERE id = :id")

GET_OVERRIDE = text("""
    SELECT id, seq, kind, start_at, end_at, user_id, replaces_user_id FROM schedule_overrides
    WHERE id = :id AND schedule_id = :schedule_id FOR NO KEY UPDATE
""")
LIST_OVERRIDES = text("""
    SELECT id, seq, kind, start_at, end_at, user_id, replaces_user_id FROM schedule_overrides
    WHERE schedule_id = :schedule_id AND (CAST(:after AS uuid) IS NULL OR id > :after)
    ORDER BY id LIMIT :limit
""")
ADD_OVERRIDE = text("""
    INSERT INTO schedule_overrides (id, schedule_id, kind, start_at, end_at, user_id, replaces_user_id, created_at)
    VALUES (:id, :schedule_id, :kind, :start_at, :end_at, :user_id, :replaces_user_id, :created_at)
""")
END_OVERRIDE = text("UPDATE schedule_overrides SET end_at = :end_at WHERE id = :id")
DELETE_OVERRIDE = text("DELETE FROM schedule_overrides WHERE id = :id")


@dataclass(frozen=True, slots=True)
class _OverrideRow:
    id: UUID
    seq: int
    kind: OverrideKind
    start_at: datetime
    end_at: datetime
    user_id: UUID | None
    replaces_user_id: UUID | None


_versions = msgspec.json.Decoder(tuple[DatedDefinition, ...])
_overrides = msgspec.json.Decoder(tuple[_OverrideRow, ...])
_definition = msgspec.json.Decoder(Definition)


async def load(tx: AsyncConnection, ids: Iterable[ScheduleId], *, since: datetime, until: datetime) -> list[LoadedSchedule]:
    """Those of the schedules that exist, as far as instants from `since` to `until` need them; one statement."""
    rows = await tx.execute(LOAD, {"ids": list(set(ids)), "since": since, "until": until})
    return [
        LoadedSchedule(
            ScheduleId(row.id),
            row.name,
            _versions.decode(row.versions) if row.versions else (),
            tuple(_override(of) for of in _overrides.decode(row.overrides)) if row.overrides else (),
        )
        for row in rows
    ]


async def all_ids(tx: AsyncConnection) -> list[ScheduleId]:
    return [ScheduleId(row.id) for row in await tx.execute(ALL_IDS)]


async def find_schedule(tx: AsyncConnection, id: ScheduleId) -> AuthoredSchedule | None:
    row = (await tx.execute(GET, {"id": id})).one_or_none()
    return _authored(row) if row else None


async def lock_schedule(tx: AsyncConnection, id: ScheduleId) -> AuthoredSchedule | None:
    """Read it once its row is ours: whoever edits next waits."""
    await tx.execute(LOCK, {"id": id})
    return await find_schedule(tx, id)


async def list_schedules(
    tx: AsyncConnection, *, after: UUID | None, limit: int, name: str | None, team_id: TeamId | None
) -> Sequence[AuthoredSchedule]:
    wanted = {"after": after, "limit": limit, "name": name, "team_id": team_id}
    return [_authored(row) for row in await tx.execute(LIST, wanted)]


async def add_schedule(tx: AsyncConnection, schedule: AuthoredSchedule, users: Iterable[UserId]) -> None:
    """Its first version is in force from the beginning of time: the grid extends both ways."""
    with refusing(REFUSALS):
        await tx.execute(ADD, _columns(schedule) | {"created_at": schedule.created_at})
    await _add_version(tx, schedule, users, effective_from=None, now=schedule.created_at)


async def save_schedule(tx: AsyncConnection, schedule: AuthoredSchedule) -> None:
    """Write what is not versioned."""
    with refusing(REFUSALS):
        await tx.execute(SAVE, _columns(schedule))


async def add_version(tx: AsyncConnection, schedule: AuthoredSchedule, users: Iterable[UserId], *, now: datetime) -> None:
    """Let the schedule's definition be in force from now on."""
    await _add_version(tx, schedule, users, effective_from=now, now=now)


async def delete_schedule(tx: AsyncConnection, id: ScheduleId) -> None:
    await tx.execute(DELETE, {"id": id})


async def find_override(tx: AsyncConnection, schedule_id: ScheduleId, id: OverrideId) -> Override | None:
    """Locked, since whoever asks is about to end it."""
    row = (await tx.execute(GET_OVERRIDE, {"id": id, "schedule_id": schedule_id})).one_or_none()
    return _override(row) if row else None


async def list_overrides(tx: AsyncConnection, schedule_id: ScheduleId, *, after: UUID | None, limit: int) -> Sequence[Override]:
    rows = await tx.execute(LIST_OVERRIDES, {"schedule_id": schedule_id, "after": after, "limit": limit})
    return [_override(row) for row in rows]


async def add_override(tx: AsyncConnection, schedule_id: ScheduleId, override: Override, *, now: datetime) -> None:
    replaces, user = override.replacements[0] if override.replacements else (None, override.user)
    row = {
        "id": override.id,
        "schedule_id": schedule_id,
        "kind": override.kind.value,
        "start_at": to_instant(override.start),
        "end_at": to_instant(override.end),
        "user_id": user,
        "replaces_user_id": replaces,
        "created_at": now,
    }
    with refusing(REFUSALS):
        await tx.execute(ADD_OVERRIDE, row)


async def end_override(tx: AsyncConnection, id: OverrideId, *, end: int) -> None:
    await tx.execute(END_OVERRIDE, {"id": id, "end_at": to_instant(end)})


async def delete_override(tx: AsyncConnection, id: OverrideId) -> None:
    await tx.execute(DELETE_OVERRIDE, {"id": id})


async def _add_version(
    tx: AsyncConnection, schedule: AuthoredSchedule, users: Iterable[UserId], *, effective_from: datetime | None, now: datetime
) -> None:
    row = {
        "schedule_id": schedule.id,
        "version": schedule.version,
        "effective_from": effective_from,
        "definition": msgspec.json.encode(schedule.definition).decode(),
        "created_at": now,
    }
    await tx.execute(ADD_VERSION, row)
    await tx.execute(DELETE_PARTICIPANTS, {"schedule_id": schedule.id})
    with refusing(REFUSALS):
        await tx.execute(ADD_PARTICIPANTS, {"schedule_id": schedule.id, "user_ids": sorted(users)})


def _columns(schedule: AuthoredSchedule) -> dict[str, object]:
    return {"id": schedule.id, "name": schedule.name, "team_id": schedule.team_id, "version": schedule.version}


def _authored(row: Row[Any]) -> AuthoredSchedule:
    team = TeamId(row.team_id) if row.team_id else None
    return AuthoredSchedule(ScheduleId(row.id), row.name, team, _definition.decode(row.definition), row.created_at, row.version)


def _override(row: Row[Any] | _OverrideRow) -> Override:
    user = UserId(row.user_id) if row.user_id else None
    replaces = UserId(row.replaces_user_id) if row.replaces_user_id else None
    return Override(
        OverrideId(row.id),
        row.seq,
        OverrideKind(row.kind),
        to_seconds(row.start_at),
        to_seconds(row.end_at),
        user if replaces is None else None,
        () if replaces is None or user is None else ((replaces, user),),
    )
