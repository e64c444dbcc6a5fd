"""Inhibition: which alerts are sources, which targets they mute, and that a target is looked at again when its source is over."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.escalation.values import EscalationState
from oncall.incidents.rules.inhibiting import inhibition_on, labels_of
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import incidents as incident_store
from oncall.incidents.store import inhibiting as store
from oncall.incidents.values import Incident, OpenAlert
from oncall.kit.db import notify
from oncall.kit.ids import AlertId, IncidentId, ServiceId
from oncall.services.commands import get_services
from oncall.services.values import Service
from oncall.silences.rules.inhibition import source_keys, target_keys
from oncall.silences.rules.muting import Mutings, mutings_on
from oncall.silences.values.muting import AlertFacts, Muting

AT_ONCE = 1_000

FIRST_SOURCES = 10


async def mark_sources(tx: AsyncConnection, alerts: Sequence[OpenAlert], services: Mapping[ServiceId, Service], mutings: Mutings) -> None:
    """Alerts that have just opened, and inhibit others from now on."""
    if mutings.inhibitions:
        keys = {alert.id: source_keys(mutings, labels_of(alert, services[alert.service_id].name)) for alert in alerts}
        await store.mark(tx, {id: its for id, its in keys.items() if its})


async def mark_anew(tx: AsyncConnection, alerts: Sequence[OpenAlert], mutings: Mutings) -> bool:
    """Alerts that inhibit by what they are now, whatever they were; whether that changes anything."""
    if not mutings.inhibitions or not alerts:
        return False
    services = await get_services(tx, sorted({alert.service_id for alert in alerts}))
    return await store.mark(tx, {alert.id: source_keys(mutings, labels_of(alert, services[alert.service_id].name)) for alert in alerts})


async def inhibited(
    tx: AsyncConnection,
    alerts: Mapping[IncidentId, Sequence[AlertFacts]],
    incidents: Mapping[IncidentId, Incident],
    mutings: Mutings,
    *,
    now: datetime,
) -> dict[AlertId, Muting]:
    """Those of these alerts that an open source mutes: one of no lower urgency, whose own incident pages or is acknowledged, and which
    nothing mutes itself.
    """
    if not mutings.inhibitions:
        return {}
    asked = {alert.alert_id: (id, target_keys(mutings, alert.labels)) for id, its in alerts.items() for alert in its}
    found = await _sources(tx, {key for _, keys in asked.values() for key in keys}, mutings, now=now)
    muted = {alert_id: inhibition_on(keys, found, incidents[id].urgency) for alert_id, (id, keys) in asked.items()}
    return {alert_id: muting for alert_id, muting in muted.items() if muting is not None}


async def _sources(tx: AsyncConnection, keys: Collection[str], mutings: Mutings, *, now: datetime) -> dict[str, tuple[str, str]]:
    """For each of these keys that an open alert has which counts: its summary, and the urgency of its incident; high before low."""
    found: dict[str, tuple[str, str]] = {}
    for most in (FIRST_SOURCES, None):  # of thousands that one silence mutes all are asked, of thousands that inhibit only the first
        asked = await store.sources(tx, keys, most=most, now=now) if keys else {}
        services = await get_services(tx, sorted({alert.service_id for its in asked.values() for alert, *_ in its}))
        for key, its in asked.items():
            for alert, opened_at, urgency in its:
                labels = labels_of(alert, services[alert.service_id].name)
                if not mutings_on(mutings, AlertFacts(alert.id, alert.service_id, labels, opened_at), now):
                    found[key] = alert.summary, urgency.value
                    break
        keys = {key for key, its in asked.items() if key not in found and len(its) == most}
    return found


async def source_over(tx: AsyncConnection, incident_ids: Collection[IncidentId], *, now: datetime) -> None:
    """Alerts of these incidents are over, or their incident pages no more: what they may have inhibited is looked at again."""
    if incident_ids and await store.inhibits_any(tx, incident_ids) and await incident_store.wake_held(tx, now=now):
        await notify(tx, "incidents")


async def in_turn(tx: AsyncConnection, due: Sequence[Incident], mutings: Mutings) -> list[Sequence[Incident]]:
    """Those that are held and may inhibit others come first: when one silence ends over a source and its targets, the source mutes them."""
    held = [incident.id for incident in due if incident.escalation_state is EscalationState.HELD]
    if not mutings.inhibitions or not held or len(due) == 1:
        return [due]
    sources = await store.inhibiting(tx, held)
    parts = [incident for incident in due if incident.id in sources], [incident for incident in due if incident.id not in sources]
    return [part for part in parts if part]


async def mark_all(tx: AsyncConnection, mutings: Mutings) -> None:
    """The rules may have changed: every open alert is marked anew, some at a time."""
    if not mutings.inhibitions and not await store.any_marked(tx):
        return
    after: AlertId | None = None
    while batch := await alert_store.open_after(tx, after, limit=AT_ONCE):
        services = await get_services(tx, sorted({alert.service_id for alert in batch}))
        await store.mark(tx, {alert.id: source_keys(mutings, labels_of(alert, services[alert.service_id].name)) for alert in batch})
        after = batch[-1].id
