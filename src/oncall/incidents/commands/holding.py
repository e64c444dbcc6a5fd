"""What keeps incidents from paging now, found out in the transaction that would page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.inhibiting import inhibited, mark_all
from oncall.incidents.compiled import Judging
from oncall.incidents.rules.holding import Hold, counts_triggers, hold_of, muted
from oncall.incidents.rules.inhibiting import labels_of
from oncall.incidents.rules.news import is_about
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import events as event_store
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Incident, OpenAlert, Status, Triggers
from oncall.kit.db import notify
from oncall.kit.ids import IncidentId, ServiceId
from oncall.services.commands import get_services
from oncall.services.values import Service
from oncall.silences.commands.muting import load_mutings
from oncall.silences.rules.inhibition import source_keys, target_keys
from oncall.silences.rules.muting import Mutings, mutings_on
from oncall.silences.values.muting import AlertFacts

NONE: Mapping[IncidentId, int] = {}

CHANGING = timedelta(seconds=5)
"""When what is muted is looked at again, if what mutes it is being changed just now."""


async def find_holds(
    tx: AsyncConnection,
    incidents: Iterable[Incident],
    services: Mapping[ServiceId, Service],
    mutings: Mutings,
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
    mutes = await _mutes(tx, open, services, mutings, judging, now=now) if mutings else {}
    holds: dict[IncidentId, Hold] = {}
    for incident in open:
        hold = hold_of(incident, services[incident.service_id], mutes.get(incident.id), triggers.get(incident.id, Triggers()), now=now)
        if hold is not None:
            holds[incident.id] = hold
    return holds


def may_mute(mutings: Mutings, alerts: Iterable[OpenAlert], services: Mapping[ServiceId, Service], *, now: datetime) -> bool:
    """Whether anything mutes one of these alerts, which open now, or may: what inhibits, and what is inhibited, is found out when all are
    written.
    """
    for alert in alerts:
        labels = labels_of(alert, services[alert.service_id].name)
        if mutings_on(mutings, AlertFacts(alert.id, alert.service_id, labels, now), now):
            return True
        if mutings.inhibitions and (target_keys(mutings, labels) or source_keys(mutings, labels)):
            return True
    return False


async def wake_for_muting(tx: AsyncConnection, *, now: datetime) -> None:
    """What mutes has changed: every incident that pages, or would, is looked at again at once."""
    await mark_all(tx, await load_mutings(tx, now=now))
    if await store.wake_paging(tx, now=now):
        await notify(tx, "incidents")


async def wake_for_service(tx: AsyncConnection, *, now: datetime) -> None:
    """A service may hold its incidents otherwise now, or have other support hours."""
    await wake_for_muting(tx, now=now)
    await wake_for_support_hours(tx, now=now)


async def wake_for_support_hours(tx: AsyncConnection, *, now: datetime) -> None:
    """A calendar is another now: what waits for support hours to become urgent is looked at again at once."""
    if await store.wake_rising(tx, now=now):
        await notify(tx, "incidents")


async def wake_for_quiet_hours(tx: AsyncConnection, *, now: datetime) -> None:
    """Somebody's quiet hours are others now: what is held is looked at again at once."""
    if await store.wake_held(tx, now=now):
        await notify(tx, "incidents")


async def _triggers(
    tx: AsyncConnection,
    incidents: Iterable[Incident],
    services: Mapping[ServiceId, Service],
    fresh: Mapping[IncidentId, int],
    *,
    now: datetime,
) -> Mapping[IncidentId, Triggers]:
    since = {
        incident.id: now - service.threshold.within
        for incident in incidents
        if (service := services[incident.service_id]).threshold and counts_triggers(incident, service)
    }
    stored = await event_store.count_triggers_since(tx, since) if since else {}
    return {id: replace(its, count=its.count + fresh.get(id, 0)) for id, its in stored.items()}


async def _mutes(
    tx: AsyncConnection,
    incidents: Sequence[Incident],
    services: Mapping[ServiceId, Service],
    mutings: Mutings,
    judging: Judging,
    *,
    now: datetime,
) -> Mapping[IncidentId, Hold]:
    """For each incident all of whose open alerts are muted, what ends first."""
    facts: dict[IncidentId, list[AlertFacts]] = {}
    by_id = {incident.id: incident for incident in incidents}
    alerts = await alert_store.open_of(tx, list(by_id))
    quiet = [id for id in by_id.keys() - {id for id, *_ in alerts} if by_id[id].flapping_since is not None]
    if quiet:  # it comes and goes: while none is open for a moment, what mutes them when they are still does
        alerts += await alert_store.over_of(tx, quiet)
    others = {alert.service_id for _, alert, *_ in alerts} - services.keys()  # of what came from other incidents
    if others:
        services = {**services, **await get_services(tx, sorted(others))}
    for incident_id, alert, opened_at, moved_at in alerts:
        if not is_about(by_id[incident_id], opened_at, moved_at, now=now):
            continue
        facts.setdefault(incident_id, []).append(
            AlertFacts(alert.id, alert.service_id, labels_of(alert, services[alert.service_id].name), opened_at)
        )
    sources = await inhibited(tx, facts, by_id, mutings, now=now)
    by_alert = {
        id: [[*mutings_on(mutings, alert, now), *([sources[alert.alert_id]] if alert.alert_id in sources else [])] for alert in alerts]
        for id, alerts in facts.items()
    }
    holds = {id: hold for id, its in by_alert.items() if (hold := muted(its, now=now)) is not None}
    if holds and not await judging.mutings.stays(tx, mutings):
        # Whoever changes it at this very moment does not see these, and wakes them not.
        return {id: hold.at_most(now + CHANGING) for id, hold in holds.items()}
    return holds
