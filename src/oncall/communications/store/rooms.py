"""SQL about rooms: their messages as they are, and what was done in them, in order."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.values.rooms import MessageId, RoomEntry, RoomKind, RoomMessage
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, UserId

# The row stays locked until the transaction ends: whoever is next waits, so numbers appear in their order, and none is left out.
NEXT_SEQ = text("""
    INSERT INTO rooms (incident_id, last_seq) VALUES (:incident_id, 1)
    ON CONFLICT (incident_id) DO UPDATE SET last_seq = rooms.last_seq + 1 RETURNING last_seq
""")
LAST_SEQ = text("SELECT last_seq FROM rooms WHERE incident_id = :incident_id")
ADD_MESSAGE = text("""
    INSERT INTO room_messages (id, incident_id, seq, text, posted_by, posted_at, mentions, version)
    VALUES (:id, :incident_id, :seq, :text, CAST(:posted_by AS jsonb), :posted_at, CAST(:mentions AS uuid[]), :version)
""")
SAVE_MESSAGE = text("""
    UPDATE room_messages SET text = :text, edited_at = :edited_at, deleted_at = :deleted_at, deleted_by = CAST(:deleted_by AS jsonb),
        mentions = CAST(:mentions AS uuid[]), version = :version
    WHERE id = :id
""")
ADD_ENTRY = text("""
    INSERT INTO room_entries (incident_id, seq, kind, message_id, text, by, at)
    VALUES (:incident_id, :seq, :kind, :message_id, :text, CAST(:by AS jsonb), :at)
""")
# By `room_entries_message_idx`: of what was deleted nothing is told to those who come later.
FORGET = text("UPDATE room_entries SET text = '' WHERE message_id = :message_id AND text <> ''")

FIND = text("""
    SELECT id, incident_id, seq, text, posted_by::text AS posted_by, posted_at, edited_at, deleted_at, deleted_by::text AS deleted_by,
        mentions, version
    FROM room_messages WHERE id = :id AND incident_id = :incident_id
""")
LOCK = text("""
    SELECT id, incident_id, seq, text, posted_by::text AS posted_by, posted_at, edited_at, deleted_at, deleted_by::text AS deleted_by,
        mentions, version
    FROM room_messages WHERE id = :id AND incident_id = :incident_id FOR NO KEY UPDATE
""")
# By the unique `room_messages_are_numbered_by_incident (incident_id, seq)`, backwards.
LIST = text("""
    SELECT id, incident_id, seq, text, posted_by::text AS posted_by, posted_at, edited_at, deleted_at, deleted_by::text AS deleted_by,
        mentions, version
    FROM room_messages
    WHERE incident_id = :incident_id AND (CAST(:before AS uuid) IS NULL
        OR seq < (SELECT seq FROM room_messages WHERE id = CAST(:before AS uuid) AND incident_id = :incident_id))
    ORDER BY seq DESC LIMIT :limit
""")
# By the primary key (incident_id, seq): for each room what comes next, one statement for all.
ENTRIES = text("""
    SELECT e.incident_id, e.seq, e.kind, e.message_id, e.text, e.by::text AS by, e.at, m.seq AS message_seq,
        m.deleted_at IS NOT NULL AS is_deleted
    FROM unnest(CAST(:incident_ids AS uuid[]), CAST(:afters AS bigint[])) AS r (incident_id, after)
    CROSS JOIN LATERAL (
        SELECT * FROM room_entries WHERE incident_id = r.incident_id AND seq > r.after ORDER BY seq LIMIT :limit
    ) e
    JOIN room_messages m ON m.id = e.message_id
    ORDER BY e.incident_id, e.seq
""")


async def next_seq(tx: AsyncConnection, incident_id: IncidentId) -> int:
    """The next number of this room, which is locked from now on."""
    seq: int = (await tx.execute(NEXT_SEQ, {"incident_id": incident_id})).scalar_one()
    return seq


async def last_seq(tx: AsyncConnection, incident_id: IncidentId) -> int:
    """0 if nothing was said yet."""
    return (await tx.execute(LAST_SEQ, {"incident_id": incident_id})).scalar_one_or_none() or 0


async def add_message(tx: AsyncConnection, message: RoomMessage) -> None:
    await tx.execute(
        ADD_MESSAGE,
        {
            "id": message.id,
            "incident_id": message.incident_id,
            "seq": message.seq,
            "text": message.text,
            "posted_by": _json(message.posted_by),
            "posted_at": message.posted_at,
            "mentions": list(message.mentions),
            "version": message.version,
        },
    )


async def save_message(tx: AsyncConnection, message: RoomMessage) -> None:
    """A message that was locked; of a deleted one all that was ever said in it goes."""
    await tx.execute(
        SAVE_MESSAGE,
        {
            "id": message.id,
            "text": message.text,
            "edited_at": message.edited_at,
            "deleted_at": message.deleted_at,
            "deleted_by": _json(message.deleted_by) if message.deleted_by else None,
            "mentions": list(message.mentions),
            "version": message.version,
        },
    )
    if message.deleted_at is not None:
        await tx.execute(FORGET, {"message_id": message.id})


async def add_entry(tx: AsyncConnection, entry: RoomEntry) -> None:
    await tx.execute(
        ADD_ENTRY,
        {
            "incident_id": entry.incident_id,
            "seq": entry.seq,
            "kind": entry.kind.value,
            "message_id": entry.message_id,
            "text": entry.text,
            "by": _json(entry.by),
            "at": entry.at,
        },
    )


async def find_message(tx: AsyncConnection, incident_id: IncidentId, id: MessageId, *, lock: bool = False) -> RoomMessage | None:
    row = (await tx.execute(LOCK if lock else FIND, {"id": id, "incident_id": incident_id})).first()
    return _message(row) if row else None


async def list_messages(tx: AsyncConnection, incident_id: IncidentId, *, before: UUID | None, limit: int) -> list[RoomMessage]:
    """Newest first."""
    return [_message(r) for r in await tx.execute(LIST, {"incident_id": incident_id, "before": before, "limit": limit})]


async def list_entries(tx: AsyncConnection, after: Mapping[IncidentId, int], *, limit: int) -> dict[IncidentId, Sequence[RoomEntry]]:
    """What was done in each of these rooms after that number, in order, at most `limit` of each."""
    found: dict[IncidentId, list[RoomEntry]] = {}
    params = {"incident_ids": list(after), "afters": list(after.values()), "limit": limit}
    for r in await tx.execute(ENTRIES, params):
        kind, id = RoomKind(r.kind), IncidentId(r.incident_id)
        entry = RoomEntry(id, r.seq, kind, MessageId(r.message_id), r.message_seq, r.text, r.is_deleted, _actor(r.by), r.at)
        found.setdefault(id, []).append(entry)
    return dict(found)


def _message(r: Row[Any]) -> RoomMessage:
    return RoomMessage(
        MessageId(r.id),
        IncidentId(r.incident_id),
        r.seq,
        r.text,
        _actor(r.posted_by),
        r.posted_at,
        r.edited_at,
        r.deleted_at,
        _actor(r.deleted_by) if r.deleted_by else None,
        tuple(UserId(id) for id in r.mentions),
        r.version,
    )


def _actor(raw: str) -> Actor:
    return msgspec.json.decode(raw, type=Actor)


def _json(actor: Actor) -> str:
    return msgspec.json.encode(actor).decode()
