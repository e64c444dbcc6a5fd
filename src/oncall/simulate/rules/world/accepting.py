"""Events in a world: decided wave by wave, as production accepts them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from oncall.incidents.rules.dedup import decide_run, ignored, needs_incident, waves
from oncall.incidents.rules.flapping import why_flapping
from oncall.incidents.rules.following import followed
from oncall.incidents.rules.holding import counting, is_decided_now
from oncall.incidents.rules.placing import Run, born_as, decided_flapping, decided_in, group_of, is_regraded, placed
from oncall.incidents.rules.routing import is_end, likeliest, routed_all
from oncall.incidents.values import Action, Alert, AlertChange, Decided, Decision, Event, GroupKey, Incident, Key, OpenAlert, Status
from oncall.kit.ids import AlertId, EventId, IncidentId
from oncall.simulate.rules.world.muting import hold_on, sources_over
from oncall.simulate.rules.world.state import OPEN, AlertThere, IncidentThere, World
from oncall.simulate.rules.world.time import advance, count_since, run, stepped_to
from oncall.simulate.values.replaying import Outcome, RuleKind, RuleRef

CHANGES = {Decision.REOPENED, Decision.RESOLVED, Decision.HELD_FLAPPING}


class Batch:
    """Events that one transaction took together, and what is counted while they are decided."""

    def __init__(self, events: Sequence[Event], ways: Mapping[EventId, Sequence[RuleRef]]) -> None:
        self.events, self.ways = events, ways
        self.decided: dict[EventId, Decided] = {}
        self.changes: Counter[AlertId] = Counter()


def accept(world: World, events: Sequence[Event], *, now: datetime) -> Mapping[EventId, Decided]:
    """The decisions of events that came together; those of `way` are ours, and no rule is asked about them."""
    advance(world, now)
    batch = _routed(world, events)
    cut = waves(batch.events)
    later = frozenset(key for wave in cut[1:] for key in wave)
    for wave in cut:
        _accept_wave(world, batch, wave, later)
    for decided in batch.decided.values():
        if decided.decision in CHANGES and decided.alert_id is not None:
            world.alerts[decided.alert_id].changes.append(now)
    return batch.decided


def _routed(world: World, events: Sequence[Event]) -> Batch:
    """As routing rules leave them; what is no trigger goes where its alert is open. One of ours ends what it knows to be there."""
    routing = world.ruling.routing
    opened = {e.id: world.open_for(e, likeliest(e, routing)) for e in events if is_end(e)}
    made = list(routed_all(events, routing, opened))
    ways = {event.id: [RuleRef(RuleKind.ROUTING_RULE, tried.rule.id) for tried in way] for event, way in made if way}
    return Batch([event for event, _ in made], ways)


def _accept_wave(world: World, batch: Batch, wave: Mapping[Key, Sequence[Event]], later: frozenset[Key]) -> None:
    now = world.now
    alerts = {key: alert for key in wave if (alert := _met(world, key, wave[key], later)) is not None}
    services = world.ruling.services
    opening = [its[0] for key, its in wave.items() if key not in alerts and its[0].action is Action.TRIGGER]
    touched = {alerts[key].incident_id for key in alerts if key in later or needs_incident(wave[key], alerts[key])}
    hosts = {group: id for event in opening if (group := group_of(event, services)) and (id := world.gathering.get(group))}
    locked = touched | set(hosts.values())
    runs: list[Run] = []
    for key in sorted(wave):
        alert = alerts.get(key)
        decisions, change = decide_run(wave[key], alert)
        batch.decided |= {d.event_id: d for d in decisions}
        if change:
            runs.append(Run(wave[key], alert, change, alert.incident_id if alert else IncidentId(wave[key][0].id)))
    for one in [one for one in runs if one.service_id not in services or one.service_id not in world.ruling.snapshots]:
        batch.decided |= {d.event_id: d for d in ignored(one.events, "its service was deleted")}
        runs.remove(one)
    before = {id: world.incidents[id].incident for id in locked}
    opened = _open(world, batch, [one for one in runs if one.alert is None], hosts, before)
    for one in runs:
        _note(world, one, now)
        if one.alert is not None:
            _write(world, one.alert, one.change)
    if not opened and not locked:
        _regrade(world, runs)
        return
    flaps = _flapping(world, batch, runs, before)
    causes: dict[IncidentId, set[str]] = {there.incident.id: {"opened"} for there in opened}
    late: set[IncidentId] = set()
    concerned = opened + _follow(world, runs, before, flaps, causes, late)
    _regrade(world, runs)
    found = {there.incident.id: hold_on(world, there) for there in concerned}
    holds = {id: hold for id, hold in found.items() if hold is not None}
    _watch(world, runs, counting([there.incident for there in concerned], services, holds))
    due = [
        there
        for there in concerned
        for id in [there.incident.id]
        if is_decided_now(there.incident, before.get(id), holds.get(id), now=now) and (id not in late or there.due == now)
    ]
    run(world, due, holds=holds, causes=causes)
    ended = {one.incident_id for one in runs if one.alert is not None and one.alert.is_open and not one.change.is_open}
    sources_over(world, [world.incidents[id] for id in ended])
    batch.decided |= decided_in(batch.decided, runs, before, holds)
    batch.decided |= decided_flapping(batch.decided, runs, flaps)


def _met(world: World, key: Key, its: Sequence[Event], later: frozenset[Key]) -> Alert | None:
    """The open alert of a key; where there is none and a trigger came, or may come later, the one it would reopen."""
    alert = world.open.get(key)
    if alert is not None:
        return alert.as_met()
    if key not in later and its[0].action is not Action.TRIGGER:
        return None
    alert = world.resolved.get(key)
    return alert.as_met() if alert is not None and _may_reopen(world, alert) else None


def _may_reopen(world: World, alert: AlertThere) -> bool:
    """What `store/alerts.py` asks the database for: its incident is open, or may still reopen."""
    incident, now = world.incidents[alert.incident_id].incident, world.now
    if incident.status not in OPEN:
        return incident.resolved_at is not None and incident.resolved_at + incident.reopen_window > now
    return incident.flapping_since is not None or (alert.resolved_at is not None and alert.resolved_at + incident.reopen_window > now)


def _open(
    world: World, batch: Batch, new: Sequence[Run], hosts: Mapping[GroupKey, IncidentId], before: dict[IncidentId, Incident]
) -> list[IncidentThere]:
    """New alerts, each in the incident that has its key or in one of its own; returns what was opened."""
    if not new:
        return []
    ruling, now = world.ruling, world.now
    numbers = {id: len(world.incidents[id].alerts) for id in hosts.values()}
    born = placed(new, {group: before[id] for group, id in hosts.items()}, numbers, ruling.services, now=now)
    opened: list[IncidentThere] = []
    for birth in born:
        if birth.follows:
            left = world.incidents[birth.follows[0].id]
            world.save(left, left.incident.but(group_key=None))
            before[left.incident.id] = left.incident
    for birth in born:
        service = ruling.services[birth.runs[0].service_id]
        incident = born_as(birth, service, ruling.snapshots[service.id], ruling.matrix, now=now)
        outcome = Outcome(incident.id, service.id, incident.urgency, incident.severity, now)
        there = world.incidents[incident.id] = IncidentThere(incident, outcome)
        opened.append(there)
    for one in new:
        there = world.incidents[one.incident_id]
        event, change = one.events[0], one.change
        of = OpenAlert(change.alert_id, event.service_id, event.labels, change.severity, event.summary, event.source, event.dedup_key)
        world.add_alert(there, AlertThere(of, event.integration_id, one.incident_id, now, expires_at=change.expires_at))
        world.name(there, *batch.ways.get(event.id, ()))
        if one.joins and not event.group_labels:
            world.name(there, RuleRef(RuleKind.SERVICE, event.service_id, "grouping"))
    for there in opened:
        world.save(there, there.incident)
    return opened


def _note(world: World, one: Run, now: datetime) -> None:
    """Triggers are counted of their incident; and where first events of incidents that people did something about are."""
    for event in one.events:
        if event.action is Action.TRIGGER:
            if world.ruling.services[one.service_id].threshold is not None:
                world.incidents[one.incident_id].triggers.append(now)
            if IncidentId(event.id) in world.acted_on:
                world.holder[event.id] = one.incident_id


def _write(world: World, met: Alert, change: AlertChange) -> None:
    """A change of an alert that was there."""
    alert = world.alerts[met.id]
    there = world.incidents[alert.incident_id]
    if change.is_open and not met.is_open:
        world.reopen_alert(there, alert)
        alert.expires_at = change.expires_at
    elif change.expires_at is not None:
        alert.expires_at = change.expires_at
    if change.is_open and change.acknowledged and not alert.acknowledged:
        alert.acknowledged = True
        there.acknowledged += 1
    if change.severity is not alert.severity or change.labels is not None:
        labels = alert.open_alert.labels if change.labels is None else change.labels
        alert.open_alert = replace(alert.open_alert, severity=change.severity, labels=labels)
        world.see(there, alert)
        world.plan(there)
    if met.is_open and not change.is_open:
        world.close_alert(there, alert)


def _regrade(world: World, runs: Sequence[Run]) -> None:
    """As `commands/regrading.py`: they inhibit by what they are now, and what is held is looked at again."""
    regraded = [world.alerts[one.change.alert_id] for one in runs if is_regraded(one)]
    if not regraded or not world.ruling.mutings:
        return
    others = [alert for alert in regraded if world.mark_anew(alert)]
    concerned = {alert.incident_id for alert in regraded}
    for id in sorted(world.held if others else world.held & concerned):
        world.look_now(world.incidents[id])


def _flapping(world: World, batch: Batch, runs: Sequence[Run], before: Mapping[IncidentId, Incident]) -> dict[IncidentId, str]:
    changing = [one for one in runs if one.alert is not None and one.alert.is_open != one.change.is_open]
    batch.changes.update(one.change.alert_id for one in changing)
    found: dict[IncidentId, str] = {}
    for one in changing:
        flapping = world.ruling.services[one.service_id].flapping
        if flapping is None or one.incident_id not in before:
            continue
        alert = world.alerts[one.change.alert_id]
        count = count_since(alert.changes, world.now - flapping.within) + batch.changes[one.change.alert_id]
        why = why_flapping(before[one.incident_id], flapping, count)
        if why is not None:
            found[one.incident_id] = why
            world.name(world.incidents[one.incident_id], RuleRef(RuleKind.SERVICE, one.service_id, "flapping"))
    return found


def _follow(
    world: World,
    runs: Sequence[Run],
    before: Mapping[IncidentId, Incident],
    flaps: Mapping[IncidentId, str],
    causes: dict[IncidentId, set[str]],
    late: set[IncidentId],
) -> list[IncidentThere]:
    """Those that their alerts changed; `late`: whose step was due long ago, and not because of that."""
    concerned: list[IncidentThere] = []
    for id in sorted(before):
        its = [one for one in runs if one.incident_id == id]
        if not its:
            continue
        there, incident = world.incidents[id], before[id]
        lags, there.lags = there.lags, False
        if lags and incident.status is Status.RESOLVED and incident.resolved_at is not None:
            incident, lags = stepped_to(world, incident, incident.resolved_at), False
        after = followed(incident, its, there.counts(), world.ruling.services, flaps=id in flaps, now=world.now)
        if after.severity is not incident.severity:
            causes.setdefault(id, set()).add("severity_changed")
        if incident.status is Status.RESOLVED and after.status is not Status.RESOLVED:
            causes.setdefault(id, set()).add("reopened")
            there.steps = 0
            if after.group_key is not None and world.gathering.get((after.service_id, after.group_key), id) != id:
                after = after.but(group_key=None)
        world.save(there, after)
        there.lags = there.lags or lags
        if lags and after.position == incident.position:
            late.add(id)
        concerned.append(there)
    return concerned


def _watch(world: World, runs: Sequence[Run], below: AbstractSet[IncidentId]) -> None:
    """Each further trigger counts of what a threshold holds, and of nothing else."""
    opened = {one.incident_id for one in runs if one.alert is None}
    over = {one.incident_id for one in runs if one.alert is not None and one.alert.watched}
    for id in opened & below:
        for alert in world.incidents[id].alerts:
            alert.watched = alert.watched or alert.is_open
    for id in over - below:
        for alert in world.incidents[id].alerts:
            if alert.is_open:
                alert.watched = False
