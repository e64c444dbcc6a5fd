"""What can be done with a timeline: add to it, read it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId, new_id
from oncall.timeline import store
from oncall.timeline.ports import OnEntries
from oncall.timeline.values import Committed, Entry, Place, Recorded

_told: dict[str, OnEntries] = {}


def tell_entries_to(name: str, on_entries: OnEntries) -> None:
    """From now on, and in this whole process, this is how the listener of that name is told; they are told in the order of their names."""
    _told[name] = on_entries


async def listen(tx: AsyncConnection, name: str, *, listens: bool) -> None:
    """Say whether this listener wants to hear of all entries; while none does, nobody is told."""
    await store.save_listening(tx, name, listens=listens)


async def follow(tx: AsyncConnection, name: str, incident_ids: Sequence[IncidentId]) -> None:
    """From now on this listener hears of the entries of these incidents, as long as there are these incidents."""
    if incident_ids:
        await store.save_following(tx, name, incident_ids)


async def add(tx: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Append entries with one statement, in the caller's transaction: what happened and its record commit together, and what is told of it.

    The incidents are written before, so that whoever listens sees them as they are after it.
    """
    if entries:
        added = [(new_id(), entry) for entry in entries]
        for name in sorted(await store.add_entries(tx, added)):
            if name in _told:
                await _told[name](tx, added)


async def list_entries(tx: AsyncConnection, incident_id: IncidentId, *, after: UUID | None = None, limit: int = 1_000) -> list[Recorded]:
    """An incident's entries in the order they happened, those that follow one of them."""
    return await store.list_entries(tx, incident_id, after=after, limit=limit)


async def list_around(
    tx: AsyncConnection, incident_id: IncidentId, at: datetime, *, before: int, after: int
) -> tuple[list[Recorded], list[Recorded]]:
    """The last `before` entries of what had happened by this instant, and the first `after` of what happened from it on; oldest first."""
    return (
        await store.list_before(tx, incident_id, before=at, limit=before),
        await store.list_since(tx, incident_id, since=at, limit=after),
    )


async def list_committed(tx: AsyncConnection, *, after: Place, limit: int) -> list[Committed]:
    """What happened to all incidents after this place: in one order, always the same, in which nothing ever appears before what was read.

    What is committed shows when every older transaction of this database has ended: some milliseconds late, seconds at most.
    """
    return await store.list_committed(tx, after=after, limit=limit)


async def newest_place(tx: AsyncConnection) -> Place:
    """After it comes all that happens from now on."""
    return await store.horizon(tx)


async def can_go_on(tx: AsyncConnection, after: Place, *, since: datetime) -> bool:
    """Whether this place is one of this server's (a restored copy counts anew), and what comes after it not older than `since`."""
    return after.xact <= await store.newest(tx) and not await store.is_older(tx, after=after, before=since)
