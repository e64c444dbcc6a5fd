"""`semantics.md` §§1, 4: what goes to the next step, to another policy, to a person, or by its policy as it is now."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.incidents.building import ANA, BEN, HOUR, MINUTE, NOW, POLICY, incident, target, user_id
from tests.incidents.test_life_rules import PEOPLE

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Note, Policy, Position, Snapshot, Step
from oncall.incidents.rules import life
from oncall.incidents.rules.assigned import next_step
from oncall.incidents.rules.handing_on import check_reassign, escalate, reassign_to_policy, reassign_to_user, resnapshot
from oncall.incidents.rules.holding import Hold
from oncall.incidents.values import Decision, Incident, Status
from oncall.incidents.values.acting import CannotAct, Change, NotOpen, PolicyGone
from oncall.kit.ids import PolicyId, UserId
from oncall.timeline.values import Kind

LATER = NOW + 2 * MINUTE
RUNNING, HELD, LOW, EXHAUSTED = EscalationState.RUNNING, EscalationState.HELD, EscalationState.LOW_URGENCY, EscalationState.EXHAUSTED
OTHER = Policy(PolicyId(UUID(int=80)), "Database", None, 0, (Step(10 * MINUTE, (target(BEN),)),))
ACKED = life.acknowledge(incident(), ANA, owner=user_id(ANA), now=NOW + MINUTE)
ON_FALLBACK = incident(snapshot=Snapshot(POLICY, OTHER), position=Position(2, 1, 1, on_fallback=True))


def low(**changes: Any) -> Incident:
    return incident(urgency=Urgency.LOW, escalation_state=LOW, position=Position(1, 2, 0), step_at=NOW + 24 * HOUR, **changes)


# --- the next step ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "given", "level", "position", "why"),
    [
        ("the step that waits for its delay fires in its cycle", incident(), None, Position(1, 1, 1), "level 2 of policy P"),
        ("past the last one, the next round begins", incident(position=Position(1, 1, 2)), None, Position(1, 1, 2), "level 1 of policy P"),
        ("acknowledged, it is triggered again at the next step", ACKED, None, Position(2, 1, 1), "level 2 of policy P"),
        ("exhausted, it is not waited for the retry", incident(escalation_state=EXHAUSTED, position=Position(2, 1, 0)), None,
         Position(2, 1, 0), "level 1 of policy P"),
        ("low urgency goes to the second step, which it never would by itself", low(), None, Position(1, 2, 1), "level 2 of policy P"),
        ("also once somebody has it", replace(low(), status=Status.ACKNOWLEDGED, acknowledged_at=NOW), None, Position(2, 1, 1),
         "level 2 of policy P"),
        ("a level that is named begins a cycle, so that whoever was paged by it is paged anew", incident(), 1, Position(2, 1, 0),
         "level 1 of policy P"),
        ("on the fallback, it is a level of that", ON_FALLBACK, 1, Position(3, 1, 0, on_fallback=True), "level 1 of policy Database"),
        ("the policy begins, where a person was to be paged first", incident(assigned_to_id=ANA.id), None, Position(2, 1, 0),
         "level 1 of policy P"),
    ],
    ids=lambda x: x if isinstance(x, str) and len(x) > 25 else "",
)  # fmt: skip
def test_the_next_step_fires_now(what: str, given: Incident, level: int | None, position: Position, why: str) -> None:
    change = escalate(given, BEN, level=level, reason="help", now=LATER)
    assert change is not None
    then, reason = change.incident, f"escalated to {why} by Ben through api: help"
    assert (then.status, then.escalation_state, then.escalation_reason) == (Status.TRIGGERED, RUNNING, reason)
    assert (then.position, then.step_at, then.next_at) == (position, LATER, LATER)
    assert (then.acknowledged_by, then.assigned_to_id, then.owner_id) == (None, None, given.owner_id)
    assert (change.kind, change.reason) == (Kind.ESCALATED, reason)
    assert change.cancels == (position.cycle > given.position.cycle), "what is pending of a cycle that goes on is still sent"


@pytest.mark.parametrize("state", [RUNNING, HELD], ids=str)
@pytest.mark.parametrize("level", [None, 2])
def test_what_is_due_already_is_not_escalated_once_more(state: EscalationState, level: int | None) -> None:
    assert escalate(incident(step_at=LATER, escalation_state=state), BEN, level=level, now=LATER) is None


@pytest.mark.parametrize(
    ("given", "level", "sentence"),
    [
        (incident(), 3, "Policy P has 2 levels: name one of 1 to 2."),
        (ON_FALLBACK, 2, "Policy Database has one level: name 1, or none."),
    ],
)
def test_a_level_that_the_policy_does_not_have_is_refused(given: Incident, level: int, sentence: str) -> None:
    with pytest.raises(CannotAct) as refused:
        escalate(given, BEN, level=level, now=LATER)
    assert (str(refused.value), refused.value.field) == (sentence, "level")


# --- another policy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [incident(), ACKED, ON_FALLBACK, incident(assigned_to_id=ANA.id)], ids=["open", "had", "fallback", "theirs"]
)
def test_another_policy_begins_as_it_is_now(given: Incident) -> None:
    change = reassign_to_policy(given, BEN, Snapshot(OTHER), reason="theirs", now=LATER)
    assert change is not None
    then = change.incident
    assert (then.snapshot, then.status, then.position) == (Snapshot(OTHER), Status.TRIGGERED, Position(given.position.cycle + 1))
    assert (then.next_at, then.owner_id, then.assigned_to_id) == (LATER, None, None)
    assert (change.kind, change.reason, change.cancels) == (
        Kind.REASSIGNED,
        "reassigned to policy Database by Ben through api: theirs",
        True,
    )
    assert reassign_to_policy(then, BEN, Snapshot(OTHER), now=LATER) is None


def test_it_may_begin_at_a_level() -> None:
    change = reassign_to_policy(incident(snapshot=Snapshot(OTHER)), BEN, Snapshot(POLICY), level=2, now=LATER)
    assert change is not None
    assert change.incident.position == Position(2, 1, 1)
    assert change.reason == "reassigned to policy P, level 2 by Ben through api"
    with pytest.raises(CannotAct, match="Policy Database has one level"):
        reassign_to_policy(incident(), BEN, Snapshot(OTHER), level=2, now=LATER)


@pytest.mark.parametrize(
    ("policy_id", "level", "user_id", "field"),
    [(None, None, None, "user_id"), (OTHER.id, None, ANA.id, "user_id"), (None, 1, ANA.id, "level")],
)
def test_it_goes_to_a_policy_or_to_a_person(policy_id: UUID | None, level: int | None, user_id: UUID | None, field: str) -> None:
    with pytest.raises(CannotAct) as refused:
        check_reassign(policy_id, level, user_id)
    assert refused.value.field == field


# --- a person ---------------------------------------------------------------------------------------------------------------


def to_ben(given: Incident = ACKED) -> Incident:
    change = reassign_to_user(given, ANA, user_id(BEN), "Ben", reason="yours", now=LATER)
    assert change is not None
    assert (change.kind, change.reason, change.cancels) == (Kind.REASSIGNED, "reassigned to Ben by Ana through api: yours", True)
    return change.incident


def test_a_person_is_paged_now_and_if_the_delay_passes_the_policy_begins() -> None:
    given = to_ben()
    assert (given.status, given.position, given.next_at, given.owner_id) == (Status.TRIGGERED, Position(2), LATER, user_id(BEN))
    first = life.decide_due(given, PEOPLE, now=LATER)
    assert [(page.user_id, page.position, page.reason) for page in first.pages] == [
        (user_id(BEN), Position(2), "it was reassigned to them")
    ]
    assert (first.incident.escalation_state, first.incident.next_at) == (RUNNING, LATER + 5 * MINUTE)
    assert first.incident.escalation_reason == "Ben, to whom it was reassigned, is paged; then policy P begins"
    assert next_step(first.incident).step == 0, "the policy begins with its first step"
    then = life.decide_due(first.incident, PEOPLE, now=LATER + 5 * MINUTE)
    assert [(page.user_id, page.position) for page in then.pages] == [(user_id(ANA), Position(3, 1, 0))]
    assert (then.incident.position, then.incident.assigned_to_id) == (Position(3, 1, 1), None)


def test_at_low_urgency_too() -> None:
    first = life.decide_due(to_ben(low()), PEOPLE, now=LATER).incident
    then = life.decide_due(first, PEOPLE, now=LATER + 5 * MINUTE)
    assert ([page.user_id for page in then.pages], then.incident.escalation_state) == ([user_id(ANA)], LOW)


def test_the_policy_begins_at_once_if_they_were_deleted() -> None:
    then = life.decide_due(replace(to_ben(), assigned_to_id=UserId(UUID(int=77))), PEOPLE, now=LATER)
    assert [page.user_id for page in then.pages] == [user_id(ANA)]
    reason = "whoever it was reassigned to cannot be reached (this user no longer exists); policy P begins at once"
    assert then.notes[0] == Note("unreachable", reason, Position(2))
    assert (then.incident.position, then.incident.assigned_to_id) == (Position(3, 1, 1), None)


def test_the_policy_begins_at_once_if_their_message_is_lost() -> None:
    first = life.decide_due(to_ben(), PEOPLE, now=LATER).incident
    lost = life.step_lost(first, Position(2, 1, 0), now=LATER + MINUTE)
    assert lost.next_at == LATER + MINUTE
    assert [page.user_id for page in life.decide_due(lost, PEOPLE, now=LATER + MINUTE).pages] == [user_id(ANA)]


def test_what_is_muted_pages_them_when_nothing_mutes_it_any_more() -> None:
    held = life.decide_due(to_ben(), PEOPLE, now=LATER, hold=Hold(Decision.MUTED, "silenced", LATER + HOUR)).incident
    assert (held.escalation_state, held.assigned_to_id) == (HELD, user_id(BEN))
    freed = life.decide_due(held, PEOPLE, now=LATER + HOUR)
    assert [page.user_id for page in freed.pages] == [user_id(BEN)]


@pytest.mark.parametrize("at", [0, 1], ids=["before they are paged", "while it waits for them"])
def test_whoever_acknowledges_it_has_it_and_its_policy_is_what_comes_next(at: int) -> None:
    given = to_ben() if at == 0 else life.decide_due(to_ben(), PEOPLE, now=LATER).incident
    had = life.acknowledge(given, BEN, owner=user_id(BEN), now=LATER + MINUTE)
    assert had.assigned_to_id is None
    then = life.decide_due(had, PEOPLE, now=LATER + 31 * MINUTE)
    assert {page.user_id for page in then.pages} == {user_id(ANA), user_id(BEN)}


def test_to_reassign_it_to_them_again_changes_nothing() -> None:
    assert reassign_to_user(to_ben(), ANA, user_id(BEN), "Ben", now=LATER + MINUTE) is None


# --- its policy as it is now ------------------------------------------------------------------------------------------------

LONGER, SHORTER = replace(POLICY, version=2, steps=POLICY.steps * 2), replace(POLICY, version=2, steps=POLICY.steps[:1])


@pytest.mark.parametrize(
    ("what", "given", "snapshot", "position"),
    [
        ("where it is, it goes on", incident(position=Position(1, 2, 1)), Snapshot(LONGER), Position(1, 2, 1)),
        ("past the last step of one that has fewer by now", incident(position=Position(1, 2, 2)), Snapshot(SHORTER), Position(1, 2, 1)),
        ("on the fallback as it is now", ON_FALLBACK, Snapshot(POLICY, SHORTER), ON_FALLBACK.position),
        ("from the first step, where there is no fallback any more", ON_FALLBACK, Snapshot(LONGER), Position(3)),
        ("acknowledged, it stays so", ACKED, Snapshot(LONGER), ACKED.position),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_its_policy_is_taken_as_it_is_now(what: str, given: Incident, snapshot: Snapshot, position: Position) -> None:
    change = resnapshot(given, BEN, snapshot, reason="two more steps", now=LATER)
    why = "policy P taken as it is now by Ben through api: two more steps"
    assert change == Change(replace(given, snapshot=snapshot, position=position), Kind.RESNAPSHOT, why, cancels=False)


def test_nothing_changes_if_it_is_as_it_was() -> None:
    assert resnapshot(incident(), BEN, Snapshot(POLICY), now=LATER) is None


def test_one_that_is_never_tried_again_is_if_the_policy_says_so_by_now() -> None:
    never = incident(snapshot=Snapshot(replace(POLICY, exhausted_retry=None)), step_at=None, next_at=None)
    change = resnapshot(replace(never, escalation_state=EscalationState.EXHAUSTED), BEN, Snapshot(POLICY), now=LATER)
    assert change is not None
    assert change.incident.next_at == LATER + 30 * MINUTE


def test_a_policy_that_was_deleted_is_no_more_as_it_is_now() -> None:
    with pytest.raises(PolicyGone, match=r"^Policy P was deleted: reassign #1 to another one\.$"):
        resnapshot(incident(), BEN, None, now=LATER)


VERBS: dict[str, Callable[[Incident], Change | None]] = {
    "escalated": lambda i: escalate(i, BEN, now=LATER),
    "reassigned": lambda i: reassign_to_user(i, BEN, user_id(ANA), "Ana", now=LATER),
    "reassigned to a policy": lambda i: reassign_to_policy(i, BEN, Snapshot(OTHER), now=LATER),
    "given its policy anew": lambda i: resnapshot(i, BEN, Snapshot(OTHER), now=LATER),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_what_is_over_goes_to_nobody(verb: str, status: Status) -> None:
    with pytest.raises(NotOpen, match=f"only what is open can be {verb.removesuffix(' to a policy')}"):
        VERBS[verb](incident(status=status, resolved_at=NOW))
