"""What of a policy goes on although somebody has the incident: the steps that only a resolve stops (`semantics.md` §4). Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from oncall.escalation.rules import go_on, next_cycle, next_unresolved, policy_at
from oncall.escalation.values import Advance, EscalationState, People, Position
from oncall.incidents.rules.conditions import about
from oncall.incidents.rules.holding import Hold
from oncall.incidents.values import GoesOn, Incident, Status


def climbs(incident: Incident) -> bool:
    """Its next step is one of its policy, not a retry from the first one on."""
    return (incident.held_from or incident.escalation_state) not in {EscalationState.EXHAUSTED, EscalationState.UNROUTABLE}


def told_in(incident: Incident) -> int:
    """The cycle whose pages it is about: where it waits for a retry, or was resolved while it did, the one before that retry's."""
    at = incident.position
    waited = not climbs(incident) or (incident.status is Status.RESOLVED and (at.round, at.step) == (1, 0))
    return at.cycle - 1 if waited else at.cycle


def left_of(incident: Incident, *, now: datetime) -> GoesOn | None:
    """What goes on once somebody has it. Where somebody had it before, that is what went on already, at its planned time: news of it, their
    word that they have heard them, and a snooze change nothing of that.
    """
    if incident.status is Status.ACKNOWLEDGED:
        return incident.goes_on
    if not climbs(incident):
        return None
    due = max(incident.step_at, now) if incident.step_at is not None else now
    start = incident.position if incident.assigned is None else next_cycle(incident.position)  # where its policy begins
    left = next_unresolved(incident.snapshot, start, due, incident.urgency)
    return GoesOn(*left) if left is not None else None


def taken_anew(incident: Incident, *, now: datetime) -> GoesOn | None:
    """What goes on of one that somebody has, whose policy is another by now: the next step from the one that was due, or from where it
    stood, if nothing of its policy had gone on before.
    """
    its = incident.goes_on
    if its is not None:
        last = len(policy_at(incident.snapshot, its.position).steps)
        its = replace(its, position=replace(its.position, step=min(its.position.step, last)))
    start, at = (its.position, its.at) if its is not None else (incident.position, incident.step_at)
    left = next_unresolved(incident.snapshot, start, max(at, now), incident.urgency) if at is not None else None
    return GoesOn(*left) if left is not None else None


def as_held(incident: Incident, hold: Hold | None, *, now: datetime) -> Incident:
    """With the instant at which a step that is due is looked at again, as long as something holds it; its own time stays."""
    its = incident.goes_on
    if its is None or its.at > now or (hold is None and its.held_until is None):
        return incident
    return incident.but(goes_on=replace(its, held_until=None if hold is None else hold.until))


def fire(incident: Incident, its: GoesOn, people: People, *, now: datetime) -> tuple[Incident, Advance]:
    """The step that is due pages, in the newest cycle, or in one after that where news have paged this very step in it. `step_at` is None
    once no step is left: then nothing of its policy goes on, be that taken anew or not.
    """
    position = _in_newest_cycle(its.position, incident.position)
    then = go_on(incident.snapshot, position, urgency=incident.urgency, about=about(incident, people), people=people, now=now)
    after = incident.but(
        position=replace(incident.position, cycle=position.cycle),
        goes_on=GoesOn(then.position, then.step_at) if then.step_at is not None else None,
        step_at=incident.step_at if then.step_at is not None else None,
        escalation_state=then.state,
        escalation_reason=then.reason,
    )
    return after, then


def _in_newest_cycle(planned: Position, stands: Position) -> Position:
    """News page a policy from its first step on, in a cycle of their own."""
    if planned.cycle >= stands.cycle:
        return planned
    paged = (planned.on_fallback, planned.round, planned.step) < (stands.on_fallback, stands.round, stands.step)
    return replace(planned, cycle=stands.cycle + paged)


def earliest(target: Incident, sources: Sequence[Incident]) -> GoesOn | None:
    """What goes on of one that somebody has and into which others are merged: its own next step, no later than any of theirs. Where it has
    none left, that of the first of them, as the same step of its policy, or as the first one that its policy has.
    """
    running = [one for one in sources if one.status is Status.ACKNOWLEDGED and one.escalation_state is EscalationState.RUNNING]
    first = min((one for one in running if one.goes_on is not None), key=_due, default=None)
    if first is None or first.goes_on is None:
        return target.goes_on
    own = target.goes_on
    if own is not None:
        return replace(own, at=min(own.at, first.goes_on.at), held_until=None)
    start = first.goes_on.position if first.snapshot == target.snapshot else Position()
    afresh = replace(start, cycle=target.position.cycle + 1)  # that very step may have paged in this one
    left = next_unresolved(target.snapshot, afresh, first.goes_on.at, target.urgency)
    return GoesOn(left[0], first.goes_on.at) if left is not None else None


def _due(incident: Incident) -> datetime:
    return incident.goes_on.at if incident.goes_on is not None else datetime.max.replace(tzinfo=incident.triggered_at.tzinfo)
