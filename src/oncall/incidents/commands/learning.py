"""Major incidents that are over, for whoever asks what was learned from them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store import incidents as store
from oncall.incidents.store import learning
from oncall.incidents.values import Incident


async def list_major_over(tx: AsyncConnection, *, before: UUID | None, limit: int) -> list[Incident]:
    """Newest first; those that were merged into others are left out."""
    ids = await learning.list_over(tx, before=before or UUID(int=2**128 - 1), limit=limit)
    return (await store.get_incidents(tx, ids))[::-1] if ids else []
