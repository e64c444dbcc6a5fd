"""What the timeline keeps of why: why an incident is as urgent as it is, whom a step considered, by which ways a person is paged. Pure.

It is written down when it happens, since policies, schedules and people's own rules are others later.
"""

from collections.abc import Sequence
from datetime import timedelta

from oncall.contacts.rules import plan_ways
from oncall.contacts.values import Reach, Urgency
from oncall.escalation.rules import policy_at
from oncall.escalation.values import OnDuty, People, Position, Snapshot
from oncall.incidents.rules.placing import Run
from oncall.incidents.values import Incident
from oncall.notifications.rules import mask
from oncall.services.values import Service, UrgencyMode

Detail = dict[str, object]


def why_opened(incident: Incident, runs: Sequence[Run], service: Service) -> Detail:
    """By which event, and what made it as urgent as it is."""
    detail: Detail = {
        "event_id": f"{runs[0].events[0].id}",
        "service": service.name,
        "severity": incident.severity.value,
        "urgency": incident.urgency.value,
        "urgency_because": _why_urgent(incident, runs, service),
    }
    return detail | ({"group": incident.group_key} if incident.group_key else {})


def _why_urgent(incident: Incident, runs: Sequence[Run], service: Service) -> str:
    if any(event.urgency is not None for run in runs for event in run.events):
        return f"a routing rule says {incident.urgency.value}"
    if service.urgency is UrgencyMode.BY_SEVERITY:
        return f"its service goes by severity, and {incident.severity.value} is {incident.urgency.value}"
    return f"all of its service is {incident.urgency.value}"


def considered(snapshot: Snapshot, position: Position, people: People, urgency: Urgency) -> list[Detail]:
    """Everything one step points at, whom that meant then, and whether that person can be reached; in the order of the step."""
    steps = policy_at(snapshot, position).steps
    if position.step >= len(steps):
        return []
    found: list[Detail] = []
    for target in steps[position.step].targets:
        duty = people.on_duty.get(target, OnDuty((), f"this {target.type.value} no longer exists"))
        users = [_person(f"{id}", people.reach.get(id), urgency) for id in duty.users]
        found.append({"type": target.type.value, "id": f"{target.id}", "why": duty.reason, "users": users})
    return found


def _person(id: str, reach: Reach | None, urgency: Urgency) -> Detail:
    if reach is None:
        return {"id": id, "name": None, "reachable": False, "why": "this user no longer exists"}
    ways = plan_ways(reach, urgency)
    return {"id": id, "name": reach.name, "reachable": ways.reachable, "why": ways.reason}


def ways_to(reach: Reach, urgency: Urgency) -> Detail:
    """By which messages a page reaches a person, and by which of their own rules; addresses are masked."""
    ways = plan_ways(reach, urgency)
    messages = [{"channel": way.channel, "address": mask(way.address), "after": _minutes(way.delay)} for way in ways.ways]
    return {"reachable": ways.reachable, "because": ways.reason, "ways": messages}


def _minutes(delay: timedelta) -> str:
    """As people say it: at once, after 5 min."""
    seconds = round(delay.total_seconds())
    if not seconds:
        return "at once"
    return f"after {seconds // 60} min" if seconds % 60 == 0 else f"after {seconds} s"
