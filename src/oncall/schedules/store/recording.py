"""The record of who was on call: which schedules are due to be written down, and what is written."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId
from oncall.kit.zones import to_instant
from oncall.schedules.values import OnCall, RecordEntry

# By schedules_next_at_idx, which holds every schedule that exists.
CLAIM_SKIPPING = text("""
    SELECT id, recorded_until FROM schedules WHERE next_at <= :due_by ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")
CLAIM_WAITING = text("SELECT id, recorded_until FROM schedules WHERE next_at <= :due_by ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE")
CLAIM = text("SELECT id, recorded_until FROM schedules WHERE id = ANY(:ids) AND next_at IS NOT NULL ORDER BY id FOR NO KEY UPDATE")
NEXT_AT = text("SELECT min(next_at) FROM schedules WHERE next_at IS NOT NULL")
LAST = text("""
    SELECT DISTINCT ON (schedule_id) schedule_id, CAST(users AS text) AS users, CAST(sources AS text) AS sources FROM schedule_record
    WHERE schedule_id = ANY(:ids) ORDER BY schedule_id, from_at DESC
""")
APPEND = text("""
    INSERT INTO schedule_record (schedule_id, from_at, users, sources, tzdata, recorded_at)
    SELECT r.*, CAST(:tzdata AS text), CAST(:now AS timestamptz) FROM unnest(
        CAST(:schedule_ids AS uuid[]), CAST(:from_ats AS timestamptz[]), CAST(:users AS jsonb[]), CAST(:sources AS jsonb[])) AS r
    ON CONFLICT DO NOTHING
""")
DONE = text("UPDATE schedules SET recorded_until = :until, next_at = :next_at WHERE id = ANY(:ids)")
POSTPONE = text("UPDATE schedules SET next_at = :next_at WHERE id = :id")

_sources = msgspec.json.Decoder(OnCall)


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[tuple[ScheduleId, datetime]]:
    """Schedules whose past must be written down, each with the instant up to which it is; locked."""
    rows = await tx.execute(CLAIM_WAITING if waiting else CLAIM_SKIPPING, {"due_by": due_by, "limit": limit})
    return [(ScheduleId(row.id), row.recorded_until) for row in rows]


async def claim(tx: AsyncConnection, ids: Iterable[ScheduleId]) -> list[tuple[ScheduleId, datetime]]:
    """These schedules, locked, as `claim_due` gives them."""
    return [(ScheduleId(row.id), row.recorded_until) for row in await tx.execute(CLAIM, {"ids": list(ids)})]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def last_entries(tx: AsyncConnection, ids: Iterable[ScheduleId]) -> dict[ScheduleId, OnCall]:
    """The newest entry of each."""
    rows = await tx.execute(LAST, {"ids": list(ids)})
    return {ScheduleId(row.schedule_id): _sources.decode(f'{{"users":{row.users},"sources":{row.sources}}}') for row in rows}


async def append(tx: AsyncConnection, entries: Sequence[RecordEntry], *, tzdata: str, now: datetime) -> None:
    """Add to the record; what is in it stays as it is."""
    row = {
        "schedule_ids": [entry.schedule_id for entry in entries],
        "from_ats": [to_instant(entry.start) for entry in entries],
        "users": [msgspec.json.encode(entry.on_call.users).decode() for entry in entries],
        "sources": [msgspec.json.encode(entry.on_call.sources).decode() for entry in entries],
        "tzdata": tzdata,
        "now": now,
    }
    await tx.execute(APPEND, row)


async def done(tx: AsyncConnection, ids: Iterable[ScheduleId], *, until: datetime, next_at: datetime) -> None:
    await tx.execute(DONE, {"ids": list(ids), "until": until, "next_at": next_at})


async def postpone(tx: AsyncConnection, id: ScheduleId, *, next_at: datetime) -> None:
    await tx.execute(POSTPONE, {"id": id, "next_at": next_at})
