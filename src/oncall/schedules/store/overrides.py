"""Overrides and temporary schedules: added, and taken back from an instant on."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, UserId
from oncall.kit.zones import to_instant
from oncall.schedules.store.loading import override_of
from oncall.schedules.values import (
    AuthoredOverride,
    AuthoredTemporary,
    Override,
    OverrideId,
    ShiftDefinition,
    TemporaryId,
)

GET_OVERRIDE = text("SELECT * FROM schedule_overrides WHERE id = :id AND schedule_id = :schedule_id")
LOCK_OVERRIDE = text("SELECT * FROM schedule_overrides WHERE id = :id AND schedule_id = :schedule_id FOR NO KEY UPDATE")
LIST_OVERRIDES = text("""
    SELECT * FROM schedule_overrides
    WHERE schedule_id = :schedule_id AND (CAST(:after AS uuid) IS NULL OR id > :after)
        AND (CAST(:since AS timestamptz) IS NULL OR end_at > :since) AND (CAST(:until AS timestamptz) IS NULL OR start_at < :until)
        AND (removed_at IS NULL OR removed_at > start_at)
    ORDER BY id LIMIT :limit
""")
ADD_OVERRIDE = text("""
    INSERT INTO schedule_overrides (id, schedule_id, kind, start_at, end_at, user_id, replaces_user_id, reason, author, created_at)
    VALUES (:id, :schedule_id, :kind, :start_at, :end_at, :user_id, :replaces_user_id, :reason, :author, :created_at)
""")
REMOVE_OVERRIDE = text("UPDATE schedule_overrides SET removed_at = :now WHERE id = :id AND removed_at IS NULL")
REMOVE_OF_USER = text("""
    UPDATE schedule_overrides SET removed_at = :now
    WHERE (user_id = :user_id OR replaces_user_id = :user_id) AND end_at > :now AND removed_at IS NULL
""")

LIST_TEMPORARIES = text("""
    SELECT id, start_at, least(end_at, removed_at) AS end_at, CAST(shifts AS text) AS shifts, author, created_at FROM schedule_temporaries
    WHERE schedule_id = :schedule_id AND end_at > :since AND start_at < :until AND (removed_at IS NULL OR removed_at > :since)
        AND (removed_at IS NULL OR removed_at > start_at)
    ORDER BY start_at
""")
ADD_TEMPORARY = text("""
    INSERT INTO schedule_temporaries (id, schedule_id, start_at, end_at, shifts, author, created_at)
    VALUES (:id, :schedule_id, :start_at, :end_at, CAST(:shifts AS jsonb), :author, :created_at)
""")
REMOVE_TEMPORARIES = text("UPDATE schedule_temporaries SET removed_at = :now WHERE id = ANY(:ids) AND removed_at IS NULL")
TEMPORARIES_OF_USER = text("""
    SELECT id, schedule_id, start_at, end_at, CAST(shifts AS text) AS shifts, author, created_at FROM schedule_temporaries
    WHERE end_at > :now AND removed_at IS NULL
        AND jsonb_path_exists(shifts, '$[*].user_ids[*] ? (@ == $id)', jsonb_build_object('id', CAST(:user_id AS uuid)))
""")

_shifts = msgspec.json.Decoder(tuple[ShiftDefinition, ...])


async def find_override(tx: AsyncConnection, schedule_id: ScheduleId, id: OverrideId, *, lock: bool = False) -> AuthoredOverride | None:
    """Locked, where whoever asks is about to end it."""
    row = (await tx.execute(LOCK_OVERRIDE if lock else GET_OVERRIDE, {"id": id, "schedule_id": schedule_id})).one_or_none()
    return _authored(row) if row else None


async def list_overrides(
    tx: AsyncConnection, schedule_id: ScheduleId, *, after: UUID | None, limit: int, since: datetime | None, until: datetime | None
) -> Sequence[AuthoredOverride]:
    """In order of creation, those that touch `[since, until)`; one that was taken back before it began is not among them."""
    wanted = {"schedule_id": schedule_id, "after": after, "limit": limit, "since": since, "until": until}
    return [_authored(row) for row in await tx.execute(LIST_OVERRIDES, wanted)]


async def add_override(
    tx: AsyncConnection, schedule_id: ScheduleId, override: Override, *, reason: str, author: str, now: datetime
) -> None:
    replaces, user = override.replacements[0] if override.replacements else (None, override.user)
    row = {
        "id": override.id,
        "schedule_id": schedule_id,
        "kind": override.kind.value,
        "start_at": to_instant(override.start),
        "end_at": to_instant(override.end),
        "user_id": user,
        "replaces_user_id": replaces,
        "reason": reason,
        "author": author,
        "created_at": now,
    }
    await tx.execute(ADD_OVERRIDE, row)


async def remove_override(tx: AsyncConnection, id: OverrideId, *, now: datetime) -> None:
    """It ends now, or never begins."""
    await tx.execute(REMOVE_OVERRIDE, {"id": id, "now": now})


async def remove_overrides_of(tx: AsyncConnection, user_id: UserId, *, now: datetime) -> None:
    await tx.execute(REMOVE_OF_USER, {"user_id": user_id, "now": now})


async def list_temporaries(tx: AsyncConnection, schedule_id: ScheduleId, *, since: datetime, until: datetime) -> list[AuthoredTemporary]:
    """Those that touch `[since, until)`, by start; no two overlap."""
    rows = await tx.execute(LIST_TEMPORARIES, {"schedule_id": schedule_id, "since": since, "until": until})
    return [_temporary(row) for row in rows]


async def add_temporaries(tx: AsyncConnection, schedule_id: ScheduleId, temporaries: Iterable[AuthoredTemporary], *, now: datetime) -> None:
    for one in temporaries:
        row = {
            "id": one.id,
            "schedule_id": schedule_id,
            "start_at": one.start,
            "end_at": one.end,
            "shifts": msgspec.json.encode(one.shifts).decode(),
            "author": one.author,
            "created_at": now,
        }
        await tx.execute(ADD_TEMPORARY, row)


async def remove_temporaries(tx: AsyncConnection, ids: Iterable[TemporaryId], *, now: datetime) -> None:
    await tx.execute(REMOVE_TEMPORARIES, {"ids": list(ids), "now": now})


async def temporaries_of(tx: AsyncConnection, user_id: UserId, *, now: datetime) -> list[tuple[ScheduleId, AuthoredTemporary]]:
    """Those in which this user still has a shift."""
    rows = await tx.execute(TEMPORARIES_OF_USER, {"user_id": user_id, "now": now})
    return [(ScheduleId(row.schedule_id), _temporary(row)) for row in rows]


def _authored(row: Row[Any]) -> AuthoredOverride:
    ends = row.end_at if row.removed_at is None else min(row.end_at, row.removed_at)
    return AuthoredOverride(override_of(row, end=ends), row.reason, row.author, row.created_at, row.removed_at)


def _temporary(row: Row[Any]) -> AuthoredTemporary:
    return AuthoredTemporary(TemporaryId(row.id), row.start_at, row.end_at, _shifts.decode(row.shifts), row.author, row.created_at)
