"""SQL about which open alerts inhibit others, by the keys they are marked with."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.incidents.store.alerts import open_alert
from oncall.incidents.values import OpenAlert
from oncall.kit.ids import AlertId, IncidentId

Source = tuple[OpenAlert, datetime, Urgency]
"""An alert that inhibits, since when it is open, and how urgent its incident is."""

MARK = text("""
    UPDATE alerts SET inhibits = string_to_array(m.keys, ' ')
    FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[])) AS m (id, keys)
    WHERE alerts.id = ANY(CAST(:ids AS uuid[])) AND alerts.id = m.id AND alerts.inhibits <> string_to_array(m.keys, ' ')
""")

# By `alerts_inhibits_idx`. A source counts while its own incident pages or is acknowledged: not held, and not where nobody is reached.
SOURCES = text("""
    SELECT k.key, source.*
    FROM unnest(CAST(:keys AS text[])) AS k (key)
    CROSS JOIN LATERAL (
        SELECT a.id, a.service_id, a.labels::text AS labels, a.severity, a.summary, a.source, a.dedup_key,
            coalesce(a.reopened_at, a.first_seen_at) AS opened_at, i.urgency
        FROM alerts a JOIN incidents i ON i.id = a.incident_id
        WHERE a.state = 'open' AND a.inhibits <> '{}' AND a.inhibits @> ARRAY[k.key] AND (a.expires_at IS NULL OR a.expires_at > :now)
            AND (i.status = 'acknowledged' OR (i.status = 'triggered' AND i.escalation_state IN ('running', 'low_urgency')))
        ORDER BY i.urgency, a.id LIMIT :most  -- high before low
    ) source
""")

ANY_MARKED = text("SELECT EXISTS (SELECT FROM alerts WHERE state = 'open' AND inhibits <> '{}')")
INHIBITING_NOW = text("""
    SELECT DISTINCT incident_id FROM alerts WHERE incident_id = ANY(:incident_ids) AND state = 'open' AND inhibits <> '{}'
""")
INHIBITING = text("SELECT EXISTS (SELECT FROM alerts WHERE incident_id = ANY(:incident_ids) AND inhibits <> '{}')")


async def inhibiting(tx: AsyncConnection, incident_ids: Collection[IncidentId]) -> set[IncidentId]:
    """Those of these incidents with an open alert that inhibits."""
    return {IncidentId(r.incident_id) for r in await tx.execute(INHIBITING_NOW, {"incident_ids": list(incident_ids)})}


async def mark(tx: AsyncConnection, keys: Mapping[AlertId, Collection[str]]) -> bool:
    """By what these alerts inhibit others from now on; whether that is anything else than before."""
    if not keys:
        return False
    ids = sorted(keys)
    return (await tx.execute(MARK, {"ids": ids, "keys": [" ".join(sorted(keys[id])) for id in ids]})).rowcount > 0


async def sources(tx: AsyncConnection, keys: Collection[str], *, most: int | None, now: datetime) -> dict[str, list[Source]]:
    """For each key open alerts that have it and whose incident pages or is acknowledged: at most so many, those of high urgency first."""
    found: dict[str, list[Source]] = {}
    for r in await tx.execute(SOURCES, {"keys": sorted(keys), "most": most, "now": now}):
        found.setdefault(r.key, []).append((open_alert(r), r.opened_at, Urgency(r.urgency)))
    return found


async def any_marked(tx: AsyncConnection) -> bool:
    found: bool = (await tx.execute(ANY_MARKED)).scalar_one()
    return found


async def inhibits_any(tx: AsyncConnection, incident_ids: Collection[IncidentId]) -> bool:
    """Whether an alert of these incidents inhibits, or did."""
    found: bool = (await tx.execute(INHIBITING, {"incident_ids": list(incident_ids)})).scalar_one()
    return found
