"""SQL about what happened to heartbeats, their latest check-ins, and when somebody last listened."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.heartbeats.values import CHECK_INS_KEPT, Change, HeartbeatId, Kind, Recorded

ADD_CHANGES = text("""
    INSERT INTO heartbeat_changes (id, heartbeat_id, at, kind, reason, actor)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:heartbeat_ids AS uuid[]), CAST(:ats AS timestamptz[]), CAST(:kinds AS text[]),
        CAST(:reasons AS text[]), CAST(:actors AS text[]))
""")
KEEP_CHECK_IN = text("""
    INSERT INTO heartbeat_check_ins (heartbeat_id, slot, id, at, via)
    VALUES (:heartbeat_id, CAST(:number AS bigint) % CAST(:kept AS bigint), :id, :now, :via)
    ON CONFLICT (heartbeat_id, slot) DO UPDATE SET id = excluded.id, at = excluded.at, via = excluded.via
""")
# Ids are in the order in which things happened.
HISTORY = text("""
    SELECT id, at, kind, reason, actor FROM heartbeat_changes WHERE heartbeat_id = :heartbeat_id AND id < :before
    UNION ALL
    SELECT id, at, 'checked_in', '', via FROM heartbeat_check_ins WHERE heartbeat_id = :heartbeat_id AND id < :before
    ORDER BY id DESC LIMIT :limit
""")

HEARD_UNTIL = text("SELECT heard_until FROM heartbeat_listening")
LOCK_LISTENING = text("SELECT heard_until FROM heartbeat_listening FOR NO KEY UPDATE")
LISTEN = text("""
    INSERT INTO heartbeat_listening (single, heard_until) VALUES (true, :now)
    ON CONFLICT (single) DO UPDATE SET heard_until = :now WHERE heartbeat_listening.heard_until < :now
""")


async def add_changes(tx: AsyncConnection, changes: Sequence[tuple[UUID, HeartbeatId, Change]]) -> None:
    if not changes:
        return
    row = {
        "ids": [id for id, _, _ in changes],
        "heartbeat_ids": [heartbeat_id for _, heartbeat_id, _ in changes],
        "ats": [change.at for _, _, change in changes],
        "kinds": [change.kind.value for _, _, change in changes],
        "reasons": [change.reason for _, _, change in changes],
        "actors": [change.by for _, _, change in changes],
    }
    await tx.execute(ADD_CHANGES, row)


async def keep_check_in(tx: AsyncConnection, heartbeat_id: HeartbeatId, number: int, id: UUID, via: str, *, now: datetime) -> None:
    """Over the one that came a hundred before it."""
    row = {"heartbeat_id": heartbeat_id, "number": number, "kept": CHECK_INS_KEPT, "id": id, "via": via, "now": now}
    await tx.execute(KEEP_CHECK_IN, row)


async def list_history(tx: AsyncConnection, heartbeat_id: HeartbeatId, *, before: UUID, limit: int) -> list[Recorded]:
    """Newest first."""
    rows = await tx.execute(HISTORY, {"heartbeat_id": heartbeat_id, "before": before, "limit": limit})
    return [Recorded(row.id, Change(Kind(row.kind), row.at, row.reason, row.actor)) for row in rows]


async def heard_until(tx: AsyncConnection, *, lock: bool = False) -> datetime | None:
    """When a node last said that it takes check-ins; None if none ever did."""
    at: datetime | None = (await tx.execute(LOCK_LISTENING if lock else HEARD_UNTIL, {})).scalar_one_or_none()
    return at


async def listen(tx: AsyncConnection, *, now: datetime) -> None:
    await tx.execute(LISTEN, {"now": now})
