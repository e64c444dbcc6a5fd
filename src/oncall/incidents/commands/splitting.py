"""Splitting an incident: some of its alerts leave for a new one, which pages by itself."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.escalation import Snapshot, take_snapshots
from oncall.incidents.commands import promising
from oncall.incidents.commands.updating import tell
from oncall.incidents.commands.verbs import get_incident
from oncall.incidents.rules.holding import below_threshold, counts_triggers
from oncall.incidents.rules.splitting import check_split, split_off, stays
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import events as event_store
from oncall.incidents.store import incidents as store
from oncall.incidents.store import merging as merging_store
from oncall.incidents.values import AlertCounts, Incident, Status
from oncall.incidents.values.merging import Moving
from oncall.kit.actors import Actor
from oncall.kit.db import notify
from oncall.kit.ids import AlertId, IncidentId, new_id
from oncall.kit.metrics import INCIDENTS
from oncall.kit.trouble import ConcurrentChange
from oncall.notifications import cancel_for
from oncall.services.commands import get_supported
from oncall.services.values import Service


async def split(tx: AsyncConnection, ref: UUID | int, asked: Sequence[AlertId], *, by: Actor, now: datetime) -> Incident:
    """These alerts leave for a new incident of their service, which is returned; the other follows what it has left."""
    asked = list(dict.fromkeys(asked))
    id = (await get_incident(tx, ref)).id
    before = (await store.lock_incidents(tx, [id]))[id]
    leaving = await merging_store.find_moving(tx, asked)
    counts = (await alert_store.tally(tx, [id])).get(id, AlertCounts())
    check_split(before, asked, leaving, alerts=counts.open + counts.resolved)
    service, snapshot = await _service(tx, leaving[0], now=now)
    made = split_off(before, leaving, service, snapshot, IncidentId(new_id()), now=now)
    after = stays(before, leaving, by, left_open=counts.open - sum(moving.is_open for moving in leaving), now=now)
    made = await _write(tx, before, after, made, leaving, service, now=now)
    await _tell(tx, before, after, made, leaving, by=by, now=now)
    return made


async def _service(tx: AsyncConnection, moving: Moving, *, now: datetime) -> tuple[Service, Snapshot]:
    service = (await get_supported(tx, [moving.service_id], now=now))[moving.service_id]
    owner = service.escalation_policy_id, service.team_id
    snapshots = await take_snapshots(tx, [owner])
    if owner not in snapshots:
        raise ConcurrentChange("a service changed its escalation policy meanwhile")
    return service, snapshots[owner]


async def _write(
    tx: AsyncConnection, before: Incident, after: Incident, made: Incident, leaving: Sequence[Moving], service: Service, *, now: datetime
) -> Incident:
    await store.save_incidents(tx, [after])
    [made] = await store.add_incidents(tx, [made])
    await promising.start(tx, {made.id: sla} if (sla := service.filing.sla_id) else {}, [made], now=now)
    await merging_store.split(tx, [moving.id for moving in leaving], before.id, made.id, now=now)
    await alert_store.watch(tx, [made.id], watched=await _is_counted(tx, made, service, now=now))
    if after.status is Status.RESOLVED:
        await cancel_for(tx, [before.id])
    await notify(tx, "incidents")
    return made


async def _is_counted(tx: AsyncConnection, made: Incident, service: Service, *, now: datetime) -> bool:
    """Whether each further trigger counts against the threshold of its service, which holds it."""
    if service.threshold is None or not counts_triggers(made, service):
        return False
    triggers = await event_store.count_triggers_since(tx, {made.id: now - service.threshold.within})
    return below_threshold(made, service, triggers[made.id], now=now) is not None


async def _tell(
    tx: AsyncConnection, before: Incident, after: Incident, made: Incident, leaving: Sequence[Moving], *, by: Actor, now: datetime
) -> None:
    alerts = f"{len(leaving)} alert{'s' if len(leaving) > 1 else ''}"
    left = f"{alerts} split off into #{made.number} by {by.name} through {by.via}: {made.title}"
    came = f"split off #{before.number} by {by.name} through {by.via}, with {alerts}: {made.title}"
    entries = [
        timeline.Entry(before.id, now, timeline.Kind.SPLIT, by, left, {"into_id": f"{made.id}"}),
        timeline.Entry(made.id, now, timeline.Kind.OPENED, by, came, {"split_from_id": f"{before.id}"}),
    ]
    INCIDENTS.labels(timeline.Kind.OPENED.value).inc()
    if after.status is Status.RESOLVED:
        entries.append(timeline.Entry(before.id, now, timeline.Kind.RESOLVED, by, "none of the alerts that it has left is open"))
        INCIDENTS.labels(timeline.Kind.RESOLVED.value).inc()
    await tell(tx, entries, now=now)
