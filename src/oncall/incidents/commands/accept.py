"""Monitors and incidents: many events in, one decision each, everything written in the caller's transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.commands.change_events import keep_changes
from oncall.incidents.commands.escalate import not_in_turn, run_steps
from oncall.incidents.commands.flapping import find_flapping
from oncall.incidents.commands.holding import find_holds, may_mute
from oncall.incidents.commands.inhibiting import source_over
from oncall.incidents.commands.opening import mark_opened, open_alerts
from oncall.incidents.commands.regrading import regrade
from oncall.incidents.commands.routing import route_events
from oncall.incidents.commands.updating import tell
from oncall.incidents.compiled import Judging
from oncall.incidents.rules.dedup import decide_run, holds, ignored, key_of, needs_incident, place_of, sensible_instant, waves
from oncall.incidents.rules.following import BECAME, followed, told_of
from oncall.incidents.rules.going_on import told_in
from oncall.incidents.rules.holding import Hold, counting, decided_once, is_decided_now
from oncall.incidents.rules.news import acknowledged_anew
from oncall.incidents.rules.placing import Run, actor_of, decided_flapping, decided_in, group_of
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import events as event_store
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Action, Alert, Decided, Decision, Event, GroupKey, Incident, Key, Status, Told
from oncall.kit.actors import Actor
from oncall.kit.db import in_halves, notify
from oncall.kit.ids import AlertId, EventId, IncidentId, ServiceId
from oncall.kit.log import get_log
from oncall.kit.metrics import INCIDENTS
from oncall.kit.relying import relied_of
from oncall.kit.trouble import ConcurrentChange
from oncall.notifications import cancel_for, revive_for
from oncall.services.commands import get_supported
from oncall.services.values import Service

log = get_log("incidents")


async def accept_events(
    tx: AsyncConnection, events: Sequence[Event], judging: Judging, *, now: datetime, careful: bool = True
) -> list[Decided]:
    """Decide and store events; returns their decisions in the order given. Repeats cost three statements for any number of them.

    `careful`: an incident that cannot be escalated is stored all the same. Who is not saves two round trips, and comes again if it fails.

    Alerts are read unlocked; incidents that may change are locked in order and everything is read again; whatever then turns out
    otherwise raises ConcurrentChange, and the caller does the whole transaction again with the same events.
    """
    events = await route_events(tx, events, await judging.routing.of(tx))
    decided = await _again(tx, events)
    events = await _met(tx, events)
    cut = waves([event for event in events if event.id not in decided])
    # Alerts that one wave writes stay locked, so the first one locks the incidents of all: downward, never back up.
    later = frozenset(key for wave in cut[1:] for key in wave)
    triggers: Counter[IncidentId] = Counter()
    changes: Counter[AlertId] = Counter()
    for wave in cut:
        decided |= await _accept_wave(tx, wave, later, triggers, changes, judging, now=now, careful=careful)
    occurred_ats = [sensible_instant(event.occurred_at, now=now) for event in events]
    await event_store.add_events(tx, events, decided, occurred_ats, now=now)
    await keep_changes(tx, events, decided, occurred_ats, now=now)
    return [decided[event.id] for event in events]


async def _again(tx: AsyncConnection, events: Sequence[Event]) -> dict[EventId, Decided]:
    """Deliveries that came before: recorded, and nothing more, even if what they were about is over by now."""
    deliveries = [(event.integration_id, event.delivery_id) for event in events if event.delivery_id]
    if not deliveries:
        return {}
    seen = await event_store.delivered(tx, deliveries)
    again: dict[EventId, Decided] = {}
    for event in events:
        delivery = event.integration_id, event.delivery_id
        if event.delivery_id and delivery in seen:
            reason = "its sender had delivered it already"
            again[event.id] = Decided(event.id, event.dedup_key, Decision.DUPLICATE_DELIVERY, reason)
        seen.add(delivery)
    return again


async def _met(tx: AsyncConnection, events: Sequence[Event]) -> Sequence[Event]:
    """Events that may be about an alert with another key, under the key of that alert: their own where it is open, else of the one that
    names them. Whoever else asks about the same place waits, so that two which name each other do not miss one another.
    """
    asking = [(event, event.among, place_of(event.service_id, event.among)) for event in events if event.among is not None]
    if not asking:
        return events
    await alert_store.lock_places(tx, sorted({place for _, _, place in asking}))
    opened = await alert_store.open_alerts(tx, [key_of(event) for event, _, _ in asking])
    named = await alert_store.keys_among(tx, [(event.service_id, among) for event, among, _ in asking])
    met: dict[EventId, Event] = {}
    triggered: dict[int, list[Event]] = {}  # by their place, earlier in this batch
    for n, (event, among, place) in enumerate(asking):
        if key_of(event) not in opened:
            earlier = (other.dedup_key for other in triggered.get(place, ()) if holds(other.details, among))
            met[event.id] = replace(event, dedup_key=next(earlier, named.get(n, event.dedup_key)))
        if event.action is Action.TRIGGER:
            triggered.setdefault(place, []).append(met.get(event.id, event))
    return [met.get(event.id, event) for event in events]


async def find_decided(tx: AsyncConnection, events: Sequence[Event]) -> dict[EventId, Decided]:
    """The decisions of those events that are stored already, from a COMMIT whose answer was lost."""
    return await event_store.find_decided(tx, [event.id for event in events])


async def _accept_wave(
    tx: AsyncConnection,
    wave: Mapping[Key, Sequence[Event]],
    later: frozenset[Key],
    triggers: Counter[IncidentId],
    changes: Counter[AlertId],
    judging: Judging,
    *,
    now: datetime,
    careful: bool,
) -> dict[EventId, Decided]:
    """Decide one wave. `triggers` of this batch by their incident, and `changes` by their alert, are counted here: they are stored
    when all waves are decided.
    """
    met = await _meet(tx, wave, later, now=now)
    locked: dict[IncidentId, Incident] = {}
    if met.touched:
        locked = await store.lock_incidents(tx, met.touched)
        met = await _meet(tx, wave, later, now=now)
        if not met.touched <= locked.keys():
            raise ConcurrentChange("an alert moved to another incident meanwhile")
    decided: dict[EventId, Decided] = {}
    runs: list[Run] = []
    for key in sorted(wave):
        alert = met.alerts.get(key)
        decisions, change = decide_run(wave[key], alert)
        decided |= {d.event_id: d for d in decisions}
        if change:
            runs.append(Run(wave[key], alert, change, alert.incident_id if alert else IncidentId(wave[key][0].id)))
    if not any(run.alert is None for run in runs) and not locked:
        await _write_repeats(tx, runs, now=now)
        await regrade(tx, runs, judging, now=now)
        return decided
    services = met.services
    others = {incident.service_id for incident in locked.values()} - services.keys()  # of incidents that alerts of these were merged into
    if others:
        services = {**services, **await get_supported(tx, sorted(others), now=now)}
    for run in runs:
        if run.service_id not in services:
            decided |= {d.event_id: d for d in ignored(run.events, "its service was deleted")}
    runs = [run for run in runs if run.service_id in services]
    new, known = [run for run in runs if run.alert is None], (await judging.mutings.at_hand(tx))[1]
    # Where anything mutes, only on a try that relies: one that is done again goes the other way, however often that is being changed.
    relies = relied_of(tx) is not None
    at_once = not careful and (not known or (relies and not may_mute(known, (run.opened for run in new), services, now=now)))
    opened = await open_alerts(tx, new, met.hosts, locked, services, decided=at_once, now=now)
    triggers.update(run.incident_id for run in runs for event in run.events if event.action is Action.TRIGGER)
    await _write_repeats(tx, [run for run in runs if run.alert], now=now)
    flaps = await find_flapping(tx, runs, locked, services, changes, now=now)
    concerned = [*opened.due, *await _follow(tx, runs, locked, services, flaps, now=now)]
    # Asked when all has been written that may have waited for whoever changes it.
    mutings = await judging.mutings.of(tx)
    if opened.decided and mutings is not known and (mutings or known):
        raise ConcurrentChange("what mutes was changed meanwhile")
    await mark_opened(tx, runs, services, mutings)
    await regrade(tx, runs, judging, mutings, now=now)
    holds = await find_holds(tx, concerned, services, mutings, judging, fresh=triggers, now=now)
    await _watch(tx, runs, counting(concerned, services, holds))
    due = [one for one in concerned if is_decided_now(one, locked.get(one.id), holds.get(one.id), now=now)]
    await _escalate_now(tx, due, services, holds, opened=opened.told, now=now, careful=careful)
    await _sources_over(tx, runs, now=now)
    decided |= decided_once([event for run in runs for event in run.events], decided, services)
    return decided | decided_in(decided, runs, locked, {**opened.holds, **holds}) | decided_flapping(decided, runs, flaps)


async def _sources_over(tx: AsyncConnection, runs: Sequence[Run], *, now: datetime) -> None:
    """Alerts have just ended: whatever they inhibited is looked at again."""
    ended = {run.incident_id for run in runs if run.alert is not None and run.alert.is_open and not run.change.is_open}
    await source_over(tx, ended, now=now)


async def _watch(tx: AsyncConnection, runs: Sequence[Run], below: AbstractSet[IncidentId]) -> None:
    """Each further trigger counts of what a threshold holds, and of nothing else."""
    opened = {run.incident_id for run in runs if run.alert is None}
    over = {run.incident_id for run in runs if run.alert is not None and run.alert.watched}
    await alert_store.watch(tx, sorted(opened & below), watched=True)
    await alert_store.watch(tx, sorted(over - below), watched=False)


@dataclass(frozen=True, slots=True)
class Met:
    """What a wave meets: the alerts of its keys, their services, the open incidents that new alerts would join; `touched` may change."""

    alerts: Mapping[Key, Alert]
    services: Mapping[ServiceId, Service]
    hosts: Mapping[GroupKey, IncidentId]
    touched: frozenset[IncidentId]


async def _meet(tx: AsyncConnection, wave: Mapping[Key, Sequence[Event]], later: frozenset[Key], *, now: datetime) -> Met:
    alerts = await _find_alerts(tx, wave, later, now=now)
    opening = [run[0] for key, run in wave.items() if key not in alerts and run[0].action is Action.TRIGGER]
    touched = _touched(wave, later, alerts)
    if not opening and not touched:
        return Met(alerts, {}, {}, frozenset())
    services = await get_supported(tx, sorted({service_id for service_id, _ in wave}), keeping=bool(opening), now=now)
    groups = {group for event in opening if (group := group_of(event, services)) is not None}
    hosts = await store.gathering(tx, groups)
    return Met(alerts, services, hosts, frozenset(touched | set(hosts.values())))


async def _find_alerts(
    tx: AsyncConnection, wave: Mapping[Key, Sequence[Event]], later: frozenset[Key], *, now: datetime
) -> dict[Key, Alert]:
    """For each key its open alert; where there is none and a trigger came, or may come later, the one it would reopen."""
    keys = {key: key in later or run[0].action is Action.TRIGGER for key, run in wave.items()}
    return await alert_store.met_alerts(tx, keys, now=now)


def _touched(wave: Mapping[Key, Sequence[Event]], later: frozenset[Key], alerts: Mapping[Key, Alert]) -> set[IncidentId]:
    return {alerts[key].incident_id for key in wave if key in alerts and (key in later or needs_incident(wave[key], alerts[key]))}


async def _write_repeats(tx: AsyncConnection, runs: Sequence[Run], *, now: datetime) -> None:
    changes = [(run.alert, run.change) for run in runs if run.alert]
    if changes:
        await alert_store.change_alerts(tx, changes, now=now)


async def _follow(
    tx: AsyncConnection,
    runs: Sequence[Run],
    locked: Mapping[IncidentId, Incident],
    services: Mapping[ServiceId, Service],
    flaps: Mapping[IncidentId, str],
    *,
    now: datetime,
) -> list[Incident]:
    """Let locked incidents follow their alerts: what is pending for those that stopped is cancelled, and sent after all if they go on."""
    if not locked:
        return []
    counts = await alert_store.tally(tx, list(locked))
    entries: list[timeline.Entry] = []
    after: dict[IncidentId, Incident] = {}
    for id, before in locked.items():
        its = [run for run in runs if run.incident_id == id]
        if not its:
            continue
        actor = actor_of(its[0].events[0])
        after[id] = followed(before, its, counts[id], services, flaps=id in flaps, now=now)
        entries += _told(before, after[id], actor, now=now)
        if after[id].flapping_since is not None and before.flapping_since is None:
            entries.append(timeline.Entry(id, now, timeline.Kind.FLAPPING, actor, flaps[id]))
    after |= await _without_taken_groups(tx, locked, after)
    await store.save_incidents(tx, list(after.values()))
    await cancel_for(tx, [id for id, i in after.items() if acknowledged_anew(locked[id], i)], acknowledged=True)
    over = {Status.RESOLVED, Status.CLOSED}
    await cancel_for(tx, [id for id, i in after.items() if i.status in over and i.status is not locked[id].status])
    went_on = [id for id, i in after.items() if i.status is Status.TRIGGERED and locked[id].status is Status.RESOLVED]
    await revive_for(tx, {id: told_in(locked[id]) for id in went_on if after[id].position == locked[id].position}, now=now)
    await tell(tx, entries, now=now)
    return list(after.values())


async def _without_taken_groups(
    tx: AsyncConnection, before: Mapping[IncidentId, Incident], after: Mapping[IncidentId, Incident]
) -> dict[IncidentId, Incident]:
    """Of the incidents that reopen those whose grouping key another open one has by now: they go on, and nothing more joins them."""
    reopened = {
        id: i for id, i in after.items() if before[id].status is Status.RESOLVED and i.status is not Status.RESOLVED and i.group_key
    }
    taken: dict[GroupKey, IncidentId] = dict(await store.gathering(tx, [(i.service_id, i.group_key or "") for i in reopened.values()]))
    changed: dict[IncidentId, Incident] = {}
    for id, incident in reopened.items():
        if taken.setdefault((incident.service_id, incident.group_key or ""), id) != id:
            changed[id] = incident.but(group_key=None)
    return changed


def _told(before: Incident, after: Incident, actor: Actor, *, now: datetime) -> list[timeline.Entry]:
    told = told_of(before, after)
    for kind in {kind for kind, _, _ in told} & set(BECAME.values()):
        INCIDENTS.labels(kind.value).inc()
    return [timeline.Entry(after.id, now, kind, actor, reason, detail) for kind, reason, detail in told]


async def _escalate_now(
    tx: AsyncConnection,
    due: Sequence[Incident],
    services: Mapping[ServiceId, Service],
    holds: Mapping[IncidentId, Hold],
    *,
    opened: Mapping[IncidentId, Told],
    now: datetime,
    careful: bool,
) -> None:
    """Page in the same transaction that opened it. If that fails, or somebody else decides whose turn it is, the incident is still stored,
    and still due: the engine tries next.
    """

    async def run(rows: Sequence[Incident]) -> None:
        await run_steps(tx, rows, services, holds, opened=opened, now=now)

    async def poisoned(row: Incident, error: Exception) -> None:
        log.error("could not be escalated at once; it is due for the engine", incident=str(row.id), exc_info=error)

    free = await not_in_turn(tx, due)
    if careful:
        await in_halves(tx, free, run, poisoned)
    elif free:
        await run(free)
    if len(free) < len(due):
        await notify(tx, "incidents")
