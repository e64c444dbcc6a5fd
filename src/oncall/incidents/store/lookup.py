"""SQL that looks alerts up as other tools' APIs do: by their own ids, in one service. First which ones, then what is told of them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store.alerts import alert_seen
from oncall.incidents.values import AlertFound, AlertSearch
from oncall.kit.ids import IntegrationId, ServiceId

BY_ID = text("SELECT id FROM alerts WHERE id = :id AND service_id = :service_id")

# By `alerts_one_open_per_key` and `alerts_resolved_idx`.
BY_KEY = text("""
    (SELECT id FROM alerts WHERE service_id = :service_id AND dedup_key = :dedup_key AND state = 'open')
    UNION ALL
    (SELECT id FROM alerts WHERE service_id = :service_id AND dedup_key = :dedup_key AND state = 'resolved'
        ORDER BY resolved_at DESC LIMIT :limit)
""")

# By `incidents_number_key` and `alerts_incident_idx`.
BY_NUMBER = text("""
    SELECT a.id FROM incidents i JOIN alerts a ON a.incident_id = i.id
    WHERE i.number = :number AND a.service_id = :service_id ORDER BY a.id LIMIT :limit
""")

# By `alerts_service_idx (service_id, id)`, forwards or backwards.
OLDEST = text("""
    SELECT a.id FROM alerts a JOIN incidents i ON i.id = a.incident_id
    WHERE a.service_id = :service_id AND (CAST(:is_open AS boolean) IS NULL OR (a.state = 'open') = CAST(:is_open AS boolean))
        AND (CAST(:acknowledged AS boolean) IS NULL OR (a.acknowledged OR i.status = 'acknowledged') = CAST(:acknowledged AS boolean))
        AND NOT EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS word WHERE strpos(lower(a.summary), lower(word)) = 0)
    ORDER BY a.id LIMIT :limit OFFSET :offset
""")
NEWEST = text("""
    SELECT a.id FROM alerts a JOIN incidents i ON i.id = a.incident_id
    WHERE a.service_id = :service_id AND (CAST(:is_open AS boolean) IS NULL OR (a.state = 'open') = CAST(:is_open AS boolean))
        AND (CAST(:acknowledged AS boolean) IS NULL OR (a.acknowledged OR i.status = 'acknowledged') = CAST(:acknowledged AS boolean))
        AND NOT EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS word WHERE strpos(lower(a.summary), lower(word)) = 0)
    ORDER BY a.id DESC LIMIT :limit OFFSET :offset
""")

FOUND = text("""
    SELECT a.id, a.incident_id, a.integration_id, a.dedup_key, a.state = 'open' AS is_open, a.severity, a.acknowledged, a.summary, a.source,
        a.labels::text AS labels, a.links::text AS links, a.details::text AS details, a.event_count, a.first_seen_at, a.last_seen_at,
        a.resolved_at, a.expires_at, i.number, i.status, i.acknowledged_at,
        i.acknowledged_by ->> 'name' AS acknowledged_by, i.resolved_by ->> 'name' AS resolved_by
    FROM alerts a JOIN incidents i ON i.id = a.incident_id WHERE a.id = ANY(:ids)
""")


async def find_alerts(tx: AsyncConnection, service_id: ServiceId, asked: AlertSearch, *, limit: int, offset: int) -> list[AlertFound]:
    """The alerts of a service that are asked for, newest first unless `asked` says otherwise."""
    ids = await _ids(tx, service_id, asked, limit=limit, offset=offset)
    found = {
        row.id: AlertFound(
            alert_seen(row),
            IntegrationId(row.integration_id),
            row.number,
            row.acknowledged or row.status == "acknowledged",
            row.acknowledged_at,
            row.acknowledged_by or "",
            row.resolved_by or "",
        )
        for row in await tx.execute(FOUND, {"ids": ids})
    }
    return [found[id] for id in ids if id in found and asked.takes(found[id])]


async def _ids(tx: AsyncConnection, service_id: ServiceId, asked: AlertSearch, *, limit: int, offset: int) -> Sequence[UUID]:
    params = {"service_id": service_id, "limit": limit + offset}
    if asked.id is not None:
        return (await tx.execute(BY_ID, params | {"id": asked.id})).scalars().all()
    if asked.dedup_key is not None:
        return (await tx.execute(BY_KEY, params | {"dedup_key": asked.dedup_key})).scalars().all()[offset : offset + limit]
    if asked.number is not None:
        return (await tx.execute(BY_NUMBER, params | {"number": asked.number})).scalars().all()[offset : offset + limit]
    filters = {"is_open": asked.is_open, "acknowledged": asked.acknowledged, "words": list(asked.words), "limit": limit, "offset": offset}
    return (await tx.execute(OLDEST if asked.oldest_first else NEWEST, params | filters)).scalars().all()
