"""`semantics.md` §§1, 2, 4: "ack time-out …; snooze replaces it"; break-through "also ends a snooze"."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.incidents.building import ANA, BEN, HOUR, MINUTE, NOW, PROMETHEUS, incident, user_id
from tests.incidents.test_life_rules import PEOPLE

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Note, Position
from oncall.incidents.rules import life, timers
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.life import AlertsNow
from oncall.incidents.rules.snoozing import snooze, until_of
from oncall.incidents.values import Decision, Incident, PendingAction, Severity, Status
from oncall.incidents.values.acting import CannotAct, NotOpen
from oncall.timeline.values import Kind

LATER, TWO = NOW + 10 * MINUTE, NOW + 2 * HOUR
DAY = timedelta(days=1)
SNOOZED, STOPPED, RUNNING = EscalationState.SNOOZED, EscalationState.STOPPED, EscalationState.RUNNING
ACKED = life.acknowledge(incident(), ANA, owner=user_id(ANA), now=NOW + MINUTE)


def snoozed(before: Incident = ACKED, until: datetime = TWO, **changes: Any) -> Incident:
    change = snooze(before, BEN, owner=user_id(BEN), until=until, now=LATER)
    assert change is not None
    return replace(change.incident, **changes)


@pytest.mark.parametrize(
    ("what", "duration", "until", "expected"),
    [
        ("for an hour", HOUR, None, NOW + HOUR),
        ("until an instant", None, TWO, TWO),
        ("a minute at least", MINUTE, None, NOW + MINUTE),
        ("seven days at most", None, NOW + 7 * DAY, NOW + 7 * DAY),
        ("neither", None, None, "duration"),
        ("both", HOUR, TWO, "duration"),
        ("too short", MINUTE - timedelta(seconds=1), None, "duration"),
        ("too long", 7 * DAY + MINUTE, None, "duration"),
        ("already over", None, NOW - HOUR, "until"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_how_long(what: str, duration: timedelta | None, until: datetime | None, expected: datetime | str) -> None:
    if isinstance(expected, datetime):
        assert until_of(duration, until, now=NOW) == expected
        return
    with pytest.raises(CannotAct) as refused:
        until_of(duration, until, now=NOW)
    assert refused.value.field == expected


@pytest.mark.parametrize(
    ("what", "given", "acknowledged_at", "by"),
    [
        ("what nobody has is acknowledged by whoever snoozes it", incident(), LATER, BEN),
        ("so is what is held", incident(escalation_state=EscalationState.HELD, held_until=TWO, next_at=TWO), LATER, BEN),
        ("what somebody has stays theirs", ACKED, NOW + MINUTE, ANA),
        ("the news of what somebody has are heard by whoever snoozes it", replace(ACKED, tell_at=LATER, news=2), LATER, BEN),
        ("so is what was told and nobody confirmed", replace(ACKED, confirm_by=LATER + MINUTE), LATER, BEN),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_nothing_is_paged_until_then(what: str, given: Incident, acknowledged_at: datetime, by: object) -> None:
    change = snooze(given, BEN, owner=user_id(BEN), until=TWO, reason="after the deploy", now=LATER)
    assert change is not None
    then, why = change.incident, "snoozed until 2026-03-02T14:00:00Z by Ben through api: after the deploy"
    assert (then.status, then.escalation_state, then.escalation_reason) == (Status.ACKNOWLEDGED, SNOOZED, why)
    assert (then.snoozed_until, then.next_at, then.held_until) == (TWO, TWO, None)
    assert (then.acknowledged_at, then.acknowledged_by) == (acknowledged_at, by)
    assert (then.news, then.tell_at, then.confirm_by) == (0, None, None)
    assert (change.kind, change.reason, change.cancels) == (Kind.SNOOZED, why, True)


@pytest.mark.parametrize("ack_timeout", [30 * MINUTE, 3 * HOUR, None], ids=str)
@pytest.mark.parametrize("urgency", list(Urgency))
def test_its_end_is_what_happens_next_in_place_of_the_time_out(urgency: Urgency, ack_timeout: timedelta | None) -> None:
    given = snoozed(replace(ACKED, urgency=urgency, ack_timeout=ack_timeout))
    assert timers.pending_actions(given) == (PendingAction("end_snooze", TWO),)


def test_a_second_snooze_takes_the_place_of_the_first_and_the_same_one_changes_nothing() -> None:
    assert snooze(snoozed(), ANA, owner=None, until=TWO, now=LATER) is None
    longer = snooze(snoozed(), ANA, owner=None, until=TWO + HOUR, now=LATER + MINUTE)
    assert longer is not None
    assert (longer.incident.snoozed_until, longer.incident.next_at) == (TWO + HOUR, TWO + HOUR)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_what_is_over_is_not_snoozed(status: Status) -> None:
    with pytest.raises(NotOpen):
        snooze(incident(status=status, resolved_at=NOW), ANA, owner=None, until=TWO, now=LATER)


# --- what ends it -----------------------------------------------------------------------------------------------------------


def test_at_its_end_a_new_cycle_pages_the_current_on_call_and_whoever_has_it() -> None:
    given = snoozed(life.acknowledge(incident(), BEN, owner=user_id(BEN), now=NOW))
    then = life.decide_due(given, PEOPLE, now=TWO)
    assert (then.incident.status, then.incident.escalation_state, then.incident.snoozed_until) == (Status.TRIGGERED, RUNNING, None)
    assert (then.incident.position, then.incident.next_at) == (Position(2, 1, 1), TWO + 5 * MINUTE)
    assert {page.user_id for page in then.pages} == {user_id(ANA), user_id(BEN)}
    reason = "the time it was snoozed for is over (snoozed until 2026-03-02T14:00:00Z by Ben through api); it is triggered again"
    assert then.notes[0] == Note("snooze_ended", reason)


def test_at_its_end_what_is_muted_is_held() -> None:
    then = life.decide_due(snoozed(), PEOPLE, now=TWO, hold=Hold(Decision.MUTED, "silenced", TWO + HOUR))
    assert (then.incident.status, then.incident.escalation_state, then.pages) == (Status.TRIGGERED, EscalationState.HELD, ())


def test_before_its_end_time_does_nothing() -> None:
    assert life.decide_due(snoozed(), PEOPLE, now=TWO - MINUTE).incident == snoozed()


def test_acknowledging_ends_it_and_the_time_out_begins_anew() -> None:
    then = life.acknowledge(snoozed(), BEN, owner=user_id(BEN), now=LATER + MINUTE)
    assert (then.status, then.escalation_state, then.snoozed_until) == (Status.ACKNOWLEDGED, STOPPED, None)
    assert (then.acknowledged_by, then.next_at) == (BEN, LATER + 31 * MINUTE)


def test_the_word_of_a_monitor_does_not_end_it() -> None:
    assert life.acknowledge(snoozed(), PROMETHEUS, owner=None, now=LATER + MINUTE) == snoozed()


def test_resolving_ends_it() -> None:
    then = life.resolve(snoozed(), ANA, now=LATER + MINUTE)
    assert (then.escalation_state, then.snoozed_until, then.next_at) == (STOPPED, None, LATER + 16 * MINUTE)


@pytest.mark.parametrize(
    ("what", "given", "alerts", "news"),
    [
        ("a new alert", snoozed(), {"joined": 1}, "1 more alert since Ana acknowledged it"),
        (
            "a rise",
            snoozed(replace(ACKED, severity=Severity.WARNING)),
            {"severity": Severity.CRITICAL},
            "severity rose to critical since Ana acknowledged it",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_news_end_it(what: str, given: Incident, alerts: dict[str, Any], news: str) -> None:
    said = AlertsNow(**{"open": 2, "acknowledged": 0, "severity": given.severity, "urgency": Urgency.HIGH} | {"reopened": False} | alerts,
                     acknowledging=False)  # fmt: skip
    told = life.follow_alerts(given, said, PROMETHEUS, now=LATER + MINUTE)
    assert (told.escalation_state, told.next_at) == (SNOOZED, LATER + MINUTE), "they are told at once, and that ends it"
    then = life.decide_due(told, PEOPLE, now=LATER + MINUTE).incident
    assert (then.status, then.escalation_state, then.snoozed_until) == (Status.ACKNOWLEDGED, STOPPED, None)
    assert then.escalation_reason == f"acknowledged, and its snooze was ended by news: {news}"
    assert timers.pending_actions(then) == (PendingAction("retrigger", LATER + 6 * MINUTE),), "unless somebody confirms it"


def test_news_that_are_muted_do_not() -> None:
    given = replace(snoozed(), news=1, tell_at=LATER + MINUTE, next_at=LATER + MINUTE)
    then = life.decide_due(given, PEOPLE, now=LATER + MINUTE, hold=Hold(Decision.MUTED, "silenced", LATER + HOUR)).incident
    assert (then.escalation_state, then.next_at, then.tell_at) == (SNOOZED, LATER + HOUR, LATER + HOUR)


@pytest.mark.parametrize(("firing", "status"), [(True, Status.ACKNOWLEDGED), (False, Status.RESOLVED)])
def test_alerts_that_settle_meanwhile_page_at_its_end(firing: bool, status: Status) -> None:
    given = timers.timed(snoozed(flapping_since=NOW, settle_at=LATER + MINUTE))
    then = life.decide_due(given, PEOPLE, now=LATER + MINUTE, firing=firing)
    assert (then.incident.status, then.pages, then.incident.flapping_since) == (status, (), None)
    assert then.incident.snoozed_until == (TWO if firing else None)
