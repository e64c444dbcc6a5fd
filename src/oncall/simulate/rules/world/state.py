"""What there is in a world: alerts, incidents, and which of them have a key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappush
from uuid import UUID

from oncall.desk.rules.grading import Matrix
from oncall.escalation.values import EscalationState, People, Snapshot
from oncall.incidents.rules.conditions import with_support
from oncall.incidents.rules.inhibiting import labels_of
from oncall.incidents.rules.timers import pending_action, timed
from oncall.incidents.values import Alert, AlertCounts, Event, GroupKey, Incident, Key, OpenAlert, Severity, Status
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, ServiceId
from oncall.services.rules.routing import Routing
from oncall.services.values import Service
from oncall.silences.rules.inhibition import source_keys, target_keys
from oncall.silences.rules.muting import Mutings
from oncall.silences.values.inhibitions import InhibitionId
from oncall.simulate.values.replaying import Outcome, Paged, RuleRef
from oncall.simulate.values.simulating import Moment

STEPS = {"escalate", "remind", "retry"}
OPEN = {Status.TRIGGERED, Status.ACKNOWLEDGED}

MOST_STEPS = 200
"""Steps that are worked out of one incident that nobody does anything about: more than half a day of them."""

PeopleAt = Callable[[Snapshot, datetime], People]


@dataclass(frozen=True, slots=True)
class Ruling:
    """By what a world judges. `made_at`: silences and windows count from when they were made; what is proposed is not among them."""

    routing: Routing
    services: Mapping[ServiceId, Service]
    snapshots: Mapping[ServiceId, Snapshot]
    mutings: Mutings
    made_at: Mapping[UUID, datetime]
    people_at: PeopleAt
    matrix: Matrix


@dataclass(slots=True)
class AlertThere:
    """One alert."""

    open_alert: OpenAlert
    integration_id: IntegrationId
    incident_id: IncidentId
    opened_at: datetime
    is_open: bool = True
    acknowledged: bool = False
    watched: bool = False
    resolved_at: datetime | None = None
    expires_at: datetime | None = None
    changes: list[datetime] = field(default_factory=list)
    inhibits: frozenset[str] = frozenset()
    looks_for: Mapping[str, tuple[InhibitionId, str]] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    """What matchers see of it."""

    @property
    def key(self) -> Key:
        return self.open_alert.service_id, self.open_alert.dedup_key

    @property
    def severity(self) -> Severity:
        return self.open_alert.severity

    def as_met(self) -> Alert:
        """As a run of events meets it."""
        of = self.open_alert
        return Alert(
            of.id, of.service_id, of.dedup_key, self.is_open, of.severity, self.acknowledged, self.incident_id, self.watched, of.labels
        )


@dataclass(slots=True)
class IncidentThere:
    """One incident, with what is known of it beside."""

    incident: Incident
    outcome: Outcome
    alerts: list[AlertThere] = field(default_factory=list)
    open: int = 0
    acknowledged: int = 0
    triggers: list[datetime] = field(default_factory=list)
    paged: bool = False
    """Whether anybody was."""
    eager: bool = False
    """Something might mute it, or it might mute: each of its steps is worked out when it is due. Those of others nobody asks about."""
    lags: bool = False
    """Steps were left out: which it has reached is found out when that matters."""
    steps: int = 0
    due: datetime | None = None

    def counts(self) -> AlertCounts:
        return AlertCounts(self.open, len(self.alerts) - self.open, self.acknowledged)


@dataclass(slots=True)
class World:
    """Everything there is. `now` only ever goes on."""

    ruling: Ruling
    now: datetime
    acted_on: frozenset[IncidentId] = frozenset()
    """Incidents of the record that people did something about: whose first events are to be found again."""
    alerts: dict[AlertId, AlertThere] = field(default_factory=dict)
    incidents: dict[IncidentId, IncidentThere] = field(default_factory=dict)
    open: dict[Key, AlertThere] = field(default_factory=dict)
    where: dict[str, dict[ServiceId, IntegrationId]] = field(default_factory=dict)
    """In which services an alert with a dedup key is open, and whose it is."""
    resolved: dict[Key, AlertThere] = field(default_factory=dict)
    """Of each key the one that was resolved last."""
    gathering: dict[GroupKey, IncidentId] = field(default_factory=dict)
    """Which open incident has a grouping key."""
    sources: dict[str, dict[AlertId, AlertThere]] = field(default_factory=dict)
    """Open alerts by the keys by which they inhibit."""
    held: set[IncidentId] = field(default_factory=set)
    holder: dict[EventId, IncidentId] = field(default_factory=dict)
    """Where the first event of an incident of `acted_on` is in this world."""
    timers: list[tuple[datetime, IncidentId]] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)
    """When something that mutes was made or ended: then all that pages, or would, is looked at. The next one is the last."""
    moments: list[Moment] | None = None
    """Everything that is decided, where somebody asks about each step."""

    def people(self, incident: Incident, at: datetime) -> People:
        """Whom the steps of an incident mean at an instant, and how its service's support hours stand then."""
        service = self.ruling.services.get(incident.service_id)
        return with_support(self.ruling.people_at(incident.snapshot, at), [service] if service else [], now=at)

    def save(self, there: IncidentThere, incident: Incident) -> None:
        """Take a changed incident, with what follows from its state."""
        before = there.incident
        there.incident = incident = timed(incident)
        if before.group_key is not None and (incident.group_key is None or incident.status not in OPEN):
            group = before.service_id, before.group_key
            if self.gathering.get(group) == incident.id:
                del self.gathering[group]
        if incident.group_key is not None and incident.status in OPEN:
            self.gathering.setdefault((incident.service_id, incident.group_key), incident.id)
        if incident.escalation_state is EscalationState.HELD:
            self.held.add(incident.id)
        else:
            self.held.discard(incident.id)
        there.outcome.urgency, there.outcome.severity = incident.urgency, incident.severity
        self.plan(there)

    def plan(self, there: IncidentThere) -> None:
        """When it is to be looked at next, if ever: steps that nobody asks about are left out."""
        action = pending_action(there.incident) if there.incident.status in OPEN else None
        due = action.at if action else None
        if action and action.action in STEPS and ((there.paged and not there.eager and self.moments is None) or there.steps >= MOST_STEPS):
            due, there.lags = there.incident.settle_at, True
        if due is not None and due != there.due:
            heappush(self.timers, (due, there.incident.id))
        there.due = due

    def look_now(self, there: IncidentThere) -> None:
        """Due at once, whatever its state says."""
        if there.due is None or there.due > self.now:
            there.due = self.now
            heappush(self.timers, (self.now, there.incident.id))

    def add_alert(self, there: IncidentThere, alert: AlertThere) -> None:
        """A new one, open."""
        self.alerts[alert.open_alert.id] = alert
        self._open(alert)
        there.alerts.append(alert)
        there.open += 1
        self.see(there, alert)
        self.mark(alert)

    def _open(self, alert: AlertThere) -> None:
        self.open[alert.key] = alert
        self.where.setdefault(alert.open_alert.dedup_key, {})[alert.open_alert.service_id] = alert.integration_id

    def open_for(self, event: Event, likely: ServiceId) -> list[ServiceId]:
        """Where an alert with an event's key is open: there, and wherever its own integration has one."""
        there = self.where.get(event.dedup_key, {})
        return [service for service, whose in there.items() if whose == event.integration_id or service == likely]

    def see(self, there: IncidentThere, alert: AlertThere) -> None:
        """What matchers see of an alert is another now, and what may mute it."""
        service = self.ruling.services.get(alert.open_alert.service_id)
        alert.seen = labels_of(alert.open_alert, service.name if service else "")
        mutings = self.ruling.mutings
        if not mutings:
            return
        alert.looks_for = target_keys(mutings, alert.seen)
        if not there.eager and (alert.looks_for or self._may_be_muted(alert)):
            there.eager = True

    def _may_be_muted(self, alert: AlertThere) -> bool:
        """At some time, by a silence or a window."""
        mutings, service = self.ruling.mutings, alert.open_alert.service_id
        silences = (mutings.silences[id] for id in (None, service) if id in mutings.silences)
        return bool(mutings.windows_of.get(service) or any(some.find(alert.seen) for some in silences)) or bool(
            mutings.windows_anywhere.find(alert.seen)
        )

    def mark(self, alert: AlertThere) -> None:
        """By what it inhibits others, from when it is opened on."""
        if not self.ruling.mutings.inhibitions:
            return
        alert.inhibits = source_keys(self.ruling.mutings, alert.seen)
        for key in alert.inhibits:
            self.sources.setdefault(key, {})[alert.open_alert.id] = alert
        if alert.inhibits:
            self.incidents[alert.incident_id].eager = True

    def mark_anew(self, alert: AlertThere) -> bool:
        """By what it is now; whether it inhibits by anything else than before."""
        before = alert.inhibits
        for key in before:
            self.sources[key].pop(alert.open_alert.id, None)
        self.mark(alert)
        return alert.inhibits != before

    def close_alert(self, there: IncidentThere, alert: AlertThere) -> None:
        alert.is_open, alert.resolved_at = False, self.now
        there.open -= 1
        there.acknowledged -= alert.acknowledged
        del self.open[alert.key], self.where[alert.key[1]][alert.key[0]]
        self.resolved[alert.key] = alert
        for key in alert.inhibits:
            self.sources[key].pop(alert.open_alert.id, None)

    def reopen_alert(self, there: IncidentThere, alert: AlertThere) -> None:
        alert.is_open, alert.resolved_at, alert.opened_at, alert.acknowledged = True, None, self.now, False
        there.open += 1
        self._open(alert)
        self.resolved.pop(alert.key, None)
        for key in alert.inhibits:
            self.sources[key][alert.open_alert.id] = alert

    def page(self, there: IncidentThere, paged: Paged | None) -> None:
        """Somebody is; None: by a step that nobody asks about."""
        there.paged = True
        if paged is not None:
            there.outcome.pages.append(paged)

    def name(self, there: IncidentThere, *rules: RuleRef) -> None:
        """These had a part in what becomes of it."""
        there.outcome.rules.update(rules)
