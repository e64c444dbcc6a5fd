"""Time in a world: what falls due is decided as it is in production, one set for each instant."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from heapq import heappop

from oncall.escalation.values import EscalationState
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.inhibiting import counts_as_source
from oncall.incidents.rules.life import decide_due
from oncall.incidents.rules.timers import next_at
from oncall.incidents.values import Incident, Status
from oncall.kit.ids import IncidentId
from oncall.simulate.rules.world.muting import hold_on, sources_over
from oncall.simulate.rules.world.state import MOST_STEPS, OPEN, IncidentThere, World
from oncall.simulate.values.replaying import Paged
from oncall.simulate.values.simulating import Moment

BEGINS = {"opened", "reopened", "severity_changed", "released", "broke_through", "settled"}
"""What a page is counted for, as the timeline names it; later steps, time-outs and retries only go on with what began."""


def advance(world: World, until: datetime, *, through: bool = True) -> None:
    """Let time pass to an instant, doing what falls due on the way; what is due in that very instant as well, unless not `through`."""
    while (at := _next_instant(world)) is not None and (at < until or (through and at == until)):
        due: dict[IncidentId, IncidentThere] = {}
        while world.timers and world.timers[0][0] == at:
            id = heappop(world.timers)[1]
            if world.incidents[id].due == at:
                due[id] = world.incidents[id]
        if world.wakes and world.wakes[-1] == at:
            world.wakes.pop()
            due |= {id: there for id, there in world.incidents.items() if there.eager and _may_page(there.incident)}
        if due:
            world.now = max(world.now, at)
            run(world, list(due.values()))
    world.now = max(world.now, until)


def _next_instant(world: World) -> datetime | None:
    at = world.timers[0][0] if world.timers else None
    if world.wakes and (at is None or world.wakes[-1] < at):
        return world.wakes[-1]
    return at


def run(
    world: World,
    due: Sequence[IncidentThere],
    *,
    holds: Mapping[IncidentId, Hold] | None = None,
    causes: Mapping[IncidentId, Collection[str]] | None = None,
) -> None:
    """Decide incidents that are due now, as a set: what holds each is found out before any is changed; but first those that may inhibit
    others of them.
    """
    now = world.now
    if holds is None:
        waiting = [there for there in due if there.incident.id in world.held]
        first = [there for there in waiting if any(alert.inhibits and alert.is_open for alert in there.alerts)]
        if first and len(first) < len(due):
            run(world, first, causes=causes)
            due = [there for there in due if there not in first]
    if holds is None:
        found = {there.incident.id: hold_on(world, there) for there in due}
        holds = {id: hold for id, hold in found.items() if hold is not None}
    for there in due:
        before = there.incident
        there.due = None
        if before.status not in OPEN:
            continue
        outcome = decide_due(before, world.people(before, now), now=now, hold=holds.get(before.id), firing=there.open > 0)
        if world.moments is not None:
            acknowledged = outcome.incident.status is Status.ACKNOWLEDGED
            world.moments.append(Moment(now, before.id, outcome.incident.urgency, outcome.pages, outcome.notes, acknowledged))
        held = outcome.incident.escalation_state is EscalationState.HELD
        if held:
            there.outcome.held = outcome.incident.escalation_reason
        if outcome.pages:
            begun = {note.kind for note in outcome.notes} | set((causes or {}).get(before.id, ()))
            is_first = not there.paged or not begun.isdisjoint(BEGINS)
            world.page(there, Paged(now, tuple(page.user_id for page in outcome.pages)) if is_first else None)
        if not held and outcome.incident.position != before.position:
            there.steps += 1
        if outcome.incident.status is Status.RESOLVED and before.status is not Status.RESOLVED:
            there.steps = 0
        world.save(there, outcome.incident)
        if counts_as_source(before, None, now=now) and not counts_as_source(outcome.incident, None, now=now):
            sources_over(world, [there])


def _may_page(incident: Incident) -> bool:
    """What `store/incidents.py` wakes when something that mutes changes."""
    return incident.status is Status.TRIGGERED or (
        incident.status is Status.ACKNOWLEDGED and (incident.tell_at is not None or incident.goes_on is not None)
    )


def stepped_to(world: World, incident: Incident, until: datetime) -> Incident:
    """An incident whose steps nobody asked about, at the step it had reached by an instant; in the state that it is in."""
    going = incident.but(status=Status.TRIGGERED, escalation_state=EscalationState.RUNNING, settle_at=None)
    for _ in range(MOST_STEPS):
        at = next_at(going)
        if at is None or at > until:
            break
        going = decide_due(going, world.people(going, at), now=at).incident
    return incident.but(position=going.position, step_at=going.step_at)


def count_since(instants: Sequence[datetime], since: datetime) -> int:
    """How many of these, which are in order, came after an instant."""
    return len(instants) - bisect_right(instants, since)
