"""Which step of a policy comes next, whom it pages, and when to look again. Pure: no clock, no database."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.escalation.rules.whom import choose, policies_of, targets_of, ways_to
from oncall.escalation.values import (
    LOW_URGENCY_REMINDER,
    UNROUTABLE_RETRY,
    About,
    Advance,
    Condition,
    EscalationState,
    Note,
    People,
    PlannedPage,
    Policy,
    Position,
    Snapshot,
    Strategy,
    Turn,
)
from oncall.kit.ids import UserId


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


def in_last_round(snapshot: Snapshot, position: Position) -> bool:
    """The policy does not start over after this pass through it."""
    return position.round > policy_at(snapshot, position).repeat


def advance(
    snapshot: Snapshot,
    position: Position,
    *,
    urgency: Urgency,
    about: About,
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
    going = _Going(people, urgency, about, now)
    while True:
        policy = policy_at(snapshot, position)
        walked = going.walk(policy, position, also, heard=heard)
        if isinstance(walked, Position):
            return going.wait(policy, walked)
        going.notes.append(Note(walked.state.value, walked.reason, walked.position))
        if position.on_fallback or snapshot.fallback is None:
            at = _retry_at(walked.state, snapshot, people, now)
            return going.ends(next_cycle(position), walked.state, walked.reason, at)
        position, also, heard = replace(next_cycle(position), on_fallback=True), (), True
        going.notes.append(Note("fallback", f"goes to the team's fallback policy {snapshot.fallback.name}", position))


def next_unresolved(snapshot: Snapshot, position: Position, at: datetime, urgency: Urgency) -> tuple[Position, datetime] | None:
    """Of an incident that was acknowledged when the step at `position` was due at `at`: the next step that this does not stop, and when.

    The steps between are passed over, but wait as long as they would have: "after a quarter of an hour, unless it is resolved" is that
    late whether or not somebody acknowledged meanwhile. None: there is none left until the last round is over.
    """
    policy = policy_at(snapshot, position)
    if is_one_step_only(policy, urgency) or all(step.condition is not Condition.UNRESOLVED for step in policy.steps):
        return None
    position = upcoming(snapshot, position)
    while position.round <= policy.repeat + 1:
        step = policy.steps[position.step]
        if step.condition is Condition.UNRESOLVED:
            return position, at
        position, at = upcoming(snapshot, replace(position, step=position.step + 1)), at + step.delay
    return None


def go_on(snapshot: Snapshot, position: Position, *, urgency: Urgency, about: About, people: People, now: datetime) -> Advance:
    """Fire the step that is due of an incident somebody has acknowledged, and nothing but that: whoever has it decides what else.

    One that reaches nobody is skipped at once. Where its policy was taken anew, the step that is due may be none that goes on.
    """
    policy = policy_at(snapshot, position)
    going = _Going(people, urgency, about, now)
    at = now
    while (then := next_unresolved(snapshot, position, at, urgency)) is not None:
        position, at = then
        if at > now:
            return going.ends(position, EscalationState.RUNNING, "acknowledged; what fires until it is resolved goes on", at)
        reached = going.fire(policy, position)
        at = now + policy.steps[position.step].delay if reached else now
        position = replace(position, step=position.step + 1)
    return going.ends(position, EscalationState.STOPPED, "acknowledged, and no step is left that this does not stop", None)


def goes_on_acknowledged(snapshot: Snapshot) -> bool:
    """Whether any of its steps is not stopped by an acknowledgement."""
    return any(step.condition is Condition.UNRESOLVED for policy in policies_of(snapshot) for step in policy.steps)


def is_one_step_only(policy: Policy, urgency: Urgency) -> bool:
    """At low urgency, unless the policy says otherwise."""
    return urgency is Urgency.LOW and not policy.escalate_low


@dataclass(frozen=True, slots=True)
class _DeadEnd:
    """This policy has nothing more to offer."""

    position: Position
    state: EscalationState
    reason: str


@dataclass(slots=True)
class _Going:
    """One way through a policy, and what has come of it so far."""

    people: People
    urgency: Urgency
    about: About
    now: datetime
    pages: list[PlannedPage] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def walk(self, policy: Policy, position: Position, also: tuple[UserId, ...], *, heard: bool) -> Position | _DeadEnd:
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
                self.notes.append(Note("round_ended", reason, position))
                position = replace(position, round=position.round + 1, step=0)
            reached = self.fire(policy, position, also)
            position, also = Position(position.cycle, position.round, position.step + 1, position.on_fallback), ()
            if reached:
                return position
        return _DeadEnd(position, EscalationState.UNROUTABLE, f"nobody in the whole of policy {policy.name} can be reached")

    def fire(self, policy: Policy, position: Position, also: tuple[UserId, ...] = ()) -> bool:
        """Page everybody one step means, and `also`, each person once; true if somebody it means is reached by a way known to work."""
        where = f"step {position.step + 1} of policy {policy.name}" + (f", round {position.round}" if position.round > 1 else "")
        step = policy.steps[position.step]
        turns = self.people.turns.get((policy.id, position.step), {})
        chosen = choose(step, self.people, turns, urgency=self.urgency, about=self.about, now=self.now)
        nobody = list(chosen.left_out)
        reached = False
        for user, why in (dict.fromkeys(also, "acknowledged it before, and the time ran out") | chosen.whom).items():
            reach = self.people.reach.get(user)
            if reach is None:
                nobody.append("this user no longer exists")
                continue
            ways = ways_to(self.people, user, self.urgency)
            if ways.ways:
                self.pages.append(PlannedPage(user, position, f"{where}: {why}", until_resolved=step.condition is Condition.UNRESOLVED))
            reached = reached or (ways.reachable and user in chosen.whom)
            if not ways.reachable:
                nobody.append(ways.reason)
        if step.strategy is Strategy.ROUND_ROBIN:
            persons = (user for user in chosen.whom if (reach := self.people.reach.get(user)) is None or reach.team_id is None)
            self.turns.extend(Turn(policy.id, position.step, user) for user in persons)
        if reached:
            self.notes.append(Note("step_fired", f"{where} fired", position))
            self.notes.extend(Note("unreachable", f"{where}: {why}", position) for why in nobody)
        else:
            self.notes.append(Note("step_skipped", f"{where} reached nobody: {'; '.join(nobody) or 'it has no targets'}", position))
        return reached

    def wait(self, policy: Policy, position: Position) -> Advance:
        """Somebody was paged: give them the step's delay; at low urgency a day, and then a reminder instead of the next step."""
        if is_one_step_only(policy, self.urgency):
            reminder = replace(position, round=position.round + 1, step=0)
            reason = "low urgency: one step only, and a reminder once a day"
            return self.ends(reminder, EscalationState.LOW_URGENCY, reason, self.now + LOW_URGENCY_REMINDER)
        reason = f"step {position.step} of policy {policy.name} fired in round {position.round}"
        return self.ends(position, EscalationState.RUNNING, reason, self.now + policy.steps[position.step - 1].delay)

    def ends(self, position: Position, state: EscalationState, reason: str, at: datetime | None) -> Advance:
        return Advance(tuple(self.pages), tuple(self.notes), position, state, reason, at, tuple(self.turns))


def _retry_at(state: EscalationState, snapshot: Snapshot, people: People, now: datetime) -> datetime | None:
    """Exhausted: after the policy's own retry time. Unroutable: at the next handoff, at the latest after five minutes."""
    if state is EscalationState.EXHAUSTED:
        retry = snapshot.policy.exhausted_retry
        return now + retry if retry is not None else None
    handoffs = [at for target, at in people.handoffs.items() if target in targets_of(snapshot) and at > now]
    return min([now + UNROUTABLE_RETRY, *handoffs])
