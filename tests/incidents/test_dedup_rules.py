"""`semantics.md` §2: what a run of events about one problem does."""

from datetime import datetime, timedelta
from itertools import chain, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.incidents.building import HOUR, NOW, alert, event

from oncall.incidents.rules.dedup import RANK, decide_run, needs_incident, sensible_instant, waves
from oncall.incidents.values import Action, Alert, Decision, Event, Severity

TRIGGER, ACKNOWLEDGE, RESOLVE, IGNORE = Action.TRIGGER, Action.ACKNOWLEDGE, Action.RESOLVE, Action.IGNORE
CRITICAL, ERROR, WARNING, INFO = Severity.CRITICAL, Severity.ERROR, Severity.WARNING, Severity.INFO


def run(*severities: Severity, action: Action = TRIGGER) -> list[Event]:
    return [event(action=action, severity=severity) for severity in severities]


@pytest.mark.parametrize(
    ("what", "events", "met", "decisions", "change"),
    [
        ("the first trigger opens", run(ERROR), None, [Decision.OPENED], (1, ERROR, True, False)),
        (
            "repeats in one run count, and the gravest severity is the alert's",
            run(WARNING, CRITICAL, INFO),
            None,
            [Decision.OPENED, Decision.DEDUPLICATED, Decision.DEDUPLICATED],
            (3, CRITICAL, True, False),
        ),
        ("a repeat of an open alert only counts", run(CRITICAL), alert(), [Decision.DEDUPLICATED], (1, CRITICAL, True, False)),
        ("the latest word on severity stands", run(CRITICAL, WARNING), alert(), [Decision.DEDUPLICATED] * 2, (2, WARNING, True, False)),
        (
            "but within one run nothing hides a rise",
            run(CRITICAL, INFO),
            alert(severity=WARNING),
            [Decision.DEDUPLICATED] * 2,
            (2, CRITICAL, True, False),
        ),
        (
            "a repeat of what its monitor acknowledged leaves it acknowledged",
            run(CRITICAL),
            alert(acknowledged=True),
            [Decision.DEDUPLICATED],
            (1, CRITICAL, True, True),
        ),
        (
            "inside the reopen window the same key reopens, and is not acknowledged any more",
            run(ERROR, ERROR),
            alert(is_open=False, acknowledged=True),
            [Decision.REOPENED, Decision.DEDUPLICATED],
            (2, ERROR, True, False),
        ),
        ("a resolve resolves", run(INFO, action=RESOLVE), alert(), [Decision.RESOLVED], (0, CRITICAL, False, False)),
        (
            "the second of two in one batch finds nothing open",
            run(INFO, INFO, action=RESOLVE),
            alert(),
            [Decision.RESOLVED, Decision.NO_OPEN_ALERT],
            (0, CRITICAL, False, False),
        ),
        ("a resolve with nothing open creates nothing", run(INFO, action=RESOLVE), None, [Decision.NO_OPEN_ALERT], None),
        ("nor does one of what is resolved already", run(INFO, action=RESOLVE), alert(is_open=False), [Decision.NO_OPEN_ALERT], None),
        ("a monitor acknowledges its alert", run(INFO, action=ACKNOWLEDGE), alert(), [Decision.ACKNOWLEDGED], (0, CRITICAL, True, True)),
        ("an acknowledgement of nothing", run(INFO, INFO, action=ACKNOWLEDGE), None, [Decision.NO_OPEN_ALERT] * 2, None),
        ("what says nothing is recorded and ignored", run(INFO, action=IGNORE), alert(), [Decision.IGNORED], None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_decide_run(
    what: str, events: list[Event], met: Alert | None, decisions: list[Decision], change: tuple[int, Severity, bool, bool] | None
) -> None:
    decided, changed = decide_run(events, met)
    assert [d.decision for d in decided] == decisions
    assert [d.event_id for d in decided] == [e.id for e in events]
    assert (changed and (changed.seen, changed.severity, changed.is_open, changed.acknowledged)) == change
    assert all(d.reason for d in decided if d.decision is not Decision.IGNORED)


@pytest.mark.parametrize(
    ("what", "action", "met", "reason"),
    [
        ("what opens", TRIGGER, None, "unmapped, x: no alert with this dedup key was open"),
        ("what repeats", TRIGGER, alert(), "unmapped, x: an alert with this dedup key is open already"),
        ("what ends", RESOLVE, alert(), "unmapped, x: its monitor resolved it"),
        ("what is seen", ACKNOWLEDGE, alert(), "unmapped, x: its monitor acknowledged it"),
        ("an end of nothing", RESOLVE, None, "unmapped, x: no alert with this dedup key is open in the service"),
    ],
)
def test_what_its_reading_says_of_an_event_stands_before_what_was_decided(
    what: str, action: Action, met: Alert | None, reason: str
) -> None:
    [decided], _ = decide_run([event(action=action, reason="unmapped, x")], met)
    assert decided.reason == reason, what


def test_an_unreadable_event_opens_and_says_that_it_was_unreadable_and_why() -> None:
    [decided], change = decide_run([event(unreadable=True, reason="it is not JSON")], None)
    assert (decided.decision, decided.reason) == (Decision.UNREADABLE, "it is not JSON: no alert with this dedup key was open")
    assert change is not None


@pytest.mark.parametrize(
    ("what", "events", "met", "expected"),
    [
        ("what opens locks nothing that exists", run(CRITICAL), None, False),
        ("a repeat never locks the incident", run(CRITICAL, WARNING), alert(), False),
        ("a fall in severity neither", run(INFO), alert(), False),
        ("a rise in severity does", run(CRITICAL), alert(severity=WARNING), True),
        ("a rise in the middle of a run does", run(INFO, CRITICAL, INFO), alert(severity=WARNING), True),
        ("a reopening does", run(INFO), alert(is_open=False), True),
        ("a resolve does", run(INFO, action=RESOLVE), alert(), True),
        ("an acknowledgement does", run(INFO, action=ACKNOWLEDGE), alert(), True),
        ("what is ignored does not", run(INFO, action=IGNORE), alert(), False),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_which_runs_need_the_incident(what: str, events: list[Event], met: Alert | None, expected: bool) -> None:
    assert needs_incident(events, met) is expected


def test_unknown_severity_ranks_above_warning_since_it_pages() -> None:
    assert sorted(Severity, key=RANK.__getitem__) == [INFO, WARNING, Severity.UNKNOWN, ERROR, CRITICAL]


batches = st.lists(st.builds(event, st.sampled_from("abc"), st.sampled_from(Action), st.sampled_from(Severity)), max_size=30)


@given(batches)
def test_waves_keep_each_keys_order_and_lose_nothing(events: list[Event]) -> None:
    cut = waves(events)
    assert sorted(e.id for wave in cut for its in wave.values() for e in its) == sorted(e.id for e in events)
    for key in "abc":
        its = [e for e in events if e.dedup_key == key]
        assert list(chain.from_iterable(run for wave in cut for k, run in wave.items() if k[1] == key)) == its
        assert sum(1 for wave in cut for k in wave if k[1] == key) == sum(1 for _ in groupby(its, key=lambda e: e.action))
    assert all(len({e.action for e in its}) == 1 for wave in cut for its in wave.values())


@given(st.lists(st.sampled_from(Severity), min_size=1, max_size=6), st.none() | st.builds(alert, is_open=st.booleans()))
def test_every_event_of_a_run_has_exactly_one_decision(severities: list[Severity], met: Alert | None) -> None:
    for action in Action:
        events = run(*severities, action=action)
        decided, change = decide_run(events, met)
        assert [d.event_id for d in decided] == [e.id for e in events]
        assert change is None or change.seen == (len(events) if action is TRIGGER else 0)


@pytest.mark.parametrize(
    ("what", "claimed", "expected"),
    [
        ("none claimed", None, None),
        ("a week ago can be true", NOW - timedelta(days=7), NOW - timedelta(days=7)),
        ("more cannot", NOW - timedelta(days=7, seconds=1), None),
        ("an hour ahead is a clock that is off", NOW + HOUR, NOW + HOUR),
        ("more is nonsense", NOW + HOUR + timedelta(seconds=1), None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_the_instant_that_a_monitor_claims(what: str, claimed: datetime | None, expected: datetime | None) -> None:
    assert sensible_instant(claimed, now=NOW) == expected
