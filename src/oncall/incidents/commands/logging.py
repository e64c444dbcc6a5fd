"""An incident is logged by a person: opened on a service, with what is known of it, and paged by its policy."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.commands.matrix import get_matrix
from oncall.desk.commands.records import save_record
from oncall.escalation import Snapshot, take_snapshots
from oncall.incidents.commands import promising
from oncall.incidents.commands.following import follow_reported
from oncall.incidents.rules.logging import check_logged, logged_as, record_of
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Incident
from oncall.incidents.values.filing import CannotLog, Logged
from oncall.kit.actors import Actor
from oncall.kit.db import notify
from oncall.kit.ids import IncidentId, new_id
from oncall.kit.metrics import INCIDENTS
from oncall.kit.trouble import ConcurrentChange
from oncall.services.commands import get_supported
from oncall.services.values import Service


async def log(tx: AsyncConnection, wanted: Logged, *, by: Actor, now: datetime) -> Incident:
    """Open it, with its record; its first step fires at once."""
    service = (await get_supported(tx, [wanted.service_id], keeping=True, now=now)).get(wanted.service_id)
    if service is None:
        raise CannotLog("There is no service with this id.", field="service_id")
    check_logged(wanted, service, by, now=now)
    id = IncidentId(new_id())
    priority, record = record_of(id, wanted, service, (await get_matrix(tx)).cells, by, now=now)
    snapshot = await _snapshot(tx, service)
    [incident] = await store.add_incidents(tx, [logged_as(id, wanted, service, snapshot, priority, by, now=now)])
    sla = wanted.sla_id or service.filing.sla_id
    await save_record(tx, replace(record, sla_id=sla))
    await follow_reported(tx, incident, record)
    await promising.start(tx, {id: sla} if sla else {}, [incident], now=now)
    via = f", reported by {wanted.reporter.name} ({wanted.reporter.kind.value})" if wanted.reporter else ""
    says = f"{incident.escalation_reason}{via}: {incident.title}"
    detail: dict[str, object] = {"service": service.name, "urgency": incident.urgency.value, "priority": priority and priority.value}
    await timeline.add(tx, [timeline.Entry(id, now, timeline.Kind.OPENED, by, says, detail | {"priority_reason": record.priority_reason})])
    INCIDENTS.labels("opened").inc()
    await notify(tx, "incidents")
    return incident


async def _snapshot(tx: AsyncConnection, service: Service) -> Snapshot:
    owner = (service.escalation_policy_id, service.team_id)
    snapshot = (await take_snapshots(tx, [owner])).get(owner)
    if snapshot is None:
        raise ConcurrentChange("a service changed its escalation policy meanwhile")
    return snapshot
