"""Which step of a policy comes next, whom it pages, and when to look again. Pure: no clock, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from oncall.contacts.rules import plan_ways, reachability
from oncall.contacts.values import Reach, Urgency
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
    PolicyWarning,
    Position,
    Snapshot,
    Target,
    TargetType,
)
from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.values import ScheduleOnCall


def next_cycle(position: Position) -> Position:
    """From a re-trigger, an acknowledgement time-out or a retry on: the policy from its first step, as pages of their own."""
    return Position(cycle=position.cycle + 1)


def policy_at(snapshot: Snapshot, position: Position) -> Policy:
    """The policy that a position is a position in."""
    return snapshot.fallback if position.on_fallback and snapshot.fallback else snapshot.policy


def upcoming(snapshot: Snapshot, position: Position) -> Position:
    """The step that fires next, as people count: past the last step it is the first one of the next round."""
    if position.step < len(policy_at(snapshot, position).steps):
        return position
    return replace(position, round=position.round + 1, step=0)


def targets_of(snapshot: Snapshot) -> set[Target]:
    """Everybody and everything the policy and its fallback point at."""
    policies = (snapshot.policy, snapshot.fallback) if snapshot.fallback else (snapshot.policy,)
    return {target for policy in policies for step in policy.steps for target in step.targets}


def on_duty_in(targets: Iterable[Target], on_call: Mapping[ScheduleId, ScheduleOnCall]) -> dict[Target, OnDuty]:
    """Whom each target means; a schedule that no longer exists is not among `on_call`, and means nobody."""
    on_duty: dict[Target, OnDuty] = {}
    for target in targets:
        if target.type is TargetType.USER:
            on_duty[target] = OnDuty((UserId(target.id),), "named in the step")
        elif (answer := on_call.get(ScheduleId(target.id))) is not None:
            why = f"on call in schedule {answer.schedule_name}" if answer.users else f"nobody is on call in schedule {answer.schedule_name}"
            on_duty[target] = OnDuty(tuple(answer.users), why)
    return on_duty


def warnings_of(policy: Policy, people: People) -> list[PolicyWarning]:
    """What a careful colleague would say about a policy as of now: whom no page reaches, and which step reaches nobody."""
    found: list[PolicyWarning] = []
    for level, step in enumerate(policy.steps, 1):
        duties = [people.on_duty.get(target, OnDuty((), f"this {target.type.value} no longer exists")) for target in step.targets]
        known = [(people.reach[user], duty) for duty in duties for user in duty.users if user in people.reach]
        lost = {reach.user_id: (reach, duty) for reach, duty in known if not is_reachable(reach)}
        found += [
            PolicyWarning("unreachable", level, id, f"Step {level} names {reach.name} ({duty.reason}). {reachability(reach).high.why}.")
            for id, (reach, duty) in lost.items()
        ]
        if len({reach.user_id for reach, _ in known}) == len(lost):
            why = "; ".join(dict.fromkeys(duty.reason for duty in duties if not duty.users))
            found.append(PolicyWarning("reaches_nobody", level, None, f"Step {level} reaches nobody now{f': {why}' if why else ''}."))
    return found


def is_reachable(reach: Reach) -> bool:
    """By a way that is known to work."""
    return plan_ways(reach, Urgency.HIGH).reachable


def in_last_round(snapshot: Snapshot, position: Position) -> bool:
    """The policy does not start over after this pass through it."""
    return position.round > policy_at(snapshot, position).repeat


def advance(
    snapshot: Snapshot,
    position: Position,
    *,
    urgency: Urgency,
    people: People,
    now: datetime,
    also: tuple[UserId, ...] = (),
    heard: bool = True,
) -> Advance:
    """Fire the step that is due (`semantics.md` §4). Late by hours or not, it is one step and then the normal cadence.

    A step that reaches nobody is skipped at once with its reason. After the last step's delay the next round begins; after the last
    round the incident is exhausted, or unroutable if a whole pass reached nobody, or not one message left us (`heard` false): then the
    team's fallback, else a retry from the first step on. `also` (the acknowledger whose acknowledgement ran out) is paged with the
    first step, but does not stand in for somebody whom that step should have reached.
    """
    pages: list[PlannedPage] = []
    notes: list[Note] = []
    while True:
        policy = policy_at(snapshot, position)
        walked = _walk(policy, position, people, urgency, also, pages, notes, heard=heard)
        if isinstance(walked, Position):
            return _wait(policy, walked, urgency, now, pages, notes)
        notes.append(Note(walked.state.value, walked.reason, walked.position))
        if position.on_fallback or snapshot.fallback is None:
            at = _retry_at(walked.state, snapshot, people, now)
            return Advance(tuple(pages), tuple(notes), next_cycle(position), walked.state, walked.reason, at)
        position, also, heard = replace(next_cycle(position), on_fallback=True), (), True
        notes.append(Note("fallback", f"goes to the team's fallback policy {snapshot.fallback.name}", position))


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
    *,
    heard: bool,
) -> Position | _DeadEnd:
    """Fire steps until one reaches somebody: the position after it. At most one whole pass through the policy."""
    for _ in policy.steps:
        if position.step >= len(policy.steps):
            if position.round > policy.repeat:
                times = f"{policy.repeat + 1} times" if policy.repeat else "once"
                if not heard:
                    reason = f"policy {policy.name} was gone through {times} and no message could be delivered"
                    return _DeadEnd(position, EscalationState.UNROUTABLE, reason)
                reason = f"policy {policy.name} was gone through {times} and nobody acknowledged"
                return _DeadEnd(position, EscalationState.EXHAUSTED, reason)
            reason = f"round {position.round} of {policy.repeat + 1} of policy {policy.name} ended unacknowledged"
            notes.append(Note("round_ended", reason, position))
            position = replace(position, round=position.round + 1, step=0)
        reached = _fire(policy, position, people, urgency, also, pages, notes)
        position, also = replace(position, step=position.step + 1), ()
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
    """Page everybody one step points at, and `also`, each person once; true if a target is reached by a way known to work."""
    where = f"step {position.step + 1} of policy {policy.name}" + (f", round {position.round}" if position.round > 1 else "")
    whom: dict[UserId, str] = {}
    nobody: list[str] = []
    for target in policy.steps[position.step].targets:
        duty = people.on_duty.get(target, OnDuty((), f"this {target.type.value} no longer exists"))
        if not duty.users:
            nobody.append(duty.reason)
        for user in duty.users:
            whom.setdefault(user, duty.reason)
    targeted = set(whom)
    reached = False
    for user, why in (dict.fromkeys(also, "acknowledged it before, and the time ran out") | whom).items():
        reach = people.reach.get(user)
        if reach is None:
            nobody.append("this user no longer exists")
            continue
        pages.append(PlannedPage(user, position, f"{where}: {why}"))
        ways = plan_ways(reach, urgency)
        reached = reached or (ways.reachable and user in targeted)
        if not ways.reachable:
            nobody.append(ways.reason)
    if reached:
        notes.append(Note("step_fired", f"{where} fired", position))
        notes.extend(Note("unreachable", f"{where}: {why}", position) for why in nobody)
    else:
        notes.append(Note("step_skipped", f"{where} reached nobody: {'; '.join(nobody) or 'it has no targets'}", position))
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
        return now + retry if retry is not None else None
    handoffs = [at for target, at in people.handoffs.items() if target in targets_of(snapshot) and at > now]
    return min([now + UNROUTABLE_RETRY, *handoffs])
