"""SQL about what is open on services."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.incidents.values import Severity, Status
from oncall.incidents.values.impact import OpenIncident
from oncall.kit.ids import IncidentId, ServiceId

# Of each service by `incidents_open_idx (service_id, id)`, backwards.
OPEN = text("""
    SELECT s.id AS service_id, i.id, i.number, i.title, i.status, i.severity, i.urgency
    FROM unnest(CAST(:ids AS uuid[])) AS s (id)
    CROSS JOIN LATERAL (
        SELECT id, number, title, status, severity, urgency FROM incidents
        WHERE service_id = s.id AND status IN ('triggered', 'acknowledged') ORDER BY id DESC LIMIT :most
    ) i ORDER BY s.id, i.id DESC
""")


async def open_on(tx: AsyncConnection, ids: Sequence[ServiceId], *, most: int) -> dict[ServiceId, list[OpenIncident]]:
    """For each service on which incidents are open the newest `most` of them."""
    found: dict[ServiceId, list[OpenIncident]] = {}
    for r in await tx.execute(OPEN, {"ids": list(ids), "most": most}):
        one = OpenIncident(IncidentId(r.id), r.number, r.title, Status(r.status), Severity(r.severity), Urgency(r.urgency))
        found.setdefault(ServiceId(r.service_id), []).append(one)
    return found
