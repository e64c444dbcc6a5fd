"""`semantics.md` §4, rule by rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.contacts.values import ContactMethod, Reach, Urgency
from oncall.escalation.rules import advance, next_cycle, upcoming
from oncall.escalation.values import (
    About,
    Advance,
    EscalationState,
    OnDuty,
    People,
    Policy,
    Position,
    Snapshot,
    Step,
    Target,
    TargetType,
)
from oncall.kit.ids import ContactMethodId, PolicyId, UserId

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIVE = 5 * MINUTE
ANA, BEN, EVE, GONE = (UserId(UUID(int=n)) for n in range(1, 5))
NAMES = {ANA: "Ana", BEN: "Ben", EVE: "Eve"}
RUNNING, EXHAUSTED, UNROUTABLE, LOW = (
    EscalationState.RUNNING,
    EscalationState.EXHAUSTED,
    EscalationState.UNROUTABLE,
    EscalationState.LOW_URGENCY,
)


def user(id: UserId) -> Target:
    return Target(TargetType.USER, id)


SCHEDULE = Target(TargetType.SCHEDULE, UUID(int=9))


def policy(*steps: Sequence[Target], repeat: int = 2, name: str = "P", **more: object) -> Policy:
    return Policy(PolicyId(UUID(int=len(name))), name, None, repeat, tuple(Step(FIVE, tuple(s)) for s in steps), **more)  # type: ignore[arg-type]


def reach(id: UserId, *, verified: bool = True) -> Reach:
    method = ContactMethod(ContactMethodId(UUID(int=id.int + 100)), id, "email", f"{id.int}@example.com", NOW if verified else None, NOW)
    return Reach(id, NAMES[id], f"{id.int}@example.com", (method,))


def people(*, on_call: Sequence[UserId] = (ANA,), unreachable: Sequence[UserId] = (), handoff: datetime | None = None) -> People:
    duty = {user(id): OnDuty((id,), "named in the step") for id in (ANA, BEN, EVE, GONE)}
    duty[SCHEDULE] = OnDuty(tuple(on_call), "on call in schedule S" if on_call else "nobody is on call in schedule S")
    return People(duty, {id: reach(id, verified=id not in unreachable) for id in NAMES}, {SCHEDULE: handoff} if handoff else {})


def go(
    of: Policy,
    at: Position = Position(),  # noqa: B008 — a value
    *,
    fallback: Policy | None = None,
    urgency: Urgency = Urgency.HIGH,
    severity: str = "critical",
    who: People | None = None,
    now: datetime = NOW,
    also: tuple[UserId, ...] = (),
) -> Advance:
    return advance(Snapshot(of, fallback), at, urgency=urgency, about=About(severity), people=who or people(), now=now, also=also)


def paged(then: Advance) -> list[str]:
    return [f"{NAMES[p.user_id]} c{p.position.cycle} r{p.position.round} s{p.position.step}" for p in then.pages]


TWO = policy([user(ANA)], [user(BEN)])


@pytest.mark.parametrize(
    ("what", "then", "pages", "state", "position", "after"),
    [
        ("step 1 fires at once, and its delay is how long it waits", go(TWO), ["Ana c1 r1 s0"], RUNNING, Position(1, 1, 1), FIVE),
        ("then the next step", go(TWO, Position(1, 1, 1)), ["Ben c1 r1 s1"], RUNNING, Position(1, 1, 2), FIVE),
        ("after the last step's delay the next round", go(TWO, Position(1, 1, 2)), ["Ana c1 r2 s0"], RUNNING, Position(1, 2, 1), FIVE),
        ("repeat 2 is three rounds", go(TWO, Position(1, 2, 2)), ["Ana c1 r3 s0"], RUNNING, Position(1, 3, 1), FIVE),
        ("after the last round: exhausted, retried after PT30M", go(TWO, Position(1, 3, 2)), [], EXHAUSTED, Position(2), 30 * MINUTE),
        ("repeat 0 is one round", go(replace(TWO, repeat=0), Position(1, 1, 2)), [], EXHAUSTED, Position(2), 30 * MINUTE),
        (
            "the retry of exhausted can be switched off, explicitly",
            go(replace(TWO, exhausted_retry=None), Position(1, 3, 2)),
            [],
            EXHAUSTED,
            Position(2),
            None,
        ),
        (
            "the policy's own retry time",
            go(replace(TWO, exhausted_retry=MINUTE), Position(1, 3, 2)),
            [],
            EXHAUSTED,
            Position(2),
            MINUTE,
        ),
        ("the retry is the first step of a new cycle", go(TWO, Position(2)), ["Ana c2 r1 s0"], RUNNING, Position(2, 1, 1), FIVE),
        (
            "exhausted goes to the team's fallback first",
            go(TWO, Position(1, 3, 2), fallback=policy([user(EVE)], name="fallback")),
            ["Eve c2 r1 s0"],
            RUNNING,
            Position(2, 1, 1, on_fallback=True),
            FIVE,
        ),
        (
            "an exhausted fallback is exhausted",
            go(TWO, Position(2, 3, 1, on_fallback=True), fallback=policy([user(EVE)], name="fallback")),
            [],
            EXHAUSTED,
            Position(3),
            30 * MINUTE,
        ),
        (
            "a gap is skipped at once",
            go(policy([SCHEDULE], [user(BEN)]), who=people(on_call=())),
            ["Ben c1 r1 s1"],
            RUNNING,
            Position(1, 1, 2),
            FIVE,
        ),
        (
            "somebody without a verified contact method is written to as a last resort, and the next step fires at once",
            go(TWO, who=people(unreachable=[ANA])),
            ["Ana c1 r1 s0", "Ben c1 r1 s1"],
            RUNNING,
            Position(1, 1, 2),
            FIVE,
        ),
        (
            "a deleted user is skipped",
            go(policy([user(GONE)], [user(BEN)])),
            ["Ben c1 r1 s1"],
            RUNNING,
            Position(1, 1, 2),
            FIVE,
        ),
        (
            "nobody in the whole policy: unroutable, retried after PT5M",
            go(policy([SCHEDULE]), who=people(on_call=())),
            [],
            UNROUTABLE,
            Position(2),
            FIVE,
        ),
        (
            "nobody in the whole policy, seen from its middle: one pass, not more",
            go(policy([SCHEDULE], [user(GONE)]), Position(1, 1, 1), who=people(on_call=())),
            [],
            UNROUTABLE,
            Position(2),
            FIVE,
        ),
        (
            "unroutable, and the next handoff is later: after PT5M all the same",
            go(policy([SCHEDULE]), who=people(on_call=(), handoff=NOW + 6 * MINUTE)),
            [],
            UNROUTABLE,
            Position(2),
            FIVE,
        ),
        (
            "the handoff of a schedule of somebody else's policy changes nothing",
            go(policy([user(GONE)]), who=people(on_call=(), handoff=NOW + MINUTE)),
            [],
            UNROUTABLE,
            Position(2),
            FIVE,
        ),
        (
            "unroutable is retried at the next handoff if that is sooner",
            go(policy([SCHEDULE]), who=people(on_call=(), handoff=NOW + MINUTE)),
            [],
            UNROUTABLE,
            Position(2),
            MINUTE,
        ),
        (
            "unroutable: fallback at once",
            go(policy([SCHEDULE]), fallback=policy([user(EVE)], name="fallback"), who=people(on_call=())),
            ["Eve c2 r1 s0"],
            RUNNING,
            Position(2, 1, 1, on_fallback=True),
            FIVE,
        ),
        (
            "a fallback that reaches nobody either is unroutable, and the policy itself is tried again",
            go(policy([user(GONE)]), fallback=policy([SCHEDULE], name="fallback"), who=people(on_call=())),
            [],
            UNROUTABLE,
            Position(3),
            FIVE,
        ),
        ("a policy without steps is unroutable", go(policy(repeat=0)), [], UNROUTABLE, Position(2), FIVE),
        (
            "low urgency pages one step and reminds once a day",
            go(TWO, urgency=Urgency.LOW),
            ["Ana c1 r1 s0"],
            LOW,
            Position(1, 2, 0),
            timedelta(days=1),
        ),
        (
            "the reminder of low urgency is a page of its own",
            go(TWO, Position(1, 2, 0), urgency=Urgency.LOW),
            ["Ana c1 r2 s0"],
            LOW,
            Position(1, 3, 0),
            timedelta(days=1),
        ),
        (
            "low urgency skips a gap like any other",
            go(policy([SCHEDULE], [user(BEN)]), urgency=Urgency.LOW, who=people(on_call=())),
            ["Ben c1 r1 s1"],
            LOW,
            Position(1, 2, 0),
            timedelta(days=1),
        ),
        (
            "low urgency writes to the account e-mail of somebody without a contact method, and that counts",
            go(TWO, urgency=Urgency.LOW, who=people(unreachable=[ANA])),
            ["Ana c1 r1 s0"],
            LOW,
            Position(1, 2, 0),
            timedelta(days=1),
        ),
        (
            "escalate_low makes it climb",
            go(replace(TWO, escalate_low=True), Position(1, 1, 1), urgency=Urgency.LOW),
            ["Ben c1 r1 s1"],
            RUNNING,
            Position(1, 1, 2),
            FIVE,
        ),
        (
            "late by hours: one step, then the normal cadence from now",
            go(TWO, Position(1, 1, 1), now=NOW + timedelta(hours=2)),
            ["Ben c1 r1 s1"],
            RUNNING,
            Position(1, 1, 2),
            timedelta(hours=2) + FIVE,
        ),
        (
            "whose acknowledgement ran out is paged with the current on-call",
            go(TWO, Position(2), also=(BEN,)),
            ["Ben c2 r1 s0", "Ana c2 r1 s0"],
            RUNNING,
            Position(2, 1, 1),
            FIVE,
        ),
        (
            "the acknowledger stands for nobody: a gap is skipped all the same",
            go(policy([SCHEDULE], [user(BEN)]), Position(2), also=(ANA,), who=people(on_call=())),
            ["Ana c2 r1 s0", "Ben c2 r1 s1"],
            RUNNING,
            Position(2, 1, 2),
            FIVE,
        ),
        (
            "the acknowledger who is on call again is paged once",
            go(TWO, Position(2), also=(ANA,)),
            ["Ana c2 r1 s0"],
            RUNNING,
            Position(2, 1, 1),
            FIVE,
        ),
        (
            "the acknowledger is paged once, though it goes on to the fallback",
            go(policy([user(GONE)]), Position(2), fallback=policy([user(EVE)], name="fallback"), also=(ANA,)),
            ["Ana c2 r1 s0", "Eve c3 r1 s0"],
            RUNNING,
            Position(3, 1, 1, on_fallback=True),
            FIVE,
        ),
        (
            "a person in two targets of a step is paged once",
            go(policy([SCHEDULE, user(ANA)])),
            ["Ana c1 r1 s0"],
            RUNNING,
            Position(1, 1, 1),
            FIVE,
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_advance(what: str, then: Advance, pages: list[str], state: EscalationState, position: Position, after: timedelta | None) -> None:
    assert (paged(then), then.state, then.position) == (pages, state, position)
    assert then.step_at == (NOW + after if after is not None else None)
    assert then.reason


def test_every_skipped_step_says_why() -> None:
    then = go(policy([SCHEDULE], [user(GONE)], [user(ANA)], [user(BEN)]), who=people(on_call=(), unreachable=[ANA]))
    assert [note.reason for note in then.notes if note.kind == "step_skipped"] == [
        "step 1 of policy P reached nobody: nobody is on call in schedule S",
        "step 2 of policy P reached nobody: this user no longer exists",
        "step 3 of policy P reached nobody: Ana has no verified contact method; a message to the account e-mail is the last resort",
    ]
    assert [note.reason for note in then.notes if note.kind == "step_fired"] == ["step 4 of policy P fired"]


# --- what no table can say --------------------------------------------------------------------------------------------------

targets = st.lists(st.sampled_from([user(ANA), user(BEN), user(EVE), user(GONE), SCHEDULE]), max_size=3)
policies = st.builds(lambda steps, repeat: policy(*steps, repeat=repeat), st.lists(targets, max_size=4), st.integers(0, 3))
worlds = st.builds(
    lambda on_call, unreachable: people(on_call=on_call, unreachable=unreachable),
    st.lists(st.sampled_from([ANA, BEN, EVE]), max_size=2, unique=True),
    st.lists(st.sampled_from([ANA, BEN, EVE]), max_size=3, unique=True),
)
acknowledgers = st.lists(st.sampled_from([ANA, BEN, GONE]), max_size=1).map(tuple)


def _place(position: Position) -> tuple[int, int, int]:
    return position.cycle, position.round, position.step


@given(policies, st.none() | policies, st.lists(worlds, min_size=1, max_size=25), st.sampled_from(Urgency), acknowledgers)
def test_an_unacknowledged_incident_always_has_a_next_instant_and_no_page_is_made_twice(
    of: Policy, fallback: Policy | None, course: list[People], urgency: Urgency, also: tuple[UserId, ...]
) -> None:
    position, now = Position(), NOW
    seen: set[tuple[object, ...]] = set()
    for world in course:
        then = advance(Snapshot(of, fallback), position, urgency=urgency, about=About("error"), people=world, now=now, also=also)
        assert then.step_at is not None
        assert then.step_at > now
        assert sum(note.kind == "step_fired" for note in then.notes) <= 1, "one step at a time reaches somebody"
        keys = {(p.user_id, p.position.cycle, p.position.round, p.position.step) for p in then.pages}
        assert len(keys) == len(then.pages)
        assert not keys & seen
        seen |= keys
        assert _place(then.position) > _place(position), "it never goes back"
        assert then.state not in {RUNNING, LOW} or then.pages
        position, now = then.position, then.step_at


@given(policies, st.integers(0, 3))
def test_who_acknowledges_nothing_for_ever_sees_every_round_of_every_step(of: Policy, cycles: int) -> None:
    """In a world where everybody can be reached a policy is gone through exactly `repeat + 1` times, then it is exhausted."""
    of = replace(of, steps=tuple(Step(s.delay, (*s.targets, user(ANA))) for s in of.steps))
    position, now, fired = Position(cycle=cycles + 1), NOW, []
    for _ in range((of.repeat + 1) * len(of.steps)):
        then = advance(Snapshot(of), position, urgency=Urgency.HIGH, about=About("error"), people=people(), now=now)
        fired += [(n.position.round, n.position.step) for n in then.notes if n.kind == "step_fired" and n.position]
        assert then.step_at == now + FIVE
        position, now = then.position, then.step_at
    assert fired == [(round, step) for round in range(1, of.repeat + 2) for step in range(len(of.steps))]
    last = advance(Snapshot(of), position, urgency=Urgency.HIGH, about=About("error"), people=people(), now=now)
    assert last.state is (EXHAUSTED if of.steps else UNROUTABLE)


@given(policies, st.none() | policies, worlds)
def test_without_a_retry_an_exhausted_incident_is_the_only_one_that_waits_for_nothing(
    of: Policy, fallback: Policy | None, world: People
) -> None:
    of, position = replace(of, exhausted_retry=None), Position()
    for _ in range(60):
        then = advance(Snapshot(of, fallback), position, urgency=Urgency.HIGH, about=About("error"), people=world, now=NOW)
        assert (then.step_at is None) == (then.state is EXHAUSTED)
        position = then.position


@pytest.mark.parametrize(
    ("what", "position", "expected"),
    [
        ("the next step", Position(1, 1, 1), Position(1, 1, 1)),
        ("past the last step it is the first of the next round", Position(1, 1, 2), Position(1, 2, 0)),
        ("on the fallback, its steps count", Position(2, 1, 1, on_fallback=True), Position(2, 2, 0, on_fallback=True)),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_the_step_that_people_are_told(what: str, position: Position, expected: Position) -> None:
    assert upcoming(Snapshot(TWO, policy([user(EVE)])), position) == expected


def test_a_new_cycle_begins_at_the_first_step_of_the_policy_itself() -> None:
    assert next_cycle(Position(3, 2, 5, on_fallback=True)) == Position(4, 1, 0)
