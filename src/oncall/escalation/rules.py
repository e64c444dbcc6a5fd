"""Which step of a policy comes next, whom it pages, and when to look again. Pure: no clock, no database."""

from dataclasses import dataclass, replace
from datetime import datetime

from oncall.contacts.rules import plan_ways
from oncall.contacts.values import Urgency
from oncall.escalation.values import (
    LOW_URGENCY_REMINDER,
    UNROUTABLE_RETRY,
    Advance,
    EscalationState,
    Note,
    OnDuty,
    People,
    PlannedPage,
    Policy,
    Position,
    Snapshot,
)
from oncall.kit.ids import UserId


def next_cycle(position: Position) -> Position:
    """From a re-trigger, an acknowledgement time-out or a retry on: the policy from its first step, as pages of their own."""
    return Position(cycle=position.cycle + 1)


def advance(
    snapshot: Snapshot,
    position: Position,
    *,
    state: EscalationState,
    urgency: Urgency,
    people: People,
    now: datetime,
    also: tuple[UserId, ...] = (),
) -> Advance:
    """Fire the step that is due (`semantics.md` §4). Late by hours or not, it is one step and then the normal cadence.

    A step that reaches nobody is skipped at once with its reason. After the last step's delay the next round begins; after the last
    round the incident is exhausted, or unroutable if a whole pass reached nobody: then the team's fallback, else a retry.
    `also` is paged together with the first step that fires (the acknowledger whose acknowledgement ran out).
    """
    if state in {EscalationState.EXHAUSTED, EscalationState.UNROUTABLE}:
        position = next_cycle(position)
    pages: list[PlannedPage] = []
    notes: list[Note] = []
    while True:
        policy = snapshot.fallback if position.on_fallback and snapshot.fallback else snapshot.policy
        walked = _walk(policy, position, people, urgency, also, pages, notes)
        if isinstance(walked, Position):
            return _wait(policy, walked, urgency, now, pages, notes)
        notes.append(Note(walked.state.value, walked.reason))
        if position.on_fallback or snapshot.fallback is None:
            at = _retry_at(walked.state, snapshot, people, now)
            return Advance(tuple(pages), tuple(notes), walked.position, walked.state, walked.reason, at)
        notes.append(Note("fallback", f"goes to the team's fallback policy {snapshot.fallback.name}"))
        position = replace(next_cycle(walked.position), on_fallback=True)


@dataclass(frozen=True, slots=True)
class _DeadEnd:
    """This policy has nothing more to offer."""

    position: Position
    state: EscalationState
    reason: str


def _walk(
    policy: Policy,
    position: Position,
    people: People,
    urgency: Urgency,
    also: tuple[UserId, ...],
    pages: list[PlannedPage],
    notes: list[Note],
) -> Position | _DeadEnd:
    """Fire steps until one reaches somebody: the position after it. At most one whole pass through the policy."""
    for _ in range(max(len(policy.steps), 1)):
        if position.step >= len(policy.steps):
            if position.round > policy.repeat:
                reason = f"policy {policy.name} was gone through {policy.repeat + 1} times and nobody acknowledged"
                return _DeadEnd(position, EscalationState.EXHAUSTED, reason)
            notes.append(Note("round_ended", f"round {position.round} of {policy.repeat + 1} of policy {policy.name} ended unacknowledged"))
            position = replace(position, round=position.round + 1, step=0)
        reached = bool(policy.steps) and _fire(policy, position, people, urgency, also, pages, notes)
        position = replace(position, step=position.step + 1)
        if reached:
            return position
    return _DeadEnd(position, EscalationState.UNROUTABLE, f"nobody in the whole of policy {policy.name} can be reached")


def _fire(
    policy: Policy,
    position: Position,
    people: People,
    urgency: Urgency,
    also: tuple[UserId, ...],
    pages: list[PlannedPage],
    notes: list[Note],
) -> bool:
    """Page everybody one step points at, each person once; true if one of them is reached by a way known to work."""
    where = f"step {position.step + 1} of policy {policy.name}" + (f", round {position.round}" if position.round > 1 else "")
    whom: dict[UserId, str] = dict.fromkeys(also, "acknowledged it before, and the time ran out")
    nobody: list[str] = []
    for target in policy.steps[position.step].targets:
        duty = people.on_duty.get(target, OnDuty((), f"this {target.type.value} no longer exists"))
        if not duty.users:
            nobody.append(duty.reason)
        for user in duty.users:
            whom.setdefault(user, duty.reason)
    reached = False
    for user, why in whom.items():
        reach = people.reach.get(user)
        if reach is None:
            nobody.append("this user no longer exists")
            continue
        pages.append(PlannedPage(user, position, f"{where}: {why}"))
        ways = plan_ways(reach, urgency)
        reached = reached or ways.reachable
        if not ways.reachable:
            nobody.append(ways.reason)
    if reached:
        notes.append(Note("step_fired", f"{where} fired", position.step))
        notes.extend(Note("unreachable", f"{where}: {why}", position.step) for why in nobody)
    else:
        notes.append(Note("step_skipped", f"{where} reached nobody: {'; '.join(nobody) or 'it has no targets'}", position.step))
    return reached


def _wait(policy: Policy, position: Position, urgency: Urgency, now: datetime, pages: list[PlannedPage], notes: list[Note]) -> Advance:
    """Somebody was paged: give them the step's delay; at low urgency a day, and then a reminder instead of the next step."""
    if urgency is Urgency.LOW and not policy.escalate_low:
        reminder = replace(position, round=position.round + 1, step=0)
        reason = "low urgency: one step only, and a reminder once a day"
        return Advance(tuple(pages), tuple(notes), reminder, EscalationState.LOW_URGENCY, reason, now + LOW_URGENCY_REMINDER)
    reason = f"step {position.step} of policy {policy.name} fired in round {position.round}"
    at = now + policy.steps[position.step - 1].delay
    return Advance(tuple(pages), tuple(notes), position, EscalationState.RUNNING, reason, at)


def _retry_at(state: EscalationState, snapshot: Snapshot, people: People, now: datetime) -> datetime | None:
    """Exhausted: after the policy's own retry time. Unroutable: at the next handoff, at the latest after five minutes."""
    if state is EscalationState.EXHAUSTED:
        retry = snapshot.policy.exhausted_retry
        return now + retry if retry else None
    at = now + UNROUTABLE_RETRY
    return people.next_handoff if people.next_handoff is not None and now < people.next_handoff < at else at
