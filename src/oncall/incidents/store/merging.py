"""SQL that moves alerts from one incident to another."""

from collections.abc import Collection, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import Severity
from oncall.incidents.values.merging import Leaving
from oncall.kit.ids import AlertId, IncidentId, ServiceId

MERGED = text("UPDATE incidents SET merged_into_id = :into WHERE id = ANY(:ids)")
SPLIT = text("UPDATE incidents SET split_from_id = :split_from WHERE id = :id")
MOVE_ALL = text("UPDATE alerts SET incident_id = :into WHERE incident_id = ANY(:ids)")
MOVE = text("UPDATE alerts SET incident_id = :into WHERE id = ANY(:alerts) AND incident_id = :id")
LEAVING = text("""
    SELECT id, service_id, dedup_key, state = 'open' AS is_open, severity, summary
    FROM alerts WHERE incident_id = :id AND id = ANY(:alerts) ORDER BY id
""")


async def merge(tx: AsyncConnection, ids: Collection[IncidentId], *, into: IncidentId) -> None:
    """All alerts of these locked incidents are of that one now."""
    given = {"ids": sorted(ids), "into": into}
    await tx.execute(MERGED, given)
    await tx.execute(MOVE_ALL, given)


async def leaving(tx: AsyncConnection, id: IncidentId, alerts: Collection[AlertId]) -> Sequence[Leaving]:
    """Those of these alerts that are of the incident, in order of their first event."""
    rows = await tx.execute(LEAVING, {"id": id, "alerts": sorted(alerts)})
    return [Leaving(AlertId(r.id), ServiceId(r.service_id), r.dedup_key, r.is_open, Severity(r.severity), r.summary) for r in rows]


async def split(tx: AsyncConnection, alerts: Collection[AlertId], *, source: IncidentId, into: IncidentId) -> None:
    """These alerts of a locked incident are of the new one now."""
    await tx.execute(SPLIT, {"id": into, "split_from": source})
    await tx.execute(MOVE, {"alerts": sorted(alerts), "id": source, "into": into})
