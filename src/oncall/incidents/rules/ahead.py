"""What comes next for an incident, and what would have come, by the very rules that do it when it is due. Pure."""

from collections.abc import Sequence
from datetime import datetime

from oncall.escalation.rules import advance
from oncall.escalation.values import People
from oncall.incidents.rules.conditions import about
from oncall.incidents.rules.life import decide_due
from oncall.incidents.rules.timers import unresolved_step_at
from oncall.incidents.values import Incident, PendingAction, Status
from oncall.incidents.values.whole_path import Ahead

BY_NOBODY = {"auto_resolve", "close"}
"""What pages nobody, and is done by other rules."""


def missed(incident: Incident) -> datetime | None:
    """When its next step would have fired, had nobody acknowledged or resolved it; None if there is nothing to tell: one that goes on for
    all that has moved on to what only a resolve stops.
    """
    goes_on = unresolved_step_at(incident) is not None
    stopped = incident.acknowledged_at is not None and incident.status is not Status.TRIGGERED and not goes_on
    return incident.step_at if stopped else None


def look_ahead(incident: Incident, actions: Sequence[PendingAction], people: Sequence[People]) -> list[Ahead]:
    """What each of the planned actions would do at its instant, with the people as of then. What holds it then is not known yet."""
    return [_ahead(incident, action, its) for action, its in zip(actions, people, strict=True)]


def _ahead(incident: Incident, action: PendingAction, people: People) -> Ahead:
    if action.action in BY_NOBODY:
        return Ahead(action)
    then = decide_due(incident, people, now=action.at)
    return Ahead(action, then.pages, then.notes, {id: reach.name for id, reach in people.reach.items()})


def otherwise(incident: Incident, people: People, *, at: datetime) -> Ahead:
    """The next step of its policy from where it stood, as if nobody had acknowledged."""
    its = about(incident, people)
    then = advance(incident.snapshot, incident.position, urgency=incident.urgency, about=its, people=people, now=at)
    return Ahead(PendingAction("escalate", at), then.pages, then.notes, {id: reach.name for id, reach in people.reach.items()})
