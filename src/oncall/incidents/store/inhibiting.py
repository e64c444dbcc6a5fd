"""SQL about which open alerts inhibit others, by the keys they are marked with."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import AlertId, IncidentId

MARK = text("""
    UPDATE alerts SET inhibits = string_to_array(m.keys, ' ')
    FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[])) AS m (id, keys)
    WHERE alerts.id = ANY(CAST(:ids AS uuid[])) AND alerts.id = m.id AND alerts.inhibits <> string_to_array(m.keys, ' ')
""")

# By `alerts_inhibits_idx`. A source counts while its own incident pages or is acknowledged: not held, and not where nobody is reached.
SOURCES = text("""
    SELECT k.key, source.summary, source.urgency
    FROM unnest(CAST(:keys AS text[])) AS k (key)
    CROSS JOIN LATERAL (
        SELECT a.summary, i.urgency FROM alerts a JOIN incidents i ON i.id = a.incident_id
        WHERE a.state = 'open' AND a.inhibits <> '{}' AND a.inhibits @> ARRAY[k.key] AND (a.expires_at IS NULL OR a.expires_at > :now)
            AND (i.status = 'acknowledged' OR (i.status = 'triggered' AND i.escalation_state IN ('running', 'low_urgency')))
        ORDER BY i.urgency LIMIT 1  -- high before low
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


async def sources(tx: AsyncConnection, keys: Sequence[str], *, now: datetime) -> dict[str, tuple[str, str]]:
    """For each key that an open alert has which counts: its summary, and the urgency of its incident."""
    rows = await tx.execute(SOURCES, {"keys": list(keys), "now": now})
    return {r.key: (r.summary, r.urgency) for r in rows}


async def any_marked(tx: AsyncConnection) -> bool:
    found: bool = (await tx.execute(ANY_MARKED)).scalar_one()
    return found


async def inhibits_any(tx: AsyncConnection, incident_ids: Collection[IncidentId]) -> bool:
    """Whether an alert of these incidents inhibits, or did."""
    found: bool = (await tx.execute(INHIBITING, {"incident_ids": list(incident_ids)})).scalar_one()
    return found
