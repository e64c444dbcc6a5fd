"""Which incidents flap: found out where an alert ends or comes back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.flapping import why_flapping
from oncall.incidents.rules.placing import Run
from oncall.incidents.store import events as event_store
from oncall.incidents.values import Incident
from oncall.kit.ids import AlertId, IncidentId, ServiceId
from oncall.services.values import Service


async def find_flapping(
    tx: AsyncConnection,
    runs: Sequence[Run],
    locked: Mapping[IncidentId, Incident],
    services: Mapping[ServiceId, Service],
    changes: Counter[AlertId],
    *,
    now: datetime,
) -> dict[IncidentId, str]:
    """For each of the locked incidents that flaps now the sentence that says so. `changes` of this batch, not stored yet, are counted."""
    changing = [run for run in runs if run.alert is not None and run.alert.is_open != run.change.is_open]
    changes.update(run.change.alert_id for run in changing)
    asked = [(run, flapping) for run in changing if (flapping := services[run.service_id].flapping) and run.incident_id in locked]
    if not asked:
        return {}
    stored = await event_store.count_changes(tx, {run.change.alert_id: now - flapping.within for run, flapping in asked})
    found: dict[IncidentId, str] = {}
    for run, flapping in asked:
        count = stored[run.change.alert_id] + changes[run.change.alert_id]
        why = why_flapping(locked[run.incident_id], flapping, count)
        if why is not None:
            found[run.incident_id] = why
    return found
