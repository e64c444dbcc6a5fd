"""An incident that goes to somebody else: to the next step, to another policy, to a person, by its policy as it is now. Pure."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from oncall.contacts.values import Urgency
from oncall.escalation.rules import in_last_round, next_cycle, policy_at, upcoming
from oncall.escalation.values import EscalationState, Policy, Position, Snapshot
from oncall.incidents.rules.going_on import taken_anew
from oncall.incidents.rules.news import has_news
from oncall.incidents.rules.returning import check_open, said, triggered_again
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.acting import CannotAct, Change, PolicyGone
from oncall.kit.actors import Actor
from oncall.kit.ids import TeamId, UserId
from oncall.timeline.values import Kind

WAITING = {EscalationState.RUNNING, EscalationState.HELD}


def escalate(incident: Incident, by: Actor, *, level: int | None = None, reason: str | None = None, now: datetime) -> Change | None:
    """The next step, or the one that is named, fires now; whoever had it has it no more. Of one that is due already nothing changes.

    To the next step of what nobody has goes the same cycle; all else is a cycle of its own, whose pages are none of before.
    """
    check_open(incident, to="escalated")
    policy = policy_at(incident.snapshot, incident.position)
    if level is not None:
        _check_level(policy, level)
        position = replace(next_cycle(incident.position), step=level - 1, on_fallback=incident.position.on_fallback)
    else:
        position = _next(incident, policy)
    if _is_due(incident, position, now=now):
        return None
    where = upcoming(incident.snapshot, position)
    why = said(f"escalated to level {where.step + 1} of policy {policy.name}", by, reason)
    again = triggered_again(incident, position, reason=why, now=now)
    return Change(again, Kind.ESCALATED, why, cancels=position.cycle != incident.position.cycle)


def _next(incident: Incident, policy: Policy) -> Position:
    at = incident.position
    if incident.assigned is not None:
        return next_cycle(at)
    if incident.urgency is Urgency.LOW and not policy.escalate_low and (at.round, at.step) > (1, 0):
        at = replace(at, step=min(1, len(policy.steps) - 1))  # by itself it would page the first step for ever
    over = at.step >= len(policy.steps) and in_last_round(incident.snapshot, at)
    if over and (at.on_fallback or incident.snapshot.fallback is None):
        return replace(next_cycle(at), on_fallback=at.on_fallback)  # by itself it would wait for its retry now
    if incident.status is Status.TRIGGERED:
        return at
    return replace(next_cycle(at), step=upcoming(incident.snapshot, at).step, on_fallback=at.on_fallback)


def _is_due(incident: Incident, position: Position, *, now: datetime) -> bool:
    """Whether that very step is to fire now, unless something holds it."""
    due = incident.status is Status.TRIGGERED and incident.step_at is not None and incident.step_at <= now
    step = (incident.position.step, incident.position.on_fallback) == (position.step, position.on_fallback)
    return due and step and incident.assigned is None and incident.escalation_state in WAITING


def _check_level(policy: Policy, level: int) -> None:
    last = len(policy.steps)
    if not 1 <= level <= last:
        levels = "has one level: name 1, or none" if last == 1 else f"has {last} levels: name one of 1 to {last}"
        raise CannotAct(f"Policy {policy.name} {levels}.", field="level")


def check_reassign(policy_id: UUID | None, level: int | None, user_id: UUID | None, team_id: UUID | None = None) -> None:
    """To a policy, at one of its levels, to a person, or to a team."""
    if sum(id is not None for id in (policy_id, user_id, team_id)) != 1:
        raise CannotAct(
            "Say to whom: `escalation_policy_id`, with a `level` if you like, `user_id`, or `team_id`; one of them.", field="user_id"
        )
    if level is not None and policy_id is None:
        raise CannotAct("A person or a team has no levels: leave `level` out, or name an `escalation_policy_id`.", field="level")


def reassign_to_policy(
    incident: Incident, by: Actor, snapshot: Snapshot, *, level: int | None = None, reason: str | None = None, now: datetime
) -> Change | None:
    """It goes by that policy as it is now, from that level on, in a new cycle; nobody has it, and nobody leads it."""
    check_open(incident, to="reassigned")
    _check_level(snapshot.policy, level or 1)
    position = replace(next_cycle(incident.position), step=(level or 1) - 1)
    if snapshot == incident.snapshot and _is_due(incident, position, now=now):
        return None
    at_level = f", level {level}" if level is not None else ""
    why = said(f"reassigned to policy {snapshot.policy.name}{at_level}", by, reason)
    again = triggered_again(incident, position, reason=why, now=now)
    return Change(again.but(snapshot=snapshot, owner_id=None), Kind.REASSIGNED, why)


def reassign_to_user(
    incident: Incident, by: Actor, user_id: UserId, name: str, *, reason: str | None = None, now: datetime
) -> Change | None:
    """That person is paged now and leads it. If the first step's delay passes unacknowledged, its policy begins."""
    check_open(incident, to="reassigned")
    if incident.assigned_to_id == user_id:
        return None
    why = said(f"reassigned to {name}", by, reason)
    again = triggered_again(incident, next_cycle(incident.position), reason=why, now=now)
    return Change(again.but(assigned_to_id=user_id, owner_id=user_id), Kind.REASSIGNED, why)


def reassign_to_team(
    incident: Incident, by: Actor, team_id: TeamId, name: str, *, reason: str | None = None, now: datetime
) -> Change | None:
    """Whoever is on call for that team is paged now, and nobody leads it. If the first step's delay passes unacknowledged, its policy
    begins.
    """
    check_open(incident, to="reassigned")
    if incident.assigned_team_id == team_id:
        return None
    why = said(f"reassigned to team {name}", by, reason)
    again = triggered_again(incident, next_cycle(incident.position), reason=why, now=now)
    return Change(again.but(assigned_team_id=team_id, owner_id=None), Kind.REASSIGNED, why)


def resnapshot(incident: Incident, by: Actor, snapshot: Snapshot | None, *, reason: str | None = None, now: datetime) -> Change | None:
    """It goes on by its policy as it is now, from where it is: past its last step if it has fewer by now. None: that was deleted."""
    check_open(incident, to="given its policy anew")
    name = incident.snapshot.policy.name
    if snapshot is None:
        raise PolicyGone(f"Policy {name} was deleted: reassign #{incident.number} to another one.")
    if snapshot == incident.snapshot:
        return None
    at = incident.position
    at = next_cycle(at) if at.on_fallback and snapshot.fallback is None else at
    at = replace(at, step=min(at.step, len(policy_at(snapshot, at).steps)))
    step_at, retry = incident.step_at, snapshot.policy.exhausted_retry
    if incident.escalation_state is EscalationState.EXHAUSTED and step_at is None and retry is not None:
        step_at = now + retry
    why = said(f"policy {name} taken as it is now", by, reason)
    anew = incident.but(snapshot=snapshot, position=at, step_at=step_at)
    return Change(timed(_as_acknowledged(anew, now=now)), Kind.RESNAPSHOT, why, cancels=False)


def _as_acknowledged(incident: Incident, *, now: datetime) -> Incident:
    """Of one that somebody has, and that is not snoozed and has no news to confirm: what of its policy goes on all the same."""
    stands = {EscalationState.RUNNING, EscalationState.STOPPED}
    if incident.status is not Status.ACKNOWLEDGED or incident.escalation_state not in stands or has_news(incident):
        return incident
    left = taken_anew(incident, now=now)
    return incident.but(goes_on=left, escalation_state=EscalationState.STOPPED if left is None else EscalationState.RUNNING)
