"""`semantics.md` §4: an acknowledgement times out, unless whoever has it says that they are still on it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.incidents.acting import paged, responder, said_next
from tests.incidents.building import ANA, BEN, MINUTE, NOW, PROMETHEUS, incident, user_id
from tests.system import System

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState
from oncall.incidents.rules import life
from oncall.incidents.rules.affirming import affirm
from oncall.incidents.rules.snoozing import snooze
from oncall.incidents.values import Incident, Status
from oncall.kit.actors import Actor
from oncall.timeline.values import Kind

ACKED = life.acknowledge(incident(), ANA, owner=user_id(ANA), now=NOW)
BY_MONITOR = life.acknowledge(incident(), PROMETHEUS, owner=None, now=NOW)
LATER = NOW + 20 * MINUTE


def snoozed() -> Incident:
    change = snooze(ACKED, ANA, owner=None, until=NOW + 60 * MINUTE, now=NOW)
    assert change is not None
    return change.incident


@pytest.mark.parametrize("via", ["api", "link"])
def test_the_time_out_begins_anew_and_when_it_was_acknowledged_stays(via: str) -> None:
    change = affirm(ACKED, replace(ANA, via=via), now=LATER)
    assert change is not None
    assert change.incident == replace(ACKED, affirmed_at=LATER, next_at=LATER + 30 * MINUTE)
    assert (change.kind, change.reason, change.cancels) == (
        Kind.ACKNOWLEDGED,
        f"acknowledged again by Ana through {via}: still on it",
        False,
    )


@pytest.mark.parametrize(
    ("what", "given", "by", "minutes"),
    [
        ("somebody else has it", ACKED, BEN, 20),
        ("a monitor has it, and does not say so by that key", BY_MONITOR, ANA, 20),
        ("nobody has it", incident(), ANA, 20),
        ("it is over", life.resolve(ACKED, ANA, now=NOW), ANA, 20),
        ("said a moment ago, it is the same word", ACKED, ANA, 0.9),
        ("also if that was a word like this", replace(ACKED, affirmed_at=LATER - MINUTE / 2), ANA, 20),
        ("at low urgency nothing times out", replace(ACKED, urgency=Urgency.LOW), ANA, 20),
        ("in this service nothing times out", replace(ACKED, ack_timeout=None), ANA, 20),
        ("snoozed, it is acknowledged instead", snoozed(), ANA, 20),
        ("there is news, which is acknowledged", replace(ACKED, confirm_by=LATER), ANA, 20),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_else_nothing_changes(what: str, given: Incident, by: Actor, minutes: float) -> None:
    assert affirm(given, by, now=NOW + minutes * MINUTE) is None


@pytest.mark.parametrize(
    ("what", "then"),
    [
        ("acknowledged anew", life.acknowledge(replace(ACKED, affirmed_at=LATER, confirm_by=LATER), BEN, owner=None, now=LATER + MINUTE)),
        ("resolved", life.resolve(replace(ACKED, affirmed_at=LATER), ANA, now=LATER + MINUTE)),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_the_word_counts_as_long_as_they_have_it(what: str, then: Incident) -> None:
    assert then.affirmed_at is None
    if then.status is Status.ACKNOWLEDGED:
        assert (then.escalation_state, then.next_at) == (EscalationState.STOPPED, LATER + 31 * MINUTE)


async def test_still_on_it(system: System) -> None:
    _, id = await paged(system)
    ana, ben = await responder(system, "Ana"), await responder(system, "Ben")
    first: dict[str, Any] = await ana.does(id, "acknowledge")
    await system.advance(minutes=20)
    other = await ben.does(id, "acknowledge")
    assert (other["changed"], other["acknowledged_by"]["name"], said_next(other)) == (False, "Ana", [("retrigger", "12:30")])
    again = await ana.does(id, "acknowledge")
    assert (again["changed"], again["cancelled_pages"], said_next(again)) == (True, 0, [("retrigger", "12:50")])
    assert again["acknowledged_at"] == first["acknowledged_at"]
    assert (await ana.does(id, "acknowledge"))["changed"] is False, "the same word"
    await system.advance(minutes=29)
    assert system.pages() == []
    await system.advance(minutes=1)
    assert system.pages() == ["Ana"]
    assert [line for line in await system.reasons(id) if line.startswith("acknowledged")] == [
        "acknowledged: acknowledged by Ana through api",
        "acknowledged: acknowledged again by Ana through api: still on it",
    ]
    had = await ana.does(id, "acknowledge")
    assert (had["changed"], said_next(had)) == (True, [("retrigger", "13:20")])
