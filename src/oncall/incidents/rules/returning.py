"""An incident that a person triggers again: one that nobody has after all, and one that is not over after all. Pure."""

from datetime import datetime

from oncall.escalation.rules import next_cycle
from oncall.escalation.values import EscalationState, Position
from oncall.incidents.rules.news import NO_NEWS
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.acting import Change, NotOpen, NotReopenable
from oncall.kit.actors import Actor
from oncall.timeline.values import Kind

OPEN = {Status.TRIGGERED, Status.ACKNOWLEDGED}


def said(done: str, by: Actor, reason: str | None = None) -> str:
    """Who did it, by what way, and in whose words: "reopened by Ana through api: still slow"."""
    return f"{done} by {by.name} through {by.via}{f': {reason}' if reason else ''}"


def check_open(incident: Incident, *, to: str) -> None:
    """Refuse to do something with what is over; `to` says what it was to be."""
    if incident.status is Status.RESOLVED:
        raise NotOpen(incident, f"#{incident.number} is resolved, and only what is open can be {to}: reopen it first.")
    if incident.status is Status.CLOSED:
        raise NotOpen(
            incident, f"#{incident.number} is closed, and only what is open can be {to}: if it fires again, a new incident opens."
        )


def triggered_again(incident: Incident, position: Position, *, reason: str, now: datetime) -> Incident:
    """Nobody has it, and the step at `position` is due now. What mutes it is found out then."""
    return timed(
        incident.but(
            **NO_NEWS,
            status=Status.TRIGGERED,
            acknowledged_at=None,
            acknowledged_by=None,
            resolved_at=None,
            resolved_by=None,
            position=position,
            assigned_to_id=None,
            assigned_team_id=None,
            step_at=now,
            escalation_state=EscalationState.RUNNING,
            escalation_reason=reason,
            escalation_since=now,
        )
    )


def unacknowledge(incident: Incident, by: Actor, *, reason: str | None, now: datetime) -> Change | None:
    """Nobody has it after all: a new cycle begins at once, and who led it because they had it does no more."""
    check_open(incident, to="unacknowledged")
    if incident.status is Status.TRIGGERED:
        return None
    why = said("unacknowledged", by, reason)
    has_it = incident.acknowledged_by.id if incident.acknowledged_by else None
    again = triggered_again(incident, next_cycle(incident.position), reason=why, now=now)
    return Change(again.but(owner_id=None if incident.owner_id == has_it else incident.owner_id), Kind.UNACKNOWLEDGED, why)


def reopen_by_hand(incident: Incident, by: Actor, *, reason: str | None, group_taken_by: int | None = None, now: datetime) -> Change | None:
    """It is not over after all: a new cycle begins at once. Its alerts stay as their monitors left them.

    `group_taken_by`: the number of the open incident that has its grouping key now.
    """
    if incident.status in OPEN:
        return None
    if incident.status is Status.CLOSED:
        raise NotReopenable(incident, f"#{incident.number} is closed, and nothing reopens it: if it fires again, a new incident opens.")
    if group_taken_by is not None:
        raise NotReopenable(
            incident,
            f"#{group_taken_by} is open and gathers the same alerts as #{incident.number} did, and two cannot: "
            f"go on with #{group_taken_by}.",
        )
    why = said("reopened", by, reason)
    return Change(triggered_again(incident, next_cycle(incident.position), reason=why, now=now), Kind.REOPENED, why)
