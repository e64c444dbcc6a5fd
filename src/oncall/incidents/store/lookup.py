"""SQL that looks alerts up as the imitated APIs do: by their own ids, in one service."""

from collections.abc import Mapping
from dataclasses import asdict

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store.alerts import alert_seen
from oncall.incidents.values import AlertFound, AlertSearch
from oncall.kit.ids import IntegrationId, ServiceId

# Its own key first, by `alerts_one_open_per_key`; among the service's open alerts otherwise, which are few.
KEY_AMONG = text("""
    SELECT dedup_key FROM alerts
    WHERE service_id = :service_id AND state = 'open' AND (dedup_key = :key OR details @> CAST(:among AS jsonb))
    ORDER BY dedup_key = :key DESC, id LIMIT 1
""")

# By `alerts_incident_idx` and the keys' indexes where a filter names one; else the service's newest alerts.
FIND = text("""
    SELECT a.id, a.incident_id, a.integration_id, a.dedup_key, a.state = 'open' AS is_open, a.severity, a.acknowledged, a.summary, a.source,
        a.labels::text AS labels, a.links::text AS links, a.details::text AS details, a.event_count, a.first_seen_at, a.last_seen_at,
        a.resolved_at, i.number, i.status, i.acknowledged_at,
        i.acknowledged_by ->> 'name' AS acknowledged_by, i.resolved_by ->> 'name' AS resolved_by
    FROM alerts a JOIN incidents i ON i.id = a.incident_id
    WHERE a.service_id = :service_id
        AND (CAST(:id AS uuid) IS NULL OR a.id = CAST(:id AS uuid))
        AND (CAST(:dedup_key AS text) IS NULL OR a.dedup_key = CAST(:dedup_key AS text))
        AND (CAST(:number AS bigint) IS NULL OR i.number = CAST(:number AS bigint))
        AND (CAST(:is_open AS boolean) IS NULL OR (a.state = 'open') = CAST(:is_open AS boolean))
        AND (CAST(:acknowledged AS boolean) IS NULL
            OR (a.acknowledged OR i.status = 'acknowledged') = CAST(:acknowledged AS boolean))
        AND strpos(lower(a.summary), lower(CAST(:words AS text))) > 0
    ORDER BY CASE WHEN :oldest_first THEN a.id END, a.id DESC LIMIT :limit OFFSET :offset
""")


async def find_key_among(tx: AsyncConnection, service_id: ServiceId, key: str | None, among: Mapping[str, object]) -> str | None:
    """The key of the open alert that has this key, else of one whose details hold `among`."""
    params = {"service_id": service_id, "key": key, "among": msgspec.json.encode(among).decode()}
    found: str | None = (await tx.execute(KEY_AMONG, params)).scalar_one_or_none()
    return found


async def find_alerts(tx: AsyncConnection, service_id: ServiceId, asked: AlertSearch, *, limit: int, offset: int) -> list[AlertFound]:
    """The alerts of a service that are asked for, newest first unless `asked` says otherwise."""
    rows = await tx.execute(FIND, {"service_id": service_id, "limit": limit, "offset": offset, **asdict(asked)})
    return [
        AlertFound(
            alert_seen(r),
            IntegrationId(r.integration_id),
            r.number,
            r.acknowledged or r.status == "acknowledged",
            r.acknowledged_at,
            r.acknowledged_by or "",
            r.resolved_by or "",
        )
        for r in rows
    ]
