"""What keeps incidents from paging now, found out in the transaction that would page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.inhibiting import inhibited, labels_of, mark_all
from oncall.incidents.compiled import Judging
from oncall.incidents.rules.holding import Hold, below_threshold, counts_triggers, delayed, first_to_end, muted
from oncall.incidents.rules.news import is_about
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import events as event_store
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Incident, Status
from oncall.kit.db import notify
from oncall.kit.ids import IncidentId, ServiceId
from oncall.services.values import Service
from oncall.silences.commands.muting import load_mutings
from oncall.silences.rules.muting import mutings_on
from oncall.silences.values.muting import AlertFacts

NONE: Mapping[IncidentId, int] = {}


async def find_holds(
    tx: AsyncConnection,
    incidents: Iterable[Incident],
    services: Mapping[ServiceId, Service],
    judging: Judging,
    *,
    fresh: Mapping[IncidentId, int] = NONE,
    now: datetime,
) -> dict[IncidentId, Hold]:
    """For each incident that must not page now, what holds it. `fresh` are triggers that are not stored yet, by their incident."""
    open = [incident for incident in incidents if incident.status in {Status.TRIGGERED, Status.ACKNOWLEDGED}]
    if not open:
        return {}
    triggers = await _triggers(tx, open, services, fresh, now=now)
    mutes = await _mutes(tx, open, services, judging, now=now)
    holds: dict[IncidentId, Hold] = {}
    for incident in open:
        service, its = services[incident.service_id], [mutes.get(incident.id)]
        if incident.status is Status.TRIGGERED:  # once somebody has it, its news wait for no delay and no threshold
            its += [delayed(incident, service, now=now), below_threshold(incident, service, triggers.get(incident.id, 0), now=now)]
        hold = first_to_end([hold for hold in its if hold is not None])
        if hold is not None:
            holds[incident.id] = replace(hold, is_counted=counts_triggers(incident, service))
    return holds


async def wake_for_muting(tx: AsyncConnection, *, now: datetime) -> None:
    """What mutes has changed: every incident that pages, or would, is looked at again at once."""
    await mark_all(tx, await load_mutings(tx, now=now))
    if await store.wake_triggered(tx, now=now):
        await notify(tx, "incidents")


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
    stored = await event_store.count_triggers_since(tx, since) if since else {}
    return {id: count + fresh.get(id, 0) for id, count in stored.items()}


async def _mutes(
    tx: AsyncConnection, incidents: Sequence[Incident], services: Mapping[ServiceId, Service], judging: Judging, *, now: datetime
) -> Mapping[IncidentId, Hold]:
    """For each incident all of whose open alerts are muted, what ends first."""
    mutings = await judging.mutings.of(tx)
    if not mutings:
        return {}
    facts: dict[IncidentId, list[AlertFacts]] = {}
    by_id = {incident.id: incident for incident in incidents}
    alerts = await alert_store.open_of(tx, list(by_id))
    quiet = [id for id in by_id.keys() - {id for id, _, _ in alerts} if by_id[id].flapping_since is not None]
    if quiet:  # it comes and goes: while none is open for a moment, what mutes them when they are still does
        alerts += await alert_store.over_of(tx, quiet)
    for incident_id, alert, opened_at in alerts:
        if not is_about(by_id[incident_id], opened_at, now=now):
            continue
        facts.setdefault(incident_id, []).append(AlertFacts(alert.id, alert.service_id, labels_of(alert, services), opened_at))
    sources = await inhibited(tx, facts, by_id, mutings, now=now)
    by_alert = {
        id: [[*mutings_on(mutings, alert, now), *([sources[alert.alert_id]] if alert.alert_id in sources else [])] for alert in alerts]
        for id, alerts in facts.items()
    }
    found = {id: muted(its, now=now) for id, its in by_alert.items()}
    return {id: hold for id, hold in found.items() if hold is not None}
