"""SQL about notes of incidents."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values.notes import Note, NoteId
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId

ADD = text("""
    INSERT INTO incident_notes (id, incident_id, author, written_at, text)
    VALUES (:id, :incident_id, CAST(:author AS jsonb), :written_at, :text)
""")
# By `incident_notes_incident_idx (incident_id, id)`.
LIST = text("""
    SELECT id, incident_id, author::text AS author, written_at, text FROM incident_notes
    WHERE incident_id = :incident_id AND id > :after ORDER BY id LIMIT :limit
""")
COUNT = text("SELECT count(*) FROM incident_notes WHERE incident_id = :incident_id")


async def add_note(tx: AsyncConnection, note: Note) -> None:
    params = {"id": note.id, "incident_id": note.incident_id, "written_at": note.written_at, "text": note.text}
    await tx.execute(ADD, params | {"author": msgspec.json.encode(note.author).decode()})


async def list_notes(tx: AsyncConnection, incident_id: IncidentId, *, after: UUID, limit: int) -> Sequence[Note]:
    """In the order in which they were written."""
    rows = await tx.execute(LIST, {"incident_id": incident_id, "after": after, "limit": limit})
    return [Note(NoteId(r.id), IncidentId(r.incident_id), msgspec.json.decode(r.author, type=Actor), r.written_at, r.text) for r in rows]


async def count_notes(tx: AsyncConnection, incident_id: IncidentId) -> int:
    count: int = (await tx.execute(COUNT, {"incident_id": incident_id})).scalar_one()
    return count
