"""What keeps incidents from paging now, found out in the transaction that would page."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.holding import Hold, below_threshold, counts_triggers, delayed, first_to_end
from oncall.incidents.store import events as event_store
from oncall.incidents.values import Incident, Status
from oncall.kit.ids import IncidentId, ServiceId
from oncall.services.values import Service

NONE: Mapping[IncidentId, int] = {}


async def find_holds(
    tx: AsyncConnection,
    incidents: Iterable[Incident],
    services: Mapping[ServiceId, Service],
    *,
    fresh: Mapping[IncidentId, int] = NONE,
    now: datetime,
) -> dict[IncidentId, Hold]:
    """For each incident that must not page now, what holds it. `fresh` are triggers that are not stored yet, by their incident."""
    open = [incident for incident in incidents if incident.status in {Status.TRIGGERED, Status.ACKNOWLEDGED}]
    triggers = await _triggers(tx, open, services, fresh, now=now)
    holds: dict[IncidentId, Hold] = {}
    for incident in open:
        service = services[incident.service_id]
        its = (delayed(incident, service, now=now), below_threshold(incident, service, triggers.get(incident.id, 0), now=now))
        hold = first_to_end([hold for hold in its if hold is not None])
        if hold is not None:
            holds[incident.id] = hold
    return holds


async def _triggers(
    tx: AsyncConnection,
    incidents: Iterable[Incident],
    services: Mapping[ServiceId, Service],
    fresh: Mapping[IncidentId, int],
    *,
    now: datetime,
) -> Mapping[IncidentId, int]:
    since = {
        incident.id: now - service.threshold.within
        for incident in incidents
        if (service := services[incident.service_id]).threshold and counts_triggers(incident, service)
    }
    stored = await event_store.count_triggers(tx, since) if since else {}
    return {id: count + fresh.get(id, 0) for id, count in stored.items()}
