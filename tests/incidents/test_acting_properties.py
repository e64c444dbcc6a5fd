"""Whatever people, monitors and time do to an incident, in whatever order: what no table of single verbs can say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.incidents.building import ANA, BEN, HOUR, MINUTE, NOW, POLICY, PROMETHEUS, incident, user_id
from tests.incidents.test_handing_on_rules import LONGER, OTHER, SHORTER
from tests.incidents.test_life_rules import PEOPLE

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Position, Snapshot
from oncall.incidents.rules import life, timers
from oncall.incidents.rules.affirming import affirm
from oncall.incidents.rules.handing_on import escalate, reassign_to_policy, reassign_to_user, resnapshot
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.life import AlertsNow, Outcome
from oncall.incidents.rules.returning import reopen_by_hand, unacknowledge
from oncall.incidents.rules.snoozing import snooze
from oncall.incidents.values import Decision, Incident, Severity, Status
from oncall.incidents.values.acting import CannotAct, Change, NotOpen, NotReopenable

Verb = Callable[[Incident, datetime], Change | None]
PERSON = {
    "unacknowledge": lambda i, now: unacknowledge(i, ANA, reason=None, now=now),
    "reopen": lambda i, now: reopen_by_hand(i, ANA, reason=None, now=now),
    "snooze": lambda i, now: snooze(i, BEN, owner=user_id(BEN), until=now + 2 * HOUR, now=now),
    "escalate": lambda i, now: escalate(i, BEN, now=now),
    "to the first level": lambda i, now: escalate(i, BEN, level=1, now=now),
    "to the second": lambda i, now: escalate(i, BEN, level=2, now=now),
    "to another policy": lambda i, now: reassign_to_policy(i, BEN, Snapshot(OTHER, POLICY), now=now),
    "to a person": lambda i, now: reassign_to_user(i, BEN, user_id(ANA), "Ana", now=now),
    "longer": lambda i, now: resnapshot(i, BEN, Snapshot(LONGER), now=now),
    "shorter": lambda i, now: resnapshot(i, BEN, Snapshot(SHORTER), now=now),
    "still on it": lambda i, now: affirm(i, ANA, now=now),
}


def alerts(i: Incident, **more: Any) -> AlertsNow:
    its = {"open": 1, "acknowledged": 0, "severity": i.severity, "urgency": i.urgency, "reopened": False, "acknowledging": False}
    return AlertsNow(**its | more)


OTHERS: dict[str, Callable[[Incident, datetime], Outcome]] = {
    "acknowledge": lambda i, now: Outcome(life.acknowledge(i, ANA, owner=user_id(ANA), now=now)),
    "resolve": lambda i, now: Outcome(life.resolve(i, ANA, now=now)),
    "a new alert": lambda i, now: Outcome(life.follow_alerts(i, alerts(i, open=2, joined=1), PROMETHEUS, now=now)),
    "the last alert ends": lambda i, now: Outcome(life.follow_alerts(i, alerts(i, open=0), PROMETHEUS, now=now)),
    "it comes back": lambda i, now: Outcome(life.follow_alerts(i, alerts(i, reopened=True), PROMETHEUS, now=now)),
    "a rise": lambda i, now: Outcome(
        life.follow_alerts(i, alerts(i, severity=Severity.CRITICAL, urgency=Urgency.HIGH), PROMETHEUS, now=now)
    ),
    "lost": lambda i, now: Outcome(life.step_lost(i, replace(i.position, step=max(0, i.position.step - 1)), now=now)),
    "time": lambda i, now: life.decide_due(i, PEOPLE, now=now),
    "time, muted": lambda i, now: life.decide_due(i, PEOPLE, now=now, hold=Hold(Decision.MUTED, "silenced", now + HOUR)),
}


def done(verb: str, given: Incident, now: datetime) -> Outcome:
    if verb in OTHERS:
        return OTHERS[verb](given, now)
    try:
        change = PERSON[verb](given, now)
    except (NotOpen, NotReopenable, CannotAct):
        return Outcome(given)
    if change is None:
        return Outcome(given)
    assert change.incident != given, "what changes nothing is no change"
    return Outcome(change.incident)


BORN = [
    incident(),
    incident(ack_timeout=None),
    incident(position=Position(), urgency=Urgency.LOW, severity=Severity.WARNING, step_at=NOW, next_at=NOW),
    incident(snapshot=Snapshot(POLICY, OTHER), position=Position(), step_at=NOW, next_at=NOW),
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(sorted({*PERSON, *OTHERS, "wait"})), max_size=25), st.sampled_from(BORN))
def test_whatever_happens(course: list[str], given: Incident) -> None:
    now, seen, paged = NOW, given, set()
    for verb in course:
        now += MINUTE
        if verb == "wait":
            now = max(now, seen.next_at or now)
        before, then = seen, done("time" if verb == "wait" else verb, seen, now)
        seen = then.incident
        assert seen.status is not Status.TRIGGERED or seen.next_at is not None, "somebody will be paged"
        assert seen.next_at == timers.next_at(seen), "one rule says when"
        assert (seen.escalation_state is EscalationState.SNOOZED) == (seen.snoozed_until is not None)
        assert seen.snoozed_until is None or seen.status is Status.ACKNOWLEDGED
        assert seen.affirmed_at is None or seen.status is Status.ACKNOWLEDGED
        assert seen.assigned_to_id is None or seen.status is not Status.ACKNOWLEDGED
        assert (seen.escalation_state is EscalationState.HELD) == (seen.held_until is not None)
        assert verb == "lost" or seen.position.cycle >= before.position.cycle
        if before.snoozed_until is not None and before.snoozed_until > now and verb != "a new alert" and before.tell_at is None:
            assert not then.pages, "nobody is paged before its end, unless there is news"
        for page in then.pages:
            place = (page.user_id, page.position.cycle, page.position.round, page.position.step)
            assert place not in paged, "a page in the place of an earlier one would not be sent"
            paged.add(place)
