"""What can be done with a timeline: add to it, read it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId
from oncall.timeline import store
from oncall.timeline.values import Entry, Recorded


async def add(tx: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Append entries with one statement, in the caller's transaction: what happened and its record commit together."""
    if entries:
        await store.add_entries(tx, entries)


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
