"""Which incident each new alert belongs to, and what the events that it came by are decided as for that. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.desk.rules.grading import PAGED_AT_ONCE, Matrix, prioritise
from oncall.desk.values import Priority
from oncall.escalation.values import EscalationState, Position, Snapshot
from oncall.incidents.rules.dedup import RANK, because
from oncall.incidents.rules.grouping import group_key, most_of, why_apart
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.routing import routable
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Alert, AlertChange, Decided, Decision, Event, GroupKey, Incident, OpenAlert, Severity, Status
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import EventId, IncidentId, ServiceId
from oncall.services.rules.support import rises_at, urgency_of
from oncall.services.values import Service
from oncall.services.values.judging import Grouping, GroupingType

GROUPED = "a new alert joined the open incident of its group"
BROKE_THROUGH = "a new alert joined an incident that is acknowledged"

CHANGED = {Decision.REOPENED, Decision.RESOLVED}
"""What counts as a change of an alert that may flap."""


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

    @property
    def opened(self) -> OpenAlert:
        """Its new alert."""
        first, change = self.events[0], self.change
        return OpenAlert(change.alert_id, first.service_id, first.labels, change.severity, first.summary, first.source, first.dedup_key)


def is_regraded(run: Run) -> bool:
    """Whether its open alert has another severity or other labels than before, or came back: what it inhibits, and what mutes it, may be
    otherwise now.
    """
    alert, change = run.alert, run.change
    if alert is None or not change.is_open:
        return False
    return not alert.is_open or change.severity is not alert.severity or change.labels is not None


def grouping_of(event: Event, service: Service) -> Grouping | None:
    """How a new alert is grouped: as a routing rule says, else as its service says."""
    return Grouping(GroupingType.LABELS, event.group_labels) if event.group_labels else service.grouping


def group_of(event: Event, services: Mapping[ServiceId, Service]) -> GroupKey | None:
    """The grouping key of a new alert in its service, if its alerts are grouped."""
    service = services.get(event.service_id)
    grouping = grouping_of(event, service) if service else None
    key = group_key(grouping, {**routable(event).fields, **event.labels}) if grouping else None
    return None if key is None else (event.service_id, key)


def urgency_by(runs: Sequence[Run], service: Service, severity: Severity, *, now: datetime) -> Urgency:
    """As a routing rule says, the higher one where several do; else as the service makes it of the severity."""
    said = {event.urgency for run in runs for event in run.events if event.urgency is not None}
    if said:
        return Urgency.HIGH if Urgency.HIGH in said else Urgency.LOW
    return urgency_of(service, severity.value, now=now)


def urgency_by_services(runs: Sequence[Run], services: Mapping[ServiceId, Service], *, now: datetime) -> Urgency:
    """What these runs make of their incident: as the service of each says, the higher one where there are several."""
    by_service: dict[ServiceId, list[Run]] = {}
    for run in runs:
        by_service.setdefault(run.service_id, []).append(run)
    gravest = {id: max((run.change.severity for run in its), key=RANK.__getitem__) for id, its in by_service.items()}
    high = any(urgency_by(its, services[id], gravest[id], now=now) is Urgency.HIGH for id, its in by_service.items())
    return Urgency.HIGH if high else Urgency.LOW


@dataclass(slots=True)
class Birth:
    """A new incident: the runs that open it together, its grouping key, and the one it follows with the reason."""

    runs: list[Run]
    group: GroupKey | None
    follows: tuple[Incident, str] | None


def placed(
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


def born_as(birth: Birth, service: Service, snapshot: Snapshot, matrix: Matrix, *, now: datetime) -> Incident:
    first = birth.runs[0].events[0]
    severity = max((run.change.severity for run in birth.runs), key=RANK.__getitem__)
    priority, _ = prioritise(service.filing.grading, matrix)
    by_rule = any(event.urgency is not None for run in birth.runs for event in run.events)
    return timed(
        Incident(
            id=IncidentId(first.id),
            number=0,
            service_id=service.id,
            title=first.summary,
            status=Status.TRIGGERED,
            severity=severity,
            urgency=Urgency.HIGH if priority in PAGED_AT_ONCE else urgency_by(birth.runs, service, severity, now=now),
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
            process=service.filing.process,
            priority=priority,
            is_major=priority is Priority.P1,
            rises_at=None if by_rule else rises_at(service, now=now),
        )
    )


def decided_in(
    decided: Mapping[EventId, Decided], runs: Sequence[Run], locked: Mapping[IncidentId, Incident], holds: Mapping[IncidentId, Hold]
) -> dict[EventId, Decided]:
    """The decisions of events whose alerts did not simply open an incident that pages: they joined another's, in one that is acknowledged
    they break through, or what they opened is held.
    """
    moved: dict[EventId, Decided] = {}
    for run in runs:
        if run.alert is not None:
            moved |= _again(decided, run, holds.get(run.incident_id))
            continue
        host, hold = locked.get(run.incident_id), holds.get(run.incident_id)
        for event in run.events:
            its = replace(decided[event.id], incident_id=run.incident_id)
            if its.decision is Decision.OPENED and run.joins:
                broke = host is not None and host.status is Status.ACKNOWLEDGED
                decision, reason = (Decision.BROKE_THROUGH, BROKE_THROUGH) if broke else (Decision.GROUPED, GROUPED)
                its = replace(its, decision=decision, reason=_held(because(event.reason, reason), hold))
            elif its.decision is Decision.OPENED and hold is not None:
                its = replace(its, decision=hold.decision, reason=_held(its.reason, hold))
            moved[event.id] = its
    return moved


def _held(reason: str, hold: Hold | None) -> str:
    return f"{reason}; {hold.reason}" if hold is not None else reason


def _again(decided: Mapping[EventId, Decided], run: Run, hold: Hold | None) -> dict[EventId, Decided]:
    """What came about an alert that was there: one that came back may be held, and a repeat may count."""
    back = [decided[event.id] for event in run.events if decided[event.id].decision is Decision.REOPENED]
    again = {d.event_id: replace(d, reason=_held(d.reason, hold)) for d in back}
    return again | (_counted(decided, run, hold) if run.alert is not None and run.alert.watched else {})


def _counted(decided: Mapping[EventId, Decided], run: Run, hold: Hold | None) -> dict[EventId, Decided]:
    """Repeats that count against a threshold: held with their alert, or the one that it was waiting for among them."""
    its = [decided[event.id] for event in run.events if decided[event.id].decision is Decision.DEDUPLICATED]
    if hold is not None and hold.decision is Decision.HELD_THRESHOLD:
        return {d.event_id: replace(d, decision=hold.decision, reason=f"{d.reason}; {hold.reason}") for d in its}
    if hold is not None:
        return {}  # something else holds it
    return {d.event_id: replace(d, reason=f"{d.reason}; with it there are enough triggers, and it pages") for d in its}


def decided_flapping(decided: Mapping[EventId, Decided], runs: Sequence[Run], flaps: Mapping[IncidentId, str]) -> dict[EventId, Decided]:
    """The decisions of events that ended or brought back an alert of an incident that flaps: recorded, and nothing follows."""
    held = [(decided[event.id], flaps[run.incident_id]) for run in runs if run.incident_id in flaps for event in run.events]
    return {
        d.event_id: replace(d, decision=Decision.HELD_FLAPPING, reason=f"{d.reason}; {why}") for d, why in held if d.decision in CHANGED
    }


def actor_of(event: Event) -> Actor:
    """Who says so: the integration, and whom its monitor names."""
    name = f"{event.by} ({event.integration_name})" if event.by else event.integration_name
    return Actor(ActorKind.INTEGRATION, event.integration_id, name, "intake")
