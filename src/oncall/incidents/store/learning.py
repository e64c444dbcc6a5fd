"""SQL that finds major incidents. They are few, and have an index of their own."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId

# By `incidents_major_idx ON incidents (id) WHERE is_major`.
OVER = text("""
    SELECT id FROM incidents
    WHERE is_major AND status IN ('resolved', 'closed') AND merged_into_id IS NULL AND id < :before
    ORDER BY id DESC LIMIT :limit
""")


async def list_over(tx: AsyncConnection, *, before: UUID, limit: int) -> list[IncidentId]:
    """Those that are resolved or closed, newest first."""
    return [IncidentId(r.id) for r in await tx.execute(OVER, {"before": before, "limit": limit})]
