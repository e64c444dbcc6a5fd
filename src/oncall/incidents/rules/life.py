"""What an incident becomes: by its alerts, by a person, by time. Pure: an incident in, the same incident changed out."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from oncall.contacts.values import Urgency
from oncall.escalation.rules import advance, next_cycle
from oncall.escalation.values import EscalationState, Note, People, PlannedPage, Position
from oncall.incidents.rules.dedup import RANK
from oncall.incidents.values import Incident, PendingAction, Severity, Status
from oncall.kit.actors import ENGINE, Actor, ActorKind
from oncall.kit.ids import UserId


@dataclass(frozen=True, slots=True)
class Outcome:
    """An incident after a decision, whom to page for it, and what the timeline must know."""

    incident: Incident
    pages: tuple[PlannedPage, ...] = ()
    notes: tuple[Note, ...] = ()


def next_at(incident: Incident) -> datetime | None:
    """The one instant at which time alone changes something (`semantics.md` §1); which thing, `pending_action` says.

    A row whose handling failed is looked at later than that; what is done then is late by the difference.
    """
    action = pending_action(incident)
    return action.at if action else None


def pending_action(incident: Incident) -> PendingAction | None:
    """What happens next if nobody does anything: one thing at most, and it follows from the state."""
    match incident.status:
        case Status.TRIGGERED:
            if incident.step_at is None:
                return None
            retrying = incident.escalation_state in {EscalationState.EXHAUSTED, EscalationState.UNROUTABLE}
            name = "retry" if retrying else "remind" if incident.escalation_state is EscalationState.LOW_URGENCY else "escalate"
            return PendingAction(name, incident.step_at)
        case Status.ACKNOWLEDGED:
            if incident.ack_timeout is None or incident.urgency is Urgency.LOW or incident.acknowledged_at is None:
                return None
            return PendingAction("retrigger", incident.acknowledged_at + incident.ack_timeout)
        case Status.RESOLVED:
            return PendingAction("close", incident.resolved_at + incident.reopen_window) if incident.resolved_at else None
        case Status.CLOSED:
            return None
        case _:
            assert_never(incident.status)


def pending_actions(incident: Incident) -> tuple[PendingAction, ...]:
    """What people are told happens next. One that failed and was postponed is looked at again at its `next_at`, whatever its state."""
    action = pending_action(incident)
    return (replace(action, at=incident.next_at or action.at),) if action else ()


def timed(incident: Incident) -> Incident:
    """The incident with the `next_at` that follows from its state."""
    return incident.but(next_at=next_at(incident))


def acknowledge(incident: Incident, by: Actor, *, owner: UserId | None, now: datetime) -> Incident:
    """Somebody has it: the escalation stops, the acknowledgement time-out begins. Only a triggered incident changes."""
    if incident.status is not Status.TRIGGERED:
        return incident
    return timed(
        incident.but(
            status=Status.ACKNOWLEDGED,
            acknowledged_at=now,
            acknowledged_by=by,
            owner_id=owner or incident.owner_id,
            escalation_state=EscalationState.STOPPED,
            escalation_reason=f"acknowledged by {by.name}",
            escalation_since=now,
        )
    )


def resolve(incident: Incident, by: Actor, *, now: datetime) -> Incident:
    """The service is restored: everything stops. Step, round and `step_at` stay, for a reopening."""
    if incident.status not in {Status.TRIGGERED, Status.ACKNOWLEDGED}:
        return incident
    return timed(
        incident.but(
            status=Status.RESOLVED,
            resolved_at=now,
            resolved_by=by,
            escalation_state=EscalationState.STOPPED,
            escalation_reason=f"resolved by {by.name}",
            escalation_since=now,
        )
    )


def reopen(incident: Incident, *, now: datetime) -> Incident:
    """The problem came back. Nobody had touched it: round, step and next instant are kept, so that a flapping alert still climbs.

    Had somebody acknowledged or resolved it, that ended the cycle: a new one begins at once. What fell due meanwhile is due now, and
    not late.
    """
    if incident.status is not Status.RESOLVED:
        return incident
    by_hand = incident.resolved_by is not None and incident.resolved_by.kind is not ActorKind.INTEGRATION
    fresh = by_hand or incident.acknowledged_at is not None
    return timed(
        incident.but(
            status=Status.TRIGGERED,
            resolved_at=None,
            resolved_by=None,
            acknowledged_at=None,
            acknowledged_by=None,
            position=next_cycle(incident.position) if fresh else incident.position,
            step_at=now if fresh or incident.step_at is None else max(incident.step_at, now),
            escalation_state=EscalationState.RUNNING,
            escalation_reason="reopened: the same problem came back inside the reopen window",
            escalation_since=now,
        )
    )


def raise_severity(incident: Incident, severity: Severity, urgency: Urgency, *, now: datetime) -> Incident:
    """A graver word from a monitor. A rise from low to high urgency is paged at once, as a cycle of its own.

    Acknowledged, it stays acknowledged, and the acknowledgement times out like any other of high urgency: at once, if it is that old.
    """
    if RANK[severity] <= RANK[incident.severity]:
        return incident
    raised = incident.but(severity=severity)
    if not (urgency is Urgency.HIGH and incident.urgency is Urgency.LOW):
        return raised
    raised = raised.but(urgency=urgency)
    if incident.status is Status.ACKNOWLEDGED:
        return timed(raised)
    reason = f"severity rose to {severity.value}"
    state = EscalationState.RUNNING
    return timed(
        raised.but(
            position=next_cycle(incident.position), step_at=now, escalation_state=state, escalation_reason=reason, escalation_since=now
        )
    )


def step_lost(incident: Incident, lost: Position, *, now: datetime) -> Incident:
    """Nobody whom this step paged can be reached: if it is still the step we wait for, the next one is due now."""
    current = incident.position
    waiting = incident.escalation_state is EscalationState.RUNNING and (current.cycle, current.round, current.step) == (
        lost.cycle,
        lost.round,
        lost.step + 1,
    )
    reminding = incident.escalation_state is EscalationState.LOW_URGENCY and (current.cycle, current.round) == (lost.cycle, lost.round + 1)
    if incident.status is not Status.TRIGGERED or not (waiting or reminding):
        return incident
    after = Position(lost.cycle, lost.round, lost.step + 1, current.on_fallback)
    return timed(incident.but(position=after, escalation_state=EscalationState.RUNNING, step_at=now))


def decide_due(incident: Incident, people: People, *, now: datetime, heard: bool = True) -> Outcome:
    """What time does to an incident whose `next_at` has come: one thing, however late.

    `heard` false: not one message of its cycle has left us, which matters once its policy has been gone through.
    """
    match incident.status:
        case Status.TRIGGERED:
            return _advance(incident, people, now=now, heard=heard)
        case Status.ACKNOWLEDGED:
            return _time_out(incident, people, now=now)
        case Status.RESOLVED:
            closed = incident.but(status=Status.CLOSED, closed_at=now, next_at=None)
            return Outcome(closed, notes=(Note("closed", "the reopen window passed"),))
        case Status.CLOSED:
            return Outcome(incident.but(next_at=None))
        case _:
            assert_never(incident.status)


def _advance(incident: Incident, people: People, *, now: datetime, also: tuple[UserId, ...] = (), heard: bool = True) -> Outcome:
    then = advance(
        incident.snapshot,
        incident.position,
        urgency=incident.urgency,
        people=people,
        now=now,
        also=also,
        heard=heard,
    )
    since = incident.escalation_since if then.state is incident.escalation_state else now
    moved = incident.but(
        position=then.position,
        escalation_state=then.state,
        escalation_reason=then.reason,
        escalation_since=since,
        step_at=then.step_at,
        failures=0,
        last_error=None,
    )
    return Outcome(timed(moved), then.pages, then.notes)


def _time_out(incident: Incident, people: People, *, now: datetime) -> Outcome:
    """Acknowledged and then nothing: a new cycle pages the current on-call and the acknowledger."""
    name = incident.acknowledged_by.name if incident.acknowledged_by else ENGINE.name
    again = incident.but(
        status=Status.TRIGGERED,
        acknowledged_at=None,
        acknowledged_by=None,
        position=next_cycle(incident.position),
        escalation_state=EscalationState.RUNNING,
        escalation_since=now,
    )
    then = _advance(again, people, now=now, also=(incident.owner_id,) if incident.owner_id else ())
    note = Note("ack_timeout", f"{name} acknowledged it and did not resolve it in time; it is triggered again")
    return Outcome(then.incident, then.pages, (note, *then.notes))


@dataclass(frozen=True, slots=True)
class AlertsNow:
    """What an incident's alerts say after a batch of events: how many are open and acknowledged, the gravest word, what just happened."""

    open: int
    acknowledged: int
    severity: Severity
    urgency: Urgency
    reopened: bool
    acknowledging: bool


def follow_alerts(incident: Incident, alerts: AlertsNow, by: Actor, *, now: datetime) -> Incident:
    """What the alerts make of their incident: the last one resolved resolves it, every open one acknowledged acknowledges it."""
    if alerts.reopened:
        incident = reopen(incident, now=now)
    incident = raise_severity(incident, alerts.severity, alerts.urgency, now=now)
    if alerts.open == 0:
        return resolve(incident, by, now=now)
    if alerts.acknowledging and alerts.acknowledged == alerts.open:
        return acknowledge(incident, by, owner=None, now=now)
    return incident
