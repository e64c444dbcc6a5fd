"""Notes: what people write down while they work on an incident."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.affirming import still_on_it
from oncall.incidents.commands.verbs import end_of, get_incident
from oncall.incidents.rules.notes import words_of
from oncall.incidents.store import notes as store
from oncall.incidents.values import Incident
from oncall.incidents.values.notes import Note, NoteId
from oncall.kit.actors import Actor
from oncall.kit.ids import new_id


async def write_note(tx: AsyncConnection, ref: UUID | int, text: str, *, by: Actor, now: datetime) -> Note:
    """Also of one that is over. By whoever has it, it says that they are still on it."""
    return await add_note(tx, (await lock(tx, ref)).incident, text, by=by, now=now)


async def add_note(tx: AsyncConnection, incident: Incident, text: str, *, by: Actor, now: datetime) -> Note:
    """To a locked incident."""
    note = Note(NoteId(new_id()), incident.id, by, now, text)
    await store.add_note(tx, note)
    await still_on_it(tx, incident, by, now=now)
    detail: dict[str, object] = {"note_id": f"{note.id}", "text": text}
    await timeline.add(tx, [timeline.Entry(incident.id, now, timeline.Kind.NOTE_ADDED, by, words_of(note), detail)])
    return note


async def list_notes(tx: AsyncConnection, ref: UUID | int, *, after: UUID | None, limit: int) -> Sequence[Note]:
    """Of one that was merged, those of the incident that has its alerts now."""
    incident = await end_of(tx, await get_incident(tx, ref))
    return await store.list_notes(tx, incident.id, after=after or UUID(int=0), limit=limit)
