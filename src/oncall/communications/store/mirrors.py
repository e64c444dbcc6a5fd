"""SQL about mirrors: wanted, claimed under a lease, read on, recorded. One row for each room, so that it is told in order."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.values.mirrors import Mirror, MirrorState, NextEntry
from oncall.communications.values.rooms import MessageId, RoomEntry, RoomKind
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId

# One that is due, leased or waiting after a failure stays so; one at rest is due now.
WANT = text("""
    INSERT INTO room_mirrors (incident_id, channel, wanted_seq, mirrored_seq, next_at, attempt, failures)
    VALUES (:incident_id, :channel, :seq, CAST(:seq AS bigint) - 1, :now, 0, 0)
    ON CONFLICT (incident_id) DO UPDATE SET wanted_seq = greatest(room_mirrors.wanted_seq, excluded.wanted_seq),
        next_at = coalesce(room_mirrors.next_at, excluded.next_at)
""")
# By the partial index `room_mirrors_next_at_idx (next_at) WHERE next_at IS NOT NULL`.
CLAIM = text("""
    WITH due AS MATERIALIZED (
        SELECT incident_id FROM room_mirrors WHERE next_at <= :now ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE room_mirrors m SET attempt = m.attempt + 1, next_at = :lease_until
    WHERE m.incident_id = ANY(ARRAY(SELECT incident_id FROM due))
    RETURNING m.incident_id, m.channel, m.thread, m.mirrored_seq, m.attempt, m.failures
""")
NEXT_AT = text("SELECT min(next_at) FROM room_mirrors WHERE next_at IS NOT NULL")
# By the primary key (incident_id, seq) of the entries; only while the lease is ours.
NEXT = text("""
    SELECT e.incident_id, e.seq, e.kind, e.message_id, e.text, e.by::text AS by, e.at, m.seq AS message_seq,
        m.deleted_at IS NOT NULL AS is_deleted, m.mirrored_as
    FROM room_mirrors r JOIN room_entries e ON e.incident_id = r.incident_id AND e.seq > r.mirrored_seq
    JOIN room_messages m ON m.id = e.message_id
    WHERE r.incident_id = :incident_id AND r.attempt = :attempt AND r.next_at > :now ORDER BY e.seq LIMIT 1
""")
MOVE = text("""
    UPDATE room_mirrors SET mirrored_seq = :seq, thread = :thread, failures = 0, last_error = NULL, next_at = :lease_until
    WHERE incident_id = :incident_id AND attempt = :attempt RETURNING incident_id
""")
NAME = text("UPDATE room_messages SET mirrored_as = :stamp WHERE id = :message_id")
# What was wanted meanwhile is in this very row.
REST = text("""
    UPDATE room_mirrors SET next_at = CASE WHEN wanted_seq > mirrored_seq THEN CAST(:now AS timestamptz) END
    WHERE incident_id = :incident_id AND attempt = :attempt
""")
FAIL = text("""
    UPDATE room_mirrors SET failures = failures + 1, last_error = :error, next_at = :next_at
    WHERE incident_id = :incident_id AND attempt = :attempt
""")
FIND = text("SELECT channel, wanted_seq, mirrored_seq, last_error FROM room_mirrors WHERE incident_id = :incident_id")


async def want(tx: AsyncConnection, incident_id: IncidentId, channel: str, seq: int, *, now: datetime) -> None:
    """This room is to be shown there up to this number; one that was not shown before, from it on."""
    await tx.execute(WANT, {"incident_id": incident_id, "channel": channel, "seq": seq, "now": now})


async def claim(tx: AsyncConnection, *, now: datetime, lease_until: datetime, limit: int) -> Sequence[Mirror]:
    rows = await tx.execute(CLAIM, {"now": now, "lease_until": lease_until, "limit": limit})
    return [Mirror(IncidentId(r.incident_id), r.channel, r.thread, r.mirrored_seq, r.attempt, r.failures) for r in rows]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def next_entry(tx: AsyncConnection, mirror: Mirror, *, now: datetime) -> NextEntry | None:
    """None if all was told, or another has claimed it meanwhile."""
    r = (await tx.execute(NEXT, {"incident_id": mirror.incident_id, "attempt": mirror.attempt, "now": now})).first()
    if r is None:
        return None
    by = msgspec.json.decode(r.by, type=Actor)
    kind, message_id = RoomKind(r.kind), MessageId(r.message_id)
    entry = RoomEntry(mirror.incident_id, r.seq, kind, message_id, r.message_seq, r.text, r.is_deleted, by, r.at)
    return NextEntry(entry, r.mirrored_as)


async def move(tx: AsyncConnection, mirror: Mirror, *, lease_until: datetime) -> bool:
    """It has come so far; False if another has claimed it meanwhile (the fence)."""
    params = {"seq": mirror.mirrored_seq, "thread": mirror.thread, "lease_until": lease_until}
    moved = await tx.execute(MOVE, {"incident_id": mirror.incident_id, "attempt": mirror.attempt, **params})
    return moved.first() is not None


async def name_message(tx: AsyncConnection, id: MessageId, stamp: str) -> None:
    await tx.execute(NAME, {"message_id": id, "stamp": stamp})


async def rest(tx: AsyncConnection, mirror: Mirror, *, now: datetime) -> None:
    """Until more is said; at once, if more was said meanwhile."""
    await tx.execute(REST, {"incident_id": mirror.incident_id, "attempt": mirror.attempt, "now": now})


async def fail(tx: AsyncConnection, mirror: Mirror, *, error: str, next_at: datetime) -> None:
    params = {"incident_id": mirror.incident_id, "attempt": mirror.attempt, "error": error[:500], "next_at": next_at}
    await tx.execute(FAIL, params)


async def find_state(tx: AsyncConnection, incident_id: IncidentId) -> MirrorState | None:
    r = (await tx.execute(FIND, {"incident_id": incident_id})).first()
    return MirrorState(r.channel, r.wanted_seq, r.mirrored_seq, r.last_error) if r else None
