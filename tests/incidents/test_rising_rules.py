"""What is low because its service's support hours do not run becomes high when they begin; what steps ask of an incident. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.desk.building import calendar
from tests.incidents.building import ANA, BEN, HOUR, MINUTE, NOW, POLICY, SERVICE, incident, target, user_id
from tests.incidents.test_life_rules import PEOPLE, acknowledged, resolved
from tests.services.test_support_rules import service

from oncall.contacts.values import Urgency
from oncall.desk.values import Priority
from oncall.escalation.values import About, EscalationState, Position, Snapshot, Support
from oncall.incidents.rules import life, timers
from oncall.incidents.rules.conditions import about
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.merging import absorb
from oncall.incidents.rules.splitting import split_off
from oncall.incidents.values import Decision, Incident, PendingAction, Severity, Status
from oncall.incidents.values.merging import Moving
from oncall.kit.ids import AlertId, IncidentId

LOW = EscalationState.LOW_URGENCY
DAY = timedelta(days=1)
NIGHT, MORNING = datetime(2026, 3, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, 9, tzinfo=UTC)
OPEN, SHUT = Support(runs=True), Support(runs=False, begins_at=NOW + 3 * HOUR)
BEGAN = "urgency_raised"


def people(support: Support | None) -> Any:
    return replace(PEOPLE, support={SERVICE: support} if support else {})


def low(**changes: Any) -> Incident:
    """One that paged at low urgency in the night, and rises now."""
    made = incident(urgency=Urgency.LOW, escalation_state=LOW, position=Position(1, 2, 0), step_at=NOW + DAY, rises_at=NOW)
    return timers.timed(replace(made, **changes))


def kinds(outcome: life.Outcome) -> list[str]:
    return [note.kind for note in outcome.notes]


@pytest.mark.parametrize(
    ("what", "given", "expected"),
    [
        ("it rises before its next reminder", low(), PendingAction("rise", NOW)),
        ("or is reminded before it rises", low(rises_at=NOW + 2 * DAY), PendingAction("remind", NOW + DAY)),
        ("acknowledged, with nothing else planned", low(status=Status.ACKNOWLEDGED, acknowledged_at=NOW), PendingAction("rise", NOW)),
        ("what is high does not rise", low(urgency=Urgency.HIGH), PendingAction("remind", NOW + DAY)),
        ("what is resolved is closed", resolved(before=low()), PendingAction("close", NOW + 15 * MINUTE)),
    ],
)
def test_what_comes_next(what: str, given: Incident, expected: PendingAction) -> None:
    assert timers.pending_action(given) == expected, what
    assert given.next_at == expected.at


def test_when_they_begin_it_pages_anew_from_its_first_step_on_at_high_urgency() -> None:
    then = life.decide_due(low(), people(OPEN), now=NOW)
    assert [(page.user_id, page.position) for page in then.pages] == [(user_id(ANA), Position(2, 1, 0))]
    assert kinds(then) == [BEGAN, "step_fired"]
    after = then.incident
    assert (after.urgency, after.rises_at, after.escalation_state) == (Urgency.HIGH, None, EscalationState.RUNNING)
    assert after.next_at == NOW + 5 * MINUTE, "and climbs from there"


def test_late_by_hours_it_rises_once() -> None:
    then = life.decide_due(low(), people(OPEN), now=NOW + 7 * HOUR)
    assert kinds(then) == [BEGAN, "step_fired"]
    assert life.decide_due(then.incident, people(OPEN), now=NOW + 7 * HOUR).pages == ()


@pytest.mark.parametrize(
    ("what", "support", "rises_at"),
    [("they begin later now", SHUT, NOW + 3 * HOUR), ("they run", OPEN, None), ("it has none any more, which is always", None, None)],
)
def test_support_hours_may_be_others_than_when_it_opened(what: str, support: Support | None, rises_at: datetime | None) -> None:
    then = life.decide_due(low(), people(support), now=NOW)
    assert then.incident.rises_at == rises_at, what
    assert then.incident.urgency is (Urgency.LOW if rises_at else Urgency.HIGH), what
    assert bool(then.pages) == (rises_at is None), what
    assert then.incident.next_at is not None
    assert then.incident.next_at > NOW


def test_acknowledged_it_stays_acknowledged_and_its_time_out_begins_to_count() -> None:
    had = replace(acknowledged(NOW - 10 * MINUTE), urgency=Urgency.LOW, rises_at=NOW)
    assert timers.timed(had).next_at == NOW
    then = life.decide_due(timers.timed(had), people(OPEN), now=NOW)
    assert (then.incident.status, then.incident.urgency, then.pages) == (Status.ACKNOWLEDGED, Urgency.HIGH, ())
    assert then.incident.next_at == NOW + 20 * MINUTE, "half an hour after the acknowledgement"
    old = replace(acknowledged(NOW - 10 * HOUR), urgency=Urgency.LOW, rises_at=NOW)
    again = life.decide_due(timers.timed(old), people(OPEN), now=NOW)
    assert again.incident.status is Status.TRIGGERED, "at once, if the acknowledgement is that old"
    assert again.pages


def test_what_is_held_becomes_urgent_and_stays_held() -> None:
    hold = Hold(Decision.HELD_MAINTENANCE, "maintenance", NOW + HOUR)
    then = life.decide_due(low(), people(OPEN), now=NOW, hold=hold)
    assert (then.incident.urgency, then.incident.escalation_state, then.pages) == (Urgency.HIGH, EscalationState.HELD, ())
    freed = life.decide_due(then.incident, people(OPEN), now=NOW + HOUR)
    assert [page.user_id for page in freed.pages] == [user_id(ANA)]


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_what_is_over_does_not_rise(status: Status) -> None:
    over = replace(resolved(before=low()), status=status)
    then = life.decide_due(over, people(OPEN), now=NOW)
    assert (then.incident.urgency, then.pages) == (Urgency.LOW, ())


@pytest.mark.parametrize(("support", "urgency"), [(OPEN, Urgency.HIGH), (SHUT, Urgency.LOW)])
def test_what_comes_back_after_they_began_rises_if_they_run(support: Support, urgency: Urgency) -> None:
    back = life.reopen(resolved(before=low(rises_at=NOW + MINUTE)), now=NOW + 10 * MINUTE)
    assert back.next_at == NOW + MINUTE, "it is overdue"
    then = life.decide_due(back, people(support), now=NOW + 10 * MINUTE)
    assert then.incident.urgency is urgency
    assert bool(then.pages) == (urgency is Urgency.HIGH), "nobody had touched it: its next reminder is kept"


@pytest.mark.parametrize(
    ("what", "own", "others", "expected"),
    [
        ("the earliest of them", NOW + HOUR, [None, NOW + MINUTE], NOW + MINUTE),
        ("its own", NOW + MINUTE, [NOW + HOUR], NOW + MINUTE),
        ("what others waited for, it waits for", None, [NOW + HOUR], NOW + HOUR),
        ("none", None, [None], None),
    ],
)
def test_what_takes_others_in_rises_with_the_first_of_them(
    what: str, own: datetime | None, others: list[datetime | None], expected: datetime | None
) -> None:
    sources = [replace(low(rises_at=at), id=IncidentId(UUID(int=20 + n))) for n, at in enumerate(others)]
    assert absorb(low(rises_at=own), sources, open_alerts={}, now=NOW).rises_at == expected, what


def test_what_takes_in_something_urgent_is_urgent_at_once() -> None:
    after = absorb(low(rises_at=NOW + HOUR), [replace(incident(), id=IncidentId(UUID(int=20)))], open_alerts={}, now=NOW)
    assert (after.urgency, after.rises_at) == (Urgency.HIGH, None)


@pytest.mark.parametrize(
    ("what", "before", "at", "urgency", "rises"),
    [
        ("in the night", low(rises_at=MORNING), NIGHT, Urgency.LOW, MORNING),
        ("of what is low by a rule", low(rises_at=None), NIGHT, Urgency.LOW, None),
        ("of what was high before the night", incident(), NIGHT, Urgency.HIGH, None),
    ],
)
def test_what_is_split_off_rises_like_the_other(
    what: str, before: Incident, at: datetime, urgency: Urgency, rises: datetime | None
) -> None:
    hours = replace(service(hours=calendar()), id=SERVICE)
    leaving = [Moving(AlertId(UUID(int=1)), before.id, 1, SERVICE, True, Severity.CRITICAL, "disk", NOW, None)]
    made = split_off(before, leaving, hours, Snapshot(POLICY), IncidentId(UUID(int=9)), now=at)
    assert (made.urgency, made.rises_at) == (urgency, rises), what


def test_what_steps_ask_of_an_incident() -> None:
    assert about(incident(priority=Priority.P2), people(None)) == About("critical", Priority.P2, is_supported=True)
    assert about(incident(), people(SHUT)) == About("critical", None, is_supported=False)
    assert about(incident(), people(OPEN)) == About("critical", None, is_supported=True)


@pytest.mark.parametrize(
    ("support", "priority", "paged"), [(OPEN, Priority.P1, ANA), (SHUT, Priority.P1, BEN), (OPEN, Priority.P2, BEN), (OPEN, None, BEN)]
)
def test_a_step_that_is_not_for_it_is_skipped_with_its_reason(support: Support, priority: Priority | None, paged: Any) -> None:
    first = replace(POLICY.steps[0], priorities=(Priority.P1,), in_support_hours=True)
    of = replace(POLICY, steps=(first, replace(POLICY.steps[1], targets=(target(BEN),))))
    due = timers.timed(incident(snapshot=Snapshot(of), position=Position(), step_at=NOW, priority=priority))
    then = life.decide_due(due, people(support), now=NOW)
    assert [page.user_id for page in then.pages] == [user_id(paged)]
    assert ("step_skipped" in kinds(then)) == (paged is BEN)
