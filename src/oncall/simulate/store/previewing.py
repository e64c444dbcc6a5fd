"""Read-only questions about the tables of lower rooms."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import AlertId, IncidentId, ServiceId
from oncall.simulate.values.previewing import LOOKED_AT, AlertLookedAt, Wanted

# By the partial index of open alerts; a long history costs nothing.
OPEN = text("""
    SELECT a.id, a.dedup_key, a.severity, a.summary, a.source, a.labels::text AS labels, a.service_id, s.name AS service, a.incident_id,
        i.number, a.state = 'open' AS is_open, a.last_seen_at
    FROM alerts a JOIN services s ON s.id = a.service_id JOIN incidents i ON i.id = a.incident_id
    WHERE a.state = 'open' AND (CAST(:service_id AS uuid) IS NULL OR a.service_id = CAST(:service_id AS uuid))
        AND a.labels @> CAST(:labels AS jsonb)
    ORDER BY a.last_seen_at DESC, a.id DESC LIMIT :limit
""")

# Reads all alerts, or all of the service: an index on what every repeat changes would cost each of them more than this costs once.
SEEN_SINCE = text("""
    SELECT a.id, a.dedup_key, a.severity, a.summary, a.source, a.labels::text AS labels, a.service_id, s.name AS service, a.incident_id,
        i.number, a.state = 'open' AS is_open, a.last_seen_at
    FROM alerts a JOIN services s ON s.id = a.service_id JOIN incidents i ON i.id = a.incident_id
    WHERE a.last_seen_at >= :since AND (CAST(:service_id AS uuid) IS NULL OR a.service_id = CAST(:service_id AS uuid))
        AND a.labels @> CAST(:labels AS jsonb)
    ORDER BY a.last_seen_at DESC, a.id DESC LIMIT :limit
""")


async def open_alerts(tx: AsyncConnection, wanted: Wanted) -> Sequence[AlertLookedAt]:
    """Those last seen first; one more than are looked at, if there are more."""
    return [_looked_at(row) for row in await tx.execute(OPEN, _parameters(wanted))]


async def alerts_since(tx: AsyncConnection, wanted: Wanted, since: datetime) -> Sequence[AlertLookedAt]:
    """Open or resolved, those last seen first; one more than are looked at, if there are more."""
    return [_looked_at(row) for row in await tx.execute(SEEN_SINCE, _parameters(wanted) | {"since": since})]


def _parameters(wanted: Wanted) -> dict[str, object]:
    return {"service_id": wanted.service_id, "labels": msgspec.json.encode(wanted.labels).decode(), "limit": LOOKED_AT + 1}


def _looked_at(r: Any) -> AlertLookedAt:
    own = msgspec.json.decode(r.labels, type=dict[str, str])
    return AlertLookedAt(
        AlertId(r.id),
        r.dedup_key,
        r.summary,
        ServiceId(r.service_id),
        r.service,
        IncidentId(r.incident_id),
        r.number,
        r.is_open,
        r.last_seen_at,
        own,
        r.severity,
        r.source,
    )
