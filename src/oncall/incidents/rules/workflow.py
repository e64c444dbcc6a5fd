"""Which workflow rules apply to what has happened. Pure."""

from collections.abc import Iterable, Sequence

from oncall.desk.values import CategoryId
from oncall.incidents.values import Incident
from oncall.incidents.values.workflow import VIA, Act, ActType, Rule, Trigger
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import IncidentId, TeamId, UserId
from oncall.timeline.values import Entry, Kind

CHANGES_STATUS = {
    Kind.ACKNOWLEDGED,
    Kind.UNACKNOWLEDGED,
    Kind.ACK_TIMEOUT,
    Kind.SNOOZE_ENDED,
    Kind.ESCALATED,
    Kind.REASSIGNED,
    Kind.REOPENED,
    Kind.RESOLVED,
    Kind.MERGED,
    Kind.SETTLED,
    Kind.CLOSED,
}
"""What may have changed it; which status it has now, the incident says."""


def trigger_of(entry: Entry) -> Trigger | None:
    """What a rule did triggers none: no rule leads to another, and none to itself."""
    if entry.actor.via == VIA:
        return None
    if entry.kind is Kind.OPENED:
        return Trigger.LOGGED
    if entry.kind is Kind.PRIORITY_CHANGED:
        return Trigger.PRIORITY_CHANGED
    return Trigger.STATUS_CHANGED if entry.kind in CHANGES_STATUS else None


def triggered(entries: Iterable[Entry]) -> dict[IncidentId, list[Trigger]]:
    """Each incident with what happened to it, each thing once, in the order of ids, in which incidents are locked."""
    found: dict[IncidentId, list[Trigger]] = {}
    for entry in entries:
        trigger = trigger_of(entry)
        if trigger is not None and trigger not in found.setdefault(entry.incident_id, []):
            found[entry.incident_id].append(trigger)
    return {id: found[id] for id in sorted(found) if found[id]}


def applying(rules: Sequence[Rule], triggers: Sequence[Trigger], incident: Incident, category: CategoryId | None) -> list[Rule]:
    """In their order, each once."""
    return [rule for rule in rules if set(rule.triggers) & set(triggers) and holds(rule, incident, category)]


def holds(rule: Rule, incident: Incident, category: CategoryId | None) -> bool:
    its = rule.conditions
    return (
        (not its.priorities or incident.priority in its.priorities)
        and (not its.service_ids or incident.service_id in its.service_ids)
        and (not its.category_ids or category in its.category_ids)
        and (not its.processes or incident.process in its.processes)
        and (not its.urgencies or incident.urgency in its.urgencies)
        and (not its.statuses or incident.status in its.statuses)
    )


def actor_of(rule: Rule) -> Actor:
    """Every entry of what it does names the rule."""
    return Actor(ActorKind.ENGINE, rule.id, f"workflow rule {rule.name}", VIA)


def people_of(actions: Sequence[Act]) -> tuple[list[UserId], list[TeamId]]:
    """Whom a rule names, each once."""
    users = dict.fromkeys(id for act in actions for id in act.user_ids)
    return list(users), list(dict.fromkeys(id for act in actions for id in act.team_ids))


def unknown_actions(actions: Sequence[Act], known: Iterable[str]) -> list[str]:
    there = set(known)
    return [act.name for act in actions if act.type is ActType.RUN and act.name not in there]
