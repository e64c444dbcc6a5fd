"""Whoever an incident was reassigned to, or is opened to page: they are paged, and unless they acknowledge, its policy begins
(`semantics.md` §4). Pure.

Their page is the first of a cycle of its own, which the policy begins after: (cycle, 1, 0), and (cycle, 1, 1) while it waits for them.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from oncall.escalation.rules import advance, next_cycle, upcoming, ways_to
from oncall.escalation.values import Advance, EscalationState, Note, OnDuty, People, PlannedPage, Position, Target, TargetType
from oncall.incidents.rules.conditions import about
from oncall.incidents.values import Incident
from oncall.kit.ids import UserId

GONE_TEAM = OnDuty((), "this team no longer exists")


def next_step(incident: Incident) -> Position:
    """The step that fires next, as people count: with the first one the policy begins."""
    if incident.goes_on is not None and incident.escalation_state is EscalationState.RUNNING:
        return incident.goes_on.position
    return upcoming(incident.snapshot, incident.position) if incident.assigned is None else replace(incident.position, step=0)


def advance_incident(incident: Incident, people: People, *, now: datetime, also: tuple[UserId, ...] = (), heard: bool = True) -> Advance:
    """What is due fires: the pages of whom it waits for, else the step of its policy. Can nobody of them be reached, both."""
    target = incident.assigned
    if target is None:
        return _advance(incident, incident.position, people, now=now, also=also, heard=heard)
    pages: tuple[PlannedPage, ...] = ()
    notes: tuple[Note, ...] = ()
    if incident.position.step == 0:
        duty = _duty(target, people)
        known = {user: people.reach[user] for user in duty.users if user in people.reach}
        pages = tuple(PlannedPage(user, incident.position, _why(incident, duty)) for user in known)
        ways = [ways_to(people, user, incident.urgency) for user in known]
        lost = [its.reason for its in ways if not its.reachable]
        if any(its.reachable for its in ways):
            notes = tuple(Note("unreachable", why, incident.position) for why in lost)
            return _wait_for(incident, [reach.name for reach in known.values()], pages, notes, now=now)
        why = "; ".join(lost) or (duty.reason if not duty.users else "this user no longer exists")
        whom = "whoever is paged directly" if _is_direct(incident) else "whoever it was reassigned to"
        reason = f"{whom} cannot be reached ({why}); policy {incident.snapshot.policy.name} begins at once"
        notes = (Note("unreachable", reason, incident.position),)
    begun = _advance(incident, next_cycle(incident.position), people, now=now, also=also)
    return replace(begun, pages=pages + begun.pages, notes=notes + begun.notes)


def _duty(target: Target, people: People) -> OnDuty:
    """Who that is now: a team is whoever is on call for it."""
    return OnDuty((UserId(target.id),), "") if target.type is TargetType.USER else people.on_duty.get(target, GONE_TEAM)


def _is_direct(incident: Incident) -> bool:
    """It was opened to page them; what is reassigned has come to a later cycle."""
    return incident.opened_by is not None and incident.position.cycle == 1


def _why(incident: Incident, duty: OnDuty) -> str:
    if incident.opened_by is not None and _is_direct(incident):
        words = f"{incident.opened_by.name} pages them directly"
    else:
        words = "it was reassigned to them" if incident.assigned_team_id is None else "it was reassigned to their team"
    return f"{words}: {duty.reason}" if duty.reason else words


def _advance(
    incident: Incident, position: Position, people: People, *, now: datetime, also: tuple[UserId, ...], heard: bool = True
) -> Advance:
    its = about(incident, people)
    return advance(incident.snapshot, position, urgency=incident.urgency, about=its, people=people, now=now, also=also, heard=heard)


def _wait_for(incident: Incident, names: list[str], pages: tuple[PlannedPage, ...], notes: tuple[Note, ...], *, now: datetime) -> Advance:
    """As long as the first step of its policy would wait."""
    policy = incident.snapshot.policy
    who, is_paged = " and ".join(names), "is paged" if len(names) == 1 else "are paged"
    whom = "" if _is_direct(incident) else ", to whom it was reassigned,"
    reason = f"{who}{whom} {is_paged}{' directly' if not whom else ''}; then policy {policy.name} begins"
    after = replace(incident.position, step=1)
    return Advance(pages, notes, after, EscalationState.RUNNING, reason, now + policy.steps[0].delay)


def still_assigned(incident: Incident, then: Advance) -> dict[str, Any]:
    """Until its policy has begun, in a cycle of its own."""
    waits = then.position.cycle == incident.position.cycle
    return {
        "assigned_to_id": incident.assigned_to_id if waits else None,
        "assigned_team_id": incident.assigned_team_id if waits else None,
    }
