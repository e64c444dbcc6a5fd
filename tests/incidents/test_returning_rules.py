"""`semantics.md` §§1, 6: an incident that a person triggers again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.building import ANA, BEN, HOUR, MINUTE, NOW, incident, user_id

from oncall.escalation.values import EscalationState, Position
from oncall.incidents.rules import life
from oncall.incidents.rules.returning import reopen_by_hand, unacknowledge
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.acting import NotOpen, NotReopenable
from oncall.timeline.values import Kind

LATER = NOW + 10 * MINUTE
ACKED = life.acknowledge(incident(), ANA, owner=user_id(ANA), now=NOW + MINUTE)
RESOLVED = life.resolve(ACKED, ANA, now=NOW + 2 * MINUTE)
CLOSED = incident(status=Status.CLOSED, step_at=None, next_at=None)
ANEW: dict[str, Any] = {
    "status": Status.TRIGGERED,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "resolved_at": None,
    "resolved_by": None,
    "position": Position(2, 1, 0),
    "step_at": LATER,
    "next_at": LATER,
    "escalation_state": EscalationState.RUNNING,
    "escalation_since": LATER,
}


@pytest.mark.parametrize(
    ("what", "given", "owner"),
    [
        ("nobody has it: a new cycle is due now, and who had it leads it no more", ACKED, None),
        ("whoever else was made its owner still is", replace(ACKED, owner_id=user_id(BEN)), user_id(BEN)),
        ("what was to be told, or confirmed, is told by the new cycle", replace(ACKED, tell_at=LATER, news=3, confirm_by=LATER), None),
        ("without an acknowledgement time-out as well", replace(ACKED, ack_timeout=None, next_at=None), None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_unacknowledged_is_triggered_again(what: str, given: Incident, owner: object) -> None:
    change = unacknowledge(given, BEN, reason=None, now=LATER)
    assert change is not None
    why = "unacknowledged by Ben through api"
    assert change.incident == replace(given, **ANEW, owner_id=owner, escalation_reason=why, tell_at=None, confirm_by=None, news=0)
    assert (change.kind, change.reason, change.cancels) == (Kind.UNACKNOWLEDGED, why, True)


def test_what_nobody_has_is_not_unacknowledged() -> None:
    assert unacknowledge(incident(), ANA, reason="late", now=LATER) is None


@pytest.mark.parametrize("after", [timedelta(0), MINUTE, 14 * MINUTE, 90 * HOUR], ids=str)
def test_what_is_resolved_is_reopened_by_hand_at_any_time(after: timedelta) -> None:
    change = reopen_by_hand(RESOLVED, BEN, reason="still slow", now=LATER + after)
    assert change is not None
    why = "reopened by Ben through api: still slow"
    again = ANEW | dict.fromkeys(("step_at", "next_at", "escalation_since"), LATER + after)
    assert change.incident == replace(RESOLVED, **again, escalation_reason=why)
    assert (change.kind, change.reason) == (Kind.REOPENED, why)


@pytest.mark.parametrize("given", [incident(), ACKED], ids=lambda i: i.status)
def test_what_is_open_is_not_reopened(given: Incident) -> None:
    assert reopen_by_hand(given, BEN, reason=None, group_taken_by=9, now=LATER) is None


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(NotOpen, match=r"^#1 is resolved, and only what is open can be unacknowledged: reopen it first\.$"):
        unacknowledge(RESOLVED, ANA, reason=None, now=LATER)
    with pytest.raises(NotOpen, match=r"if it fires again, a new incident opens\.$"):
        unacknowledge(CLOSED, ANA, reason=None, now=LATER)
    with pytest.raises(NotReopenable, match=r"^#1 is closed, and nothing reopens it") as refused:
        reopen_by_hand(CLOSED, ANA, reason=None, now=LATER)
    assert refused.value.members == {"incident_status": "closed", "allowed": []}
    with pytest.raises(
        NotReopenable, match=r"^#9 is open and gathers the same alerts as #1 did, and two cannot: go on with #9\.$"
    ) as refused:
        reopen_by_hand(RESOLVED, ANA, reason=None, group_taken_by=9, now=LATER)
    assert refused.value.members == {"incident_status": "resolved", "allowed": ["verify", "close"]}, "what was just refused is not advised"
