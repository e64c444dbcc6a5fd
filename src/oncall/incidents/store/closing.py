"""SQL about incidents that may close themselves."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId

# By incidents_awaiting_closure_idx (id), which holds what is filed by `itil` and resolved. So many working days are so many days at
# least; what is younger than that need not be looked at.
LIST_SILENT = text("""
    SELECT i.id FROM incidents i JOIN services s ON s.id = i.service_id
    WHERE i.status = 'resolved' AND i.process = 'itil' AND NOT i.is_major AND i.priority IS DISTINCT FROM 'P1'
        AND i.resolved_at <= CAST(:now AS timestamptz) - s.auto_close_days * interval '1 day'
        AND i.id > :after
    ORDER BY i.id LIMIT :limit
""")


async def list_silent(tx: AsyncConnection, *, after: IncidentId, now: datetime, limit: int) -> list[IncidentId]:
    """Resolved so long ago that their service may close them by itself."""
    rows = await tx.execute(LIST_SILENT, {"after": after, "now": now, "limit": limit})
    return [IncidentId(row.id) for row in rows]
