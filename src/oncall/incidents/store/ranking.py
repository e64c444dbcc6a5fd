"""SQL about the queue of open incidents."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import Priority, Promised
from oncall.incidents.values.ranking import Ranked
from oncall.kit.ids import IncidentId, ServiceId

# By incidents_open_idx (service_id, id) and the key of incident_records; the order is `rank_key`'s. The last one of the page before may
# have moved, or be over, since: the next page begins behind where it would stand now. Only a page is sorted: whoever stands before it is
# counted (10,000 open ones are read and joined in either case; to sort them all takes as long again).
RANKED = text("""
    WITH keyed AS NOT MATERIALIZED (
        SELECT i.id, i.priority, r.acknowledge_by, r.resolve_by, r.update_by, r.affected_users, i.triggered_at,
            coalesce(i.priority, 'P9') COLLATE "C" AS worth,
            coalesce(least(r.acknowledge_by, r.resolve_by, r.update_by), 'infinity') AS due,
            -coalesce(r.affected_users, 0) AS hurts
        FROM incidents i LEFT JOIN incident_records r ON r.incident_id = i.id
        WHERE i.status IN ('triggered', 'acknowledged')
            AND (CAST(:service_ids AS uuid[]) IS NULL OR i.service_id = ANY(CAST(:service_ids AS uuid[])))
    ), before AS (
        SELECT coalesce(i.priority, 'P9') COLLATE "C" AS worth,
            coalesce(least(r.acknowledge_by, r.resolve_by, r.update_by), 'infinity') AS due,
            -coalesce(r.affected_users, 0) AS hurts, i.id
        FROM incidents i LEFT JOIN incident_records r ON r.incident_id = i.id WHERE i.id = CAST(:after AS uuid)
    ), page AS (
        SELECT * FROM keyed
        WHERE CAST(:after AS uuid) IS NULL OR (worth, due, hurts, id) > (SELECT worth, due, hurts, id FROM before)
        ORDER BY worth, due, hurts, id LIMIT :limit
    )
    SELECT id, priority, acknowledge_by, resolve_by, update_by, affected_users, triggered_at,
        row_number() OVER (ORDER BY worth, due, hurts, id) + CASE WHEN CAST(:after AS uuid) IS NULL THEN 0 ELSE (
            SELECT count(*) FROM keyed WHERE (worth, due, hurts, id) <= (SELECT worth, due, hurts, id FROM before)
        ) END AS position
    FROM page ORDER BY position
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
