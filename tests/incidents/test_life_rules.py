"""`semantics.md` §§1, 2, 4 and 6: what alerts, people and time make of an incident."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.incidents.building import ANA, BEN, HOUR, MINUTE, NOW, POLICY, PROMETHEUS, incident, target, user_id

from oncall.contacts.values import ContactMethod, Reach, Urgency
from oncall.escalation.values import EscalationState, OnDuty, People, Position, Snapshot
from oncall.incidents.rules import life, timers
from oncall.incidents.rules.life import AlertsNow
from oncall.incidents.values import Incident, PendingAction, Severity, Status
from oncall.kit.actors import Actor
from oncall.kit.ids import ContactMethodId

RUNNING, STOPPED, LOW = EscalationState.RUNNING, EscalationState.STOPPED, EscalationState.LOW_URGENCY
DAY = timedelta(days=1)


def reach(who: Actor) -> Reach:
    address = f"{who.name}@example.com"
    method = ContactMethod(ContactMethodId(UUID(int=user_id(who).int + 100)), user_id(who), "email", address, NOW, NOW)
    return Reach(user_id(who), who.name, address, (method,))


PEOPLE = People(
    {target(who): OnDuty((user_id(who),), "named in the step") for who in (ANA, BEN)}, {user_id(who): reach(who) for who in (ANA, BEN)}
)


def acknowledged(at: datetime = NOW, **changes: Any) -> Incident:
    return replace(life.acknowledge(incident(), ANA, owner=user_id(ANA), now=at), **changes)


def resolved(at: datetime = NOW, before: Incident | None = None, by: Actor = PROMETHEUS) -> Incident:
    return life.resolve(before or incident(), by, now=at)


def says(what: Incident) -> tuple[Status, EscalationState, Position, datetime | None]:
    return what.status, what.escalation_state, what.position, what.next_at


# --- what happens next ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "given", "expected"),
    [
        ("triggered: the next step", incident(), PendingAction("escalate", NOW + 5 * MINUTE)),
        ("low urgency: a reminder", incident(escalation_state=LOW), PendingAction("remind", NOW + 5 * MINUTE)),
        ("exhausted: a retry", incident(escalation_state=EscalationState.EXHAUSTED), PendingAction("retry", NOW + 5 * MINUTE)),
        ("unroutable: a retry", incident(escalation_state=EscalationState.UNROUTABLE), PendingAction("retry", NOW + 5 * MINUTE)),
        ("exhausted with its retry switched off: nothing", incident(escalation_state=EscalationState.EXHAUSTED, step_at=None), None),
        ("acknowledged: the acknowledgement time-out", acknowledged(), PendingAction("retrigger", NOW + 30 * MINUTE)),
        ("acknowledged at low urgency: nothing", acknowledged(urgency=Urgency.LOW), None),
        ("acknowledged in a service without a time-out: nothing", acknowledged(ack_timeout=None), None),
        ("resolved: it is closed after the reopen window", resolved(), PendingAction("close", NOW + 15 * MINUTE)),
        ("closed: nothing", incident(status=Status.CLOSED), None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_happens_next(what: str, given: Incident, expected: PendingAction | None) -> None:
    assert timers.pending_action(given) == expected
    assert timers.next_at(given) == (expected.at if expected else None)


def test_what_was_postponed_is_shown_with_the_instant_it_was_postponed_to() -> None:
    postponed = incident(next_at=NOW + HOUR, failures=3)
    assert timers.pending_actions(postponed) == (PendingAction("escalate", NOW + HOUR),)
    assert timers.next_at(postponed) == NOW + 5 * MINUTE, "what it was meant to be, and is late by"


# --- verbs ------------------------------------------------------------------------------------------------------------------


def test_acknowledging_stops_the_escalation_and_says_who_has_it() -> None:
    then = life.acknowledge(incident(), ANA, owner=user_id(ANA), now=NOW + MINUTE)
    assert says(then) == (Status.ACKNOWLEDGED, STOPPED, Position(1, 1, 1), NOW + 31 * MINUTE)
    assert (then.acknowledged_by, then.acknowledged_at, then.owner_id) == (ANA, NOW + MINUTE, ANA.id)
    assert then.escalation_reason == "acknowledged by Ana"


def test_an_integration_acknowledges_without_becoming_the_owner() -> None:
    then = life.acknowledge(incident(owner_id=user_id(BEN)), PROMETHEUS, owner=None, now=NOW)
    assert (then.acknowledged_by, then.owner_id) == (PROMETHEUS, BEN.id)


@pytest.mark.parametrize("given", [acknowledged(), resolved(), incident(status=Status.CLOSED)], ids=lambda i: i.status)
def test_only_a_triggered_incident_can_be_acknowledged(given: Incident) -> None:
    assert life.acknowledge(given, BEN, owner=None, now=NOW + HOUR) is given


@pytest.mark.parametrize("given", [incident(), acknowledged()], ids=lambda i: i.status)
def test_resolving_stops_everything_and_keeps_the_place_for_a_reopening(given: Incident) -> None:
    then = life.resolve(given, BEN, now=NOW + MINUTE)
    assert says(then) == (Status.RESOLVED, STOPPED, Position(1, 1, 1), NOW + 16 * MINUTE)
    assert (then.resolved_by, then.step_at) == (BEN, NOW + 5 * MINUTE)


@pytest.mark.parametrize("given", [resolved(), incident(status=Status.CLOSED)], ids=lambda i: i.status)
def test_what_is_resolved_is_not_resolved_again(given: Incident) -> None:
    assert life.resolve(given, ANA, now=NOW + HOUR) is given


# --- the same problem comes back --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "given", "now", "position", "step_at"),
    [
        (
            "round, step and next instant are kept, so that a flapping alert still climbs",
            resolved(),
            NOW + 2 * MINUTE,
            Position(1, 1, 1),
            NOW + 5 * MINUTE,
        ),
        (
            "what fell due while it was resolved is due now, and is not late",
            resolved(),
            NOW + 9 * MINUTE,
            Position(1, 1, 1),
            NOW + 9 * MINUTE,
        ),
        (
            "an acknowledgement had ended the cycle: a new one begins at once",
            resolved(before=acknowledged()),
            NOW + 2 * MINUTE,
            Position(2),
            NOW + 2 * MINUTE,
        ),
        (
            "so had whoever resolved it by hand, without an acknowledgement",
            resolved(by=BEN),
            NOW + 2 * MINUTE,
            Position(2),
            NOW + 2 * MINUTE,
        ),
        (
            "exhausted before it was resolved: its retry is kept, and begins with the first step",
            resolved(before=incident(escalation_state=EscalationState.EXHAUSTED, position=Position(2), step_at=NOW + 30 * MINUTE)),
            NOW + 2 * MINUTE,
            Position(2),
            NOW + 30 * MINUTE,
        ),
        (
            "exhausted for good before it was resolved: it is news again",
            resolved(before=incident(escalation_state=EscalationState.EXHAUSTED, position=Position(2), step_at=None)),
            NOW + 2 * MINUTE,
            Position(2),
            NOW + 2 * MINUTE,
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_reopening(what: str, given: Incident, now: datetime, position: Position, step_at: datetime) -> None:
    then = life.reopen(given, now=now)
    assert says(then) == (Status.TRIGGERED, RUNNING, position, step_at)
    assert (then.step_at, then.resolved_at, then.resolved_by, then.acknowledged_at) == (step_at, None, None, None)


@pytest.mark.parametrize("given", [incident(), acknowledged(), incident(status=Status.CLOSED)], ids=lambda i: i.status)
def test_only_what_is_resolved_reopens(given: Incident) -> None:
    assert life.reopen(given, now=NOW) is given


# --- severity ---------------------------------------------------------------------------------------------------------------

WARNED = timers.timed(
    incident(severity=Severity.WARNING, urgency=Urgency.LOW, escalation_state=LOW, position=Position(1, 2, 0), step_at=NOW + DAY)
)


@pytest.mark.parametrize(
    ("what", "given", "severity", "urgency", "status", "position", "next_at"),
    [
        (
            "a rise from low to high urgency is paged at once, as a cycle of its own",
            WARNED,
            Severity.CRITICAL,
            Urgency.HIGH,
            Status.TRIGGERED,
            Position(2),
            NOW + HOUR,
        ),
        (
            "a rise within high urgency changes what it says, not when",
            incident(severity=Severity.ERROR),
            Severity.CRITICAL,
            Urgency.HIGH,
            Status.TRIGGERED,
            Position(1, 1, 1),
            NOW + 5 * MINUTE,
        ),
        (
            "acknowledged it stays acknowledged, and times out like any of high urgency: at once, if it is that old",
            acknowledged(severity=Severity.WARNING, urgency=Urgency.LOW, next_at=None),
            Severity.CRITICAL,
            Urgency.HIGH,
            Status.ACKNOWLEDGED,
            Position(1, 1, 1),
            NOW + 30 * MINUTE,
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_graver_word(
    what: str, given: Incident, severity: Severity, urgency: Urgency, status: Status, position: Position, next_at: datetime
) -> None:
    then = life.raise_severity(given, severity, urgency, now=NOW + HOUR)
    assert (then.severity, then.urgency, then.status, then.position) == (severity, urgency, status, position)
    assert then.next_at == next_at
    assert then.acknowledged_at == given.acknowledged_at, "since when somebody has it stays true"


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.WARNING, Severity.INFO])
def test_the_same_or_a_milder_word_changes_nothing(severity: Severity) -> None:
    given = incident()
    assert life.raise_severity(given, severity, Urgency.LOW, now=NOW) is given


# --- alerts -----------------------------------------------------------------------------------------------------------------


def alerts(**more: Any) -> AlertsNow:
    defaults = AlertsNow(open=1, acknowledged=0, severity=Severity.CRITICAL, urgency=Urgency.HIGH, reopened=False, acknowledging=False)
    return replace(defaults, **more)


@pytest.mark.parametrize(
    ("what", "given", "now_says", "status"),
    [
        ("nothing new", incident(), alerts(), Status.TRIGGERED),
        ("the last alert resolved resolves it", incident(), alerts(open=0), Status.RESOLVED),
        ("also one that somebody has", acknowledged(), alerts(open=0), Status.RESOLVED),
        ("one of two resolved does not", incident(), alerts(open=1), Status.TRIGGERED),
        (
            "every open alert acknowledged acknowledges it",
            incident(),
            alerts(open=2, acknowledged=2, acknowledging=True),
            Status.ACKNOWLEDGED,
        ),
        ("one of two does not", incident(), alerts(open=2, acknowledged=1, acknowledging=True), Status.TRIGGERED),
        ("only an acknowledgement does, not one from before", incident(), alerts(acknowledged=1), Status.TRIGGERED),
        ("the same key reopens it", resolved(), alerts(reopened=True), Status.TRIGGERED),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_an_incident_follows_its_alerts(what: str, given: Incident, now_says: AlertsNow, status: Status) -> None:
    assert life.follow_alerts(given, now_says, PROMETHEUS, now=NOW).status is status


# --- a step that reached nobody after all -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "given", "lost", "position"),
    [
        ("the step we wait for: the next one is due now", incident(), Position(1, 1, 0), Position(1, 1, 1)),
        ("on the fallback too", incident(position=Position(2, 1, 1, True)), Position(2, 1, 0), Position(2, 1, 1, True)),
        ("at low urgency instead of a day later", WARNED, Position(1, 1, 0), Position(1, 1, 1)),
        ("an earlier step", incident(position=Position(1, 1, 2)), Position(1, 1, 0), None),
        ("an earlier round", incident(position=Position(1, 2, 1)), Position(1, 1, 0), None),
        ("an earlier cycle", incident(position=Position(2, 1, 1)), Position(1, 1, 0), None),
        ("one that somebody has", acknowledged(), Position(1, 1, 0), None),
        ("one that is resolved", resolved(), Position(1, 1, 0), None),
        ("exhausted already", incident(escalation_state=EscalationState.EXHAUSTED, position=Position(2)), Position(1, 3, 1), None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_lost_step(what: str, given: Incident, lost: Position, position: Position | None) -> None:
    then = life.step_lost(given, lost, now=NOW + MINUTE)
    if position is None:
        assert then is given
    else:
        assert says(then) == (Status.TRIGGERED, RUNNING, position, NOW + MINUTE)


# --- time -------------------------------------------------------------------------------------------------------------------


def test_time_fires_the_next_step_and_forgets_earlier_failures() -> None:
    then = life.decide_due(incident(failures=3, last_error="boom"), PEOPLE, now=NOW + 5 * MINUTE)
    assert [page.user_id for page in then.pages] == [BEN.id]
    assert says(then.incident) == (Status.TRIGGERED, RUNNING, Position(1, 1, 2), NOW + 10 * MINUTE)
    assert (then.incident.failures, then.incident.last_error) == (0, None)
    assert then.incident.escalation_since == NOW, "it has been running since it was triggered"


def test_an_acknowledgement_that_runs_out_pages_the_current_on_call_and_the_acknowledger() -> None:
    given = life.acknowledge(incident(snapshot=Snapshot(replace(POLICY, steps=POLICY.steps[:1]))), BEN, owner=user_id(BEN), now=NOW)
    then = life.decide_due(given, PEOPLE, now=NOW + 30 * MINUTE)
    assert {page.user_id for page in then.pages} == {ANA.id, BEN.id}
    assert {page.position for page in then.pages} == {Position(2)}
    assert (then.incident.status, then.incident.acknowledged_by, then.incident.owner_id) == (Status.TRIGGERED, None, BEN.id)
    assert (then.notes[0].kind, then.notes[0].reason) == (
        "ack_timeout",
        "Ben acknowledged it and did not resolve it in time; it is triggered again",
    )


def test_after_the_reopen_window_it_is_closed_for_good() -> None:
    then = life.decide_due(resolved(), PEOPLE, now=NOW + 15 * MINUTE)
    assert (then.incident.status, then.incident.closed_at, then.incident.next_at) == (Status.CLOSED, NOW + 15 * MINUTE, None)
    assert life.decide_due(then.incident, PEOPLE, now=NOW + DAY).incident == then.incident


# --- what no table can say --------------------------------------------------------------------------------------------------

VERBS = {
    "acknowledge": lambda i, now: life.acknowledge(i, ANA, owner=user_id(ANA), now=now),
    "resolve": lambda i, now: life.resolve(i, ANA, now=now),
    "reopen": lambda i, now: life.reopen(i, now=now),
    "rise": lambda i, now: life.raise_severity(i, Severity.CRITICAL, Urgency.HIGH, now=now),
    "lose": lambda i, now: life.step_lost(i, replace(i.position, step=i.position.step - 1), now=now),
    "wait": lambda i, now: life.decide_due(i, PEOPLE, now=i.next_at).incident if i.next_at else i,
}


@given(st.lists(st.sampled_from(sorted(VERBS)), max_size=30), st.sampled_from([incident(), WARNED]), st.booleans())
def test_whatever_happens_an_unacknowledged_incident_has_a_next_instant(course: list[str], given: Incident, has_timeout: bool) -> None:
    now, seen = NOW, given if has_timeout else replace(given, ack_timeout=None)
    for verb in course:
        now += MINUTE
        if verb == "wait" and seen.next_at is not None:
            now = max(now, seen.next_at)
        before, seen = seen, VERBS[verb](seen, now)
        assert seen.status is not Status.TRIGGERED or seen.next_at is not None
        assert (seen.status is Status.ACKNOWLEDGED) <= (seen.acknowledged_at is not None)
        assert seen.next_at == timers.next_at(seen), "one rule says when"
        assert (seen.position.cycle, seen.position.round) >= (before.position.cycle, before.position.round) or verb == "lose"
