"""What the timeline keeps of why: why an incident is as urgent as it is, whom a step considered, by which ways a person is paged. Pure.

It is written down when it happens, since policies, schedules and people's own rules are others later.
"""

from collections.abc import Sequence
from datetime import timedelta

from oncall.contacts.rules import plan_ways
from oncall.contacts.values import Urgency, Way
from oncall.escalation.rules import policy_at, ways_to
from oncall.escalation.values import OnDuty, People, PlannedPage, Position, Snapshot, Target
from oncall.incidents.rules.placing import Run
from oncall.incidents.values import Incident, Status
from oncall.kit.ids import UserId
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
    if service.urgency is UrgencyMode.BY_SUPPORT_HOURS:
        return f"its service goes by support hours, and they {'do not run' if incident.urgency is Urgency.LOW else 'run'}"
    return f"all of its service is {incident.urgency.value}"


def goes_on_regardless(incident: Incident, page: PlannedPage) -> bool:
    """It pages although somebody has it, since only a resolve stops its step: nobody is asked again and again to acknowledge it."""
    return page.until_resolved and incident.status is Status.ACKNOWLEDGED


class Considering:
    """Whom steps point at and how these are reached, with the people as of one instant. Most incidents of a storm page the same people by
    the same steps, so each answer is worked out once.
    """

    def __init__(self, people: People) -> None:
        self._people = people
        self._steps: dict[tuple[tuple[Target, ...], Urgency], list[Detail]] = {}
        self._ways: dict[tuple[UserId, Urgency, bool], Detail] = {}

    def considered(self, snapshot: Snapshot, position: Position, urgency: Urgency) -> list[Detail]:
        """Everything one step points at, whom that meant, and whether that person can be reached; in the order of the step."""
        steps = policy_at(snapshot, position).steps
        if position.step >= len(steps):
            return []
        targets = steps[position.step].targets
        if (targets, urgency) not in self._steps:
            self._steps[targets, urgency] = [self._target(target, urgency) for target in targets]
        return self._steps[targets, urgency]

    def ways_to(self, user_id: UserId, urgency: Urgency, *, repeats: bool = True) -> Detail:
        """By which messages a page reaches a person, and by which of their own rules; addresses are masked."""
        if (user_id, urgency, repeats) not in self._ways:
            ways = ways_to(self._people, user_id, urgency) if repeats else plan_ways(self._people.reach[user_id], urgency, repeats=False)
            messages = [{"channel": way.channel, "address": mask(way.address), "after": _when(way)} for way in ways.ways]
            self._ways[user_id, urgency, repeats] = {"reachable": ways.reachable, "because": ways.reason, "ways": messages}
        return self._ways[user_id, urgency, repeats]

    def _target(self, target: Target, urgency: Urgency) -> Detail:
        duty = self._people.on_duty.get(target, OnDuty((), f"this {target.type.value} no longer exists"))
        users = [self._person(id, urgency) for id in duty.users]
        return {"type": target.type.value, "id": f"{target.id}", "why": duty.reason, "users": users}

    def _person(self, id: UserId, urgency: Urgency) -> Detail:
        reach = self._people.reach.get(id)
        if reach is None:
            return {"id": f"{id}", "name": None, "reachable": False, "why": "this user no longer exists"}
        ways = self.ways_to(id, urgency)
        return {"id": f"{id}", "name": reach.name, "reachable": ways["reachable"], "why": ways["because"]}


def _when(way: Way) -> str:
    return "only if the one before it fails" if way.stands_in_for else _minutes(way.delay)


def _minutes(delay: timedelta) -> str:
    """As people say it: at once, after 5 min."""
    seconds = round(delay.total_seconds())
    if not seconds:
        return "at once"
    return f"after {seconds // 60} min" if seconds % 60 == 0 else f"after {seconds} s"
