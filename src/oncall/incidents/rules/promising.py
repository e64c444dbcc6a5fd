"""What is promised of an incident, as it stands and as time goes on: for the desk's rules, for people, and for whoever manages it. Pure."""

from collections.abc import Sequence

from oncall.desk.rules.targets import next_at
from oncall.desk.values.slas import Goal, Promises, Standing, Told
from oncall.incidents.values import Incident, PendingAction, Status
from oncall.incidents.values.responders import Request, RequestState
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import UserId

OPEN = {Status.TRIGGERED, Status.ACKNOWLEDGED}


def standing_of(incident: Incident) -> Standing:
    acknowledged = incident.status is Status.ACKNOWLEDGED or incident.acknowledged_at is not None
    return Standing(incident.priority, incident.triggered_at, incident.status in OPEN, acknowledged)


def next_mark(promises: Promises | None) -> tuple[PendingAction, ...]:
    """The next thing that time alone tells of its promises."""
    at = next_at(promises) if promises else None
    if promises is None or at is None:
        return ()
    breaks = any(one.by == at for one in promises.running.values())
    return (PendingAction("sla_breach" if breaks else "sla_warning", at),)


def asker(name: str, goal: Goal) -> Actor:
    """Who asks whoever manages it to join: the SLA, for one of its promises."""
    return Actor(ActorKind.ENGINE, None, f"SLA {name}", f"sla:{goal.value}")


def asked_for(request: Request, goal: Goal) -> bool:
    return request.requested_by.via == f"sla:{goal.value}"


def to_ask_anew(before: Sequence[Request], users: Sequence[UserId]) -> list[Request]:
    """Requests that nobody has answered, of people who are to be paged once more: each person has one that is open."""
    return [one for one in before if one.user_id in users and one.state is RequestState.REQUESTED]


def graver_first(told: Sequence[Told]) -> list[Told]:
    """Whom one of them pages the others do not page again at the same instant: by the step that is farthest up."""
    return sorted(told, key=lambda one: -one.step)
