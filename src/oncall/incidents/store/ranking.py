"""SQL about the queue of open incidents."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import Priority, Promised
from oncall.incidents.values.ranking import Ranked
from oncall.kit.ids import IncidentId, ServiceId

# By incidents_open_idx (service_id, id) and the key of incident_records; the order is `rank_key`'s. The last one of the page before may
# have moved, or be over, since: the next page begins behind where it would stand now.
RANKED = text("""
    WITH keyed AS (
        SELECT i.id, i.priority, r.acknowledge_by, r.resolve_by, r.update_by, r.affected_users, i.triggered_at,
            coalesce(i.priority, 'P9') AS worth, coalesce(least(r.acknowledge_by, r.resolve_by, r.update_by), 'infinity') AS due,
            -coalesce(r.affected_users, 0) AS hurts, i.status
        FROM incidents i LEFT JOIN incident_records r ON r.incident_id = i.id
        WHERE i.status IN ('triggered', 'acknowledged')
            AND (CAST(:service_ids AS uuid[]) IS NULL OR i.service_id = ANY(CAST(:service_ids AS uuid[])))
    ), ranked AS (
        SELECT *, row_number() OVER (ORDER BY worth, due, hurts, id) AS position FROM keyed
    ), before AS (
        SELECT coalesce(i.priority, 'P9') AS worth, coalesce(least(r.acknowledge_by, r.resolve_by, r.update_by), 'infinity') AS due,
            -coalesce(r.affected_users, 0) AS hurts, i.id
        FROM incidents i LEFT JOIN incident_records r ON r.incident_id = i.id WHERE i.id = CAST(:after AS uuid)
    )
    SELECT id, position, priority, acknowledge_by, resolve_by, update_by, affected_users, triggered_at FROM ranked
    WHERE CAST(:after AS uuid) IS NULL OR (worth, due, hurts, id) > (SELECT worth, due, hurts, id FROM before)
    ORDER BY position LIMIT :limit
""")


async def list_ranked(tx: AsyncConnection, *, service_ids: Sequence[ServiceId] | None, after: UUID | None, limit: int) -> list[Ranked]:
    """A page of the queue, the first ones first."""
    params = {"service_ids": None if service_ids is None else list(service_ids), "after": after, "limit": limit}
    return [
        Ranked(
            IncidentId(r.id),
            r.position,
            Priority(r.priority) if r.priority else None,
            Promised(r.acknowledge_by, r.resolve_by, r.update_by),
            r.affected_users,
            r.triggered_at,
        )
        for r in await tx.execute(RANKED, params)
    ]
