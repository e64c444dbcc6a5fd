"""What is promised to incidents: begun, kept up with what happens to them, and looked at when a mark of it is due.

Whoever writes here holds the lock of the incident.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.rules.targets import next_at
from oncall.desk.store import promises as store
from oncall.desk.values.slas import Promises
from oncall.kit.ids import IncidentId


async def get_promises(tx: AsyncConnection, ids: Iterable[IncidentId]) -> Mapping[IncidentId, Promises]:
    """Of those that have an SLA; one statement for any number."""
    wanted = list(ids)
    return await store.get_promises(tx, wanted) if wanted else {}


async def lock_promises(tx: AsyncConnection, ids: Iterable[IncidentId]) -> Mapping[IncidentId, Promises]:
    return await store.lock_promises(tx, ids)


async def save_promises(tx: AsyncConnection, changed: Sequence[Promises]) -> None:
    """As a set, each with its next mark."""
    await store.save_promises(tx, [(one, next_at(one)) for one in changed])


async def due(tx: AsyncConnection, *, due_by: datetime, limit: int) -> list[IncidentId]:
    """Incidents of which a mark is due; nothing is locked."""
    return await store.due(tx, due_by=due_by, limit=limit)


async def lock_due(tx: AsyncConnection, ids: Sequence[IncidentId], *, due_by: datetime) -> Mapping[IncidentId, Promises]:
    """Of these locked incidents, those of which a mark is still due."""
    return await store.lock_due(tx, ids, due_by=due_by) if ids else {}


async def next_due_at(tx: AsyncConnection) -> datetime | None:
    return await store.next_at(tx)


async def postpone(tx: AsyncConnection, id: IncidentId, *, until: datetime, error: Exception) -> None:
    await store.postpone(tx, id, next_at=until, error=f"{type(error).__name__}: {error}"[:500])
