"""What time alone does to an incident next, and when. Pure; one rule, which names it as well."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from oncall.contacts.values import Urgency
from oncall.desk.values import Process
from oncall.escalation.values import EscalationState
from oncall.incidents.values import Incident, PendingAction, Status


def next_at(incident: Incident) -> datetime | None:
    """The one instant at which time alone changes something (`semantics.md` §1); which thing, `pending_action` says.

    A row whose handling failed is looked at later than that; what is done then is late by the difference.
    """
    action = pending_action(incident)
    return action.at if action else None


def pending_action(incident: Incident) -> PendingAction | None:
    """What happens next if nobody does anything: one thing at most, and it follows from the state."""
    match incident.status:
        case Status.TRIGGERED | Status.ACKNOWLEDGED if incident.settle_at is not None:
            steady = pending_action(incident.but(settle_at=None))
            settles = PendingAction("settle", incident.settle_at)
            return settles if steady is None else min(steady, settles, key=lambda action: action.at)
        case Status.TRIGGERED | Status.ACKNOWLEDGED if incident.rises_at is not None:
            steady = pending_action(incident.but(rises_at=None))
            rises = PendingAction("rise", incident.rises_at)
            return rises if steady is None else min(rises, steady, key=lambda action: action.at)
        case Status.TRIGGERED:
            if incident.escalation_state is EscalationState.HELD and incident.held_until is not None:
                return PendingAction("release", incident.held_until)
            if incident.step_at is None:
                return None
            retrying = incident.escalation_state in {EscalationState.EXHAUSTED, EscalationState.UNROUTABLE}
            name = "retry" if retrying else "remind" if incident.escalation_state is EscalationState.LOW_URGENCY else "escalate"
            return PendingAction(name, incident.step_at)
        case Status.ACKNOWLEDGED:
            return min(_while_acknowledged(incident), key=lambda action: action.at, default=None)
        case Status.RESOLVED if incident.process is Process.SRE and not incident.is_major and incident.resolved_at:
            return PendingAction("close", incident.resolved_at + incident.reopen_window)
        case Status.RESOLVED:
            return None  # somebody closes it
        case Status.CLOSED:
            return None
        case _:
            assert_never(incident.status)


def pending_actions(
    incident: Incident, *, over_at: datetime | None = None, marks: tuple[PendingAction, ...] = ()
) -> tuple[PendingAction, ...]:
    """What people are told happens next, in order. One that failed and was postponed is looked at again at its `next_at`, whatever its
    state. `over_at`: when its alerts are over because nothing is heard of them; `marks`: what is next told of its SLA.
    """
    action = pending_action(incident)
    planned = [replace(action, at=incident.next_at or action.at)] if action else []
    silent = [PendingAction("auto_resolve", over_at)] if over_at else []
    later = [] if action is None or action.action == "rise" else _rises(incident)
    return tuple(sorted([*planned, *later, *silent, *marks], key=lambda action: action.at))


def _rises(incident: Incident) -> list[PendingAction]:
    """That it becomes urgent by itself, also if something else comes first."""
    is_open = incident.status in {Status.TRIGGERED, Status.ACKNOWLEDGED}
    return [PendingAction("rise", incident.rises_at)] if is_open and incident.rises_at is not None else []


def timed(incident: Incident) -> Incident:
    """The incident with the `next_at` that follows from its state, and without the end of a hold or a snooze that is over, of
    whoever was to be paged before somebody acknowledged it, and of a word of whoever has it no more, and what went on meanwhile.
    """
    if incident.escalation_state is not EscalationState.HELD and incident.held_until is not None:
        incident = incident.but(held_until=None, held_from=None)
    if incident.escalation_state is not EscalationState.SNOOZED and incident.snoozed_until is not None:
        incident = incident.but(snoozed_until=None)
    if incident.status is Status.ACKNOWLEDGED and incident.assigned is not None:
        incident = incident.but(assigned_to_id=None, assigned_team_id=None)
    if incident.status is not Status.ACKNOWLEDGED and incident.affirmed_at is not None:
        incident = incident.but(affirmed_at=None)
    if incident.urgency is Urgency.HIGH and incident.rises_at is not None:
        incident = incident.but(rises_at=None)
    if incident.status is not Status.ACKNOWLEDGED and incident.goes_on is not None:
        incident = incident.but(goes_on=None)
    at = next_at(incident)
    return incident if at == incident.next_at else incident.but(next_at=at)


def time_out_at(incident: Incident) -> datetime | None:
    """When an acknowledgement times out, unless it is snoozed or there is news to confirm: by the last word of whoever has it."""
    if incident.ack_timeout is None or incident.urgency is not Urgency.HIGH or incident.acknowledged_at is None:
        return None
    if incident.snoozed_until is not None or incident.confirm_by is not None:
        return None
    return (incident.affirmed_at or incident.acknowledged_at) + incident.ack_timeout


def _while_acknowledged(incident: Incident) -> list[PendingAction]:
    """News to tell, news that nobody has confirmed, the end of a snooze, else the acknowledgement time-out, and a step that goes on; of
    those at one instant the first.

    Who has just been told has the step's delay to confirm, however old the acknowledgement is: nobody is paged twice for one thing.
    """
    planned: list[PendingAction] = []
    if incident.tell_at is not None:
        planned.append(PendingAction("break_through", incident.tell_at))
    if incident.confirm_by is not None:
        planned.append(PendingAction("retrigger", incident.confirm_by))
    elif incident.snoozed_until is not None:
        planned.append(PendingAction("end_snooze", incident.snoozed_until))
    elif (at := time_out_at(incident)) is not None:
        planned.append(PendingAction("retrigger", at))
    if (at := unresolved_step_at(incident)) is not None:
        planned.append(PendingAction("escalate", at))
    return planned


def unresolved_step_at(incident: Incident) -> datetime | None:
    """When the next step of an acknowledged incident is due that only a resolve stops; while somebody is to confirm news, none is."""
    its = incident.goes_on
    if its is None or incident.escalation_state is not EscalationState.RUNNING or incident.confirm_by is not None:
        return None
    return its.at if its.held_until is None else max(its.at, its.held_until)
