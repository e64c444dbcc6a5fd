"""A person to whom an incident was reassigned: they are paged, and unless they acknowledge, its policy begins (`semantics.md` §4). Pure.

Their page is the first of a cycle of its own, which the policy begins after: (cycle, 1, 0), and (cycle, 1, 1) while it waits for them.
"""

from dataclasses import replace
from datetime import datetime

from oncall.contacts.rules import plan_ways
from oncall.escalation.rules import advance, next_cycle, upcoming
from oncall.escalation.values import Advance, EscalationState, Note, People, PlannedPage, Position
from oncall.incidents.values import Incident
from oncall.kit.ids import UserId

WHY = "it was reassigned to them"


def next_step(incident: Incident) -> Position:
    """The step that fires next, as people count: with the first one the policy begins."""
    if incident.goes_on is not None and incident.escalation_state is EscalationState.RUNNING:
        return incident.goes_on.position
    return upcoming(incident.snapshot, incident.position) if incident.assigned_to_id is None else replace(incident.position, step=0)


def advance_incident(incident: Incident, people: People, *, now: datetime, also: tuple[UserId, ...] = (), heard: bool = True) -> Advance:
    """What is due fires: the page of whoever it was reassigned to, else the step of its policy. Cannot they be reached, both."""
    if incident.assigned_to_id is None:
        return _advance(incident, incident.position, people, now=now, also=also, heard=heard)
    pages: tuple[PlannedPage, ...] = ()
    notes: tuple[Note, ...] = ()
    if incident.position.step == 0:
        reach = people.reach.get(incident.assigned_to_id)
        pages = (PlannedPage(incident.assigned_to_id, incident.position, WHY),) if reach is not None else ()
        ways = plan_ways(reach, incident.urgency) if reach is not None else None
        if reach is not None and ways is not None and ways.reachable:
            return _wait_for(incident, reach.name, pages, now=now)
        why = ways.reason if ways is not None else "this user no longer exists"
        reason = f"whoever it was reassigned to cannot be reached ({why}); policy {incident.snapshot.policy.name} begins at once"
        notes = (Note("unreachable", reason, incident.position),)
    begun = _advance(incident, next_cycle(incident.position), people, now=now, also=also)
    return replace(begun, pages=pages + begun.pages, notes=notes + begun.notes)


def _advance(
    incident: Incident, position: Position, people: People, *, now: datetime, also: tuple[UserId, ...], heard: bool = True
) -> Advance:
    severity = incident.severity.value
    return advance(incident.snapshot, position, urgency=incident.urgency, severity=severity, people=people, now=now, also=also, heard=heard)


def _wait_for(incident: Incident, name: str, pages: tuple[PlannedPage, ...], *, now: datetime) -> Advance:
    """As long as the first step of its policy would wait."""
    policy = incident.snapshot.policy
    reason = f"{name}, to whom it was reassigned, is paged; then policy {policy.name} begins"
    after = replace(incident.position, step=1)
    return Advance(pages, (), after, EscalationState.RUNNING, reason, now + policy.steps[0].delay)


def still_assigned(incident: Incident, then: Advance) -> UserId | None:
    """Until its policy has begun, in a cycle of its own."""
    return incident.assigned_to_id if then.position.cycle == incident.position.cycle else None
