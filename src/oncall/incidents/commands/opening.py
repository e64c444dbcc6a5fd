"""New alerts: which incident each belongs to, one that is open or one of its own, and both written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.contacts.values import Urgency
from oncall.escalation import Position, Snapshot, take_snapshots
from oncall.escalation.values import EscalationState
from oncall.incidents.commands.inhibiting import mark_sources
from oncall.incidents.rules.dedup import RANK
from oncall.incidents.rules.grouping import group_key, most_of, why_apart
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.routing import routable
from oncall.incidents.rules.timers import timed
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Alert, AlertChange, Decided, Decision, Event, GroupKey, Incident, OpenAlert, Severity, Status
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.db import ConcurrentChange
from oncall.kit.ids import EventId, IncidentId, PolicyId, ServiceId, TeamId
from oncall.kit.metrics import INCIDENTS
from oncall.services.values import Service, urgency_of
from oncall.services.values.judging import Grouping, GroupingType
from oncall.silences.rules.muting import Mutings

Owners = dict[ServiceId, tuple[PolicyId, TeamId | None]]

GROUPED = "a new alert joined the open incident of its group"
BROKE_THROUGH = "a new alert joined an incident that is acknowledged"

TOLD_OF = 5
"""Keys of alerts that one entry of the timeline names; all of them are in the API."""


@dataclass(slots=True)
class Run:
    """A run of events on one key, the alert it met, what it does to it, and the incident that concerns."""

    events: Sequence[Event]
    alert: Alert | None
    change: AlertChange
    incident_id: IncidentId

    @property
    def service_id(self) -> ServiceId:
        return self.events[0].service_id

    @property
    def joins(self) -> bool:
        """Whether its new alert joins an incident that another one opened."""
        return self.alert is None and self.incident_id != self.events[0].id


def grouping_of(event: Event, service: Service) -> Grouping | None:
    """How a new alert is grouped: as a routing rule says, else as its service says."""
    return Grouping(GroupingType.LABELS, event.group_labels) if event.group_labels else service.grouping


def group_of(event: Event, services: Mapping[ServiceId, Service]) -> GroupKey | None:
    """The grouping key of a new alert in its service, if its alerts are grouped."""
    service = services.get(event.service_id)
    grouping = grouping_of(event, service) if service else None
    key = group_key(grouping, {**routable(event).fields, **event.labels}) if grouping else None
    return None if key is None else (event.service_id, key)


def urgency_by(runs: Sequence[Run], service: Service, severity: Severity) -> Urgency:
    """As a routing rule says, the higher one where several do; else as the service makes it of the severity."""
    said = {event.urgency for run in runs for event in run.events if event.urgency is not None}
    if said:
        return Urgency.HIGH if Urgency.HIGH in said else Urgency.LOW
    return urgency_of(service.urgency, severity.value)


def urgency_by_services(runs: Sequence[Run], services: Mapping[ServiceId, Service]) -> Urgency:
    """What these runs make of their incident: as the service of each says, the higher one where there are several."""
    by_service: dict[ServiceId, list[Run]] = {}
    for run in runs:
        by_service.setdefault(run.service_id, []).append(run)
    gravest = {id: max((run.change.severity for run in its), key=RANK.__getitem__) for id, its in by_service.items()}
    high = any(urgency_by(its, services[id], gravest[id]) is Urgency.HIGH for id, its in by_service.items())
    return Urgency.HIGH if high else Urgency.LOW


@dataclass(slots=True)
class Birth:
    """A new incident: the runs that open it together, its grouping key, and the one it follows with the reason."""

    runs: list[Run]
    group: GroupKey | None
    follows: tuple[Incident, str] | None


async def open_alerts(
    tx: AsyncConnection,
    runs: Sequence[Run],
    hosts: Mapping[GroupKey, IncidentId],
    locked: dict[IncidentId, Incident],
    services: Mapping[ServiceId, Service],
    *,
    now: datetime,
) -> list[Incident]:
    """Write new alerts, each into the locked incident that has its key, or into a new one; each run is told its incident. Returns what
    was opened, which is due at once; `locked` is brought up to date.
    """
    if not runs:
        return []
    counts = await alert_store.tally(tx, list(hosts.values())) if hosts else {}
    numbers = {id: its.open + its.resolved for id, its in counts.items()}
    born = _placed(runs, {group: locked[id] for group, id in hosts.items()}, numbers, services, now=now)
    left = [birth.follows[0].id for birth in born if birth.follows]
    await store.let_go(tx, sorted(left))
    locked |= {id: locked[id].but(group_key=None) for id in left}
    opened = await _add_incidents(tx, born, services, now=now)
    await alert_store.add_alerts(tx, [(run.events[0], run.change, run.incident_id) for run in runs], now=now)
    openings = [_opened(incident, birth, now=now) for incident, birth in zip(opened, born, strict=True)]
    await timeline.add(tx, [*openings, *_joined(runs, now=now)])
    INCIDENTS.labels("opened").inc(len(opened))
    return opened


def _placed(
    runs: Sequence[Run],
    gathering: Mapping[GroupKey, Incident],
    numbers: dict[IncidentId, int],
    services: Mapping[ServiceId, Service],
    *,
    now: datetime,
) -> list[Birth]:
    """Give each run its incident, in the order of receipt; `numbers` are the alerts in those that are open. Returns the new ones."""
    born: list[Birth] = []
    by_group: dict[GroupKey, Birth] = {}
    for run in sorted(runs, key=lambda run: run.events[0].id):
        service = services[run.service_id]
        group, grouping, follows = group_of(run.events[0], services), grouping_of(run.events[0], service), None
        if group is not None and grouping is not None:
            birth, host = by_group.get(group), gathering.get(group)
            if birth is not None and len(birth.runs) < most_of(grouping):
                birth.runs.append(run)
                run.incident_id = birth.runs[0].incident_id
                continue
            if birth is not None:
                birth.group = None  # it is full, and the next one has the key
            elif host is not None:
                held = numbers.get(host.id, 0)
                reason = why_apart(host, grouping, alerts=held, max_age=service.group_max_age, now=now)
                if reason is None:
                    run.incident_id, numbers[host.id] = host.id, held + 1
                    continue
                follows = host, reason
        run.incident_id = IncidentId(run.events[0].id)
        born.append(Birth([run], group, follows))
        if group is not None:
            by_group[group] = born[-1]
    return born


async def mark_opened(tx: AsyncConnection, runs: Sequence[Run], services: Mapping[ServiceId, Service], mutings: Mutings) -> None:
    """New alerts that inhibit others say so from now on."""
    new = [(run.events[0], run.change) for run in runs if run.alert is None]
    alerts = [OpenAlert(change.alert_id, e.service_id, e.labels, change.severity, e.summary, e.source, e.dedup_key) for e, change in new]
    await mark_sources(tx, alerts, services, mutings)


def decided_in(
    decided: Mapping[EventId, Decided], runs: Sequence[Run], locked: Mapping[IncidentId, Incident], holds: Mapping[IncidentId, Hold]
) -> dict[EventId, Decided]:
    """The decisions of events whose alerts did not simply open an incident that pages: they joined another's, in one that is acknowledged
    they break through, or what they opened is held.
    """
    moved: dict[EventId, Decided] = {}
    for run in runs:
        if run.alert is not None:
            moved |= _counted(decided, run, holds.get(run.incident_id)) if run.alert.watched else {}
            continue
        host, hold = locked.get(run.incident_id), holds.get(run.incident_id)
        for event in run.events:
            its = replace(decided[event.id], incident_id=run.incident_id)
            if its.decision is Decision.OPENED and run.joins:
                broke = host is not None and host.status is Status.ACKNOWLEDGED
                its = (
                    replace(its, decision=Decision.BROKE_THROUGH, reason=BROKE_THROUGH)
                    if broke
                    else replace(its, decision=Decision.GROUPED, reason=GROUPED)
                )
            elif its.decision is Decision.OPENED and hold is not None:
                its = replace(its, decision=hold.decision, reason=f"{its.reason}; {hold.reason}")
            moved[event.id] = its
    return moved


def _counted(decided: Mapping[EventId, Decided], run: Run, hold: Hold | None) -> dict[EventId, Decided]:
    """Repeats that count against a threshold: held with their alert, or the one that it was waiting for among them."""
    its = [decided[event.id] for event in run.events if decided[event.id].decision is Decision.DEDUPLICATED]
    if hold is not None and hold.decision is Decision.HELD_THRESHOLD:
        return {d.event_id: replace(d, decision=hold.decision, reason=f"{d.reason}; {hold.reason}") for d in its}
    if hold is not None:
        return {}
    return {d.event_id: replace(d, reason=f"{d.reason}; with it there are enough triggers, and it pages") for d in its}


async def _add_incidents(
    tx: AsyncConnection, born: Sequence[Birth], services: Mapping[ServiceId, Service], *, now: datetime
) -> list[Incident]:
    if not born:
        return []
    concerned = {birth.runs[0].service_id for birth in born}
    owners: Owners = {id: (services[id].escalation_policy_id, services[id].team_id) for id in concerned}
    snapshots = await take_snapshots(tx, owners.values())
    if not snapshots.keys() >= set(owners.values()):
        raise ConcurrentChange("a service changed its escalation policy meanwhile")
    made = []
    for birth in born:
        service = services[birth.runs[0].service_id]
        made.append(_born(birth, service, snapshots[owners[service.id]], now=now))
    return await store.add_incidents(tx, made)


def _born(birth: Birth, service: Service, snapshot: Snapshot, *, now: datetime) -> Incident:
    first = birth.runs[0].events[0]
    severity = max((run.change.severity for run in birth.runs), key=RANK.__getitem__)
    return timed(
        Incident(
            id=IncidentId(first.id),
            number=0,
            service_id=service.id,
            title=first.summary,
            status=Status.TRIGGERED,
            severity=severity,
            urgency=urgency_by(birth.runs, service, severity),
            snapshot=snapshot,
            position=Position(),
            escalation_state=EscalationState.RUNNING,
            escalation_reason="triggered",
            escalation_since=now,
            step_at=now,
            next_at=now,
            ack_timeout=service.ack_timeout,
            reopen_window=service.reopen_window,
            triggered_at=now,
            group_key=birth.group[1] if birth.group else None,
            follows_id=birth.follows[0].id if birth.follows else None,
        )
    )


def _opened(incident: Incident, birth: Birth, *, now: datetime) -> timeline.Entry:
    first = birth.runs[0].events[0]
    reason = f"alert {first.dedup_key}: {incident.title}"
    if birth.follows:
        before, why = birth.follows
        reason += f"; it follows #{before.number}, which nothing joins any more: {why}"
    detail: dict[str, object] = {"group": incident.group_key} if incident.group_key else {}
    return timeline.Entry(incident.id, now, timeline.Kind.OPENED, actor_of(first), reason, detail)


def _joined(runs: Sequence[Run], *, now: datetime) -> list[timeline.Entry]:
    """One entry for all alerts that joined an incident together."""
    joined: dict[IncidentId, list[Event]] = {}
    for run in runs:
        if run.joins:
            joined.setdefault(run.incident_id, []).append(run.events[0])
    entries = []
    for id, events in joined.items():
        named = ", ".join(event.dedup_key for event in events[:TOLD_OF])
        rest = f" and {len(events) - TOLD_OF} more" if len(events) > TOLD_OF else ""
        reason = f"{len(events)} alert{'s' if len(events) > 1 else ''} joined: {named}{rest}"
        entries.append(timeline.Entry(id, now, timeline.Kind.ALERT_JOINED, actor_of(events[0]), reason))
    return entries


def actor_of(event: Event) -> Actor:
    """Who says so: the integration, and whom its monitor names."""
    name = f"{event.by} ({event.integration_name})" if event.by else event.integration_name
    return Actor(ActorKind.INTEGRATION, event.integration_id, name, "intake")
