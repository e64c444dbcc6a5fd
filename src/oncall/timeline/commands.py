"""What can be done with a timeline: add to it, read it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId, new_id
from oncall.timeline import store
from oncall.timeline.ports import OnEntries
from oncall.timeline.values import Entry, Recorded

_told: list[OnEntries] = []


def tell_entries_to(on_entries: OnEntries) -> None:
    """From now on, and in this whole process, whoever listens is told by this."""
    _told[:] = [on_entries]


async def listen(tx: AsyncConnection, name: str, *, listens: bool) -> None:
    """Say whether this listener wants to hear of entries; while none does, nobody is told."""
    await store.save_listening(tx, name, listens=listens)


async def add(tx: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Append entries with one statement, in the caller's transaction: what happened and its record commit together, and what is told of it.

    The incidents are written before, so that whoever listens sees them as they are after it.
    """
    if entries:
        added = [(new_id(), entry) for entry in entries]
        if await store.add_entries(tx, added):
            for on_entries in _told:
                await on_entries(tx, added)


async def list_entries(tx: AsyncConnection, incident_id: IncidentId, *, after: int = 0, limit: int = 1_000) -> list[Recorded]:
    """An incident's entries in the order they happened."""
    return await store.list_entries(tx, incident_id, after=after, limit=limit)


async def list_around(
    tx: AsyncConnection, incident_id: IncidentId, at: datetime, *, before: int, after: int
) -> tuple[list[Recorded], list[Recorded]]:
    """The last `before` entries of what had happened by this instant, and the first `after` of what happened from it on; oldest first."""
    return (
        await store.list_before(tx, incident_id, before=at, limit=before),
        await store.list_since(tx, incident_id, since=at, limit=after),
    )
