"""The queue of open incidents: which comes first, and why each stands where it stands."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.ranking import rank
from oncall.incidents.store import incidents as store
from oncall.incidents.store import ranking as ranking_store
from oncall.incidents.values import Incident
from oncall.incidents.values.ranking import Rank
from oncall.kit.ids import ServiceId


async def list_queue(
    tx: AsyncConnection, *, service_ids: Sequence[ServiceId] | None, after: UUID | None, limit: int, now: datetime
) -> list[tuple[Incident, Rank]]:
    """A page of it, the first ones first."""
    ranked = await ranking_store.list_ranked(tx, service_ids=service_ids, after=after, limit=limit)
    incidents = {i.id: i for i in await store.get_incidents(tx, [one.id for one in ranked])}
    return [(incidents[one.id], rank(one, now=now)) for one in ranked]
