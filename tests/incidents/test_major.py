"""Major incidents: declared, led, not closed by themselves, stood down."""

from typing import Any

import pytest
from tests.incidents.acting import paged, responder, said_next
from tests.incidents.building import ANA, NOW, incident, rows
from tests.system import System

from oncall.desk.values import Priority
from oncall.incidents.rules import major
from oncall.incidents.rules.timers import pending_action
from oncall.incidents.values import Status
from oncall.incidents.values.acting import NotOpen
from oncall.incidents.values.major import StaysMajor


@pytest.mark.parametrize(
    ("what", "given", "closes"),
    [
        ("what is resolved is closed by itself", {}, True),
        ("a major one is not", {"is_major": True}, False),
    ],
)
def test_no_auto_close(what: str, given: dict[str, Any], closes: bool) -> None:
    resolved = incident(status=Status.RESOLVED, resolved_at=NOW, **given)
    assert (pending_action(resolved) is not None) is closes


def test_the_gravest_priority_stays_major() -> None:
    with pytest.raises(StaysMajor, match="#1 is P1"):
        major.stood_down(incident(is_major=True, priority=Priority.P1), ANA, reason="over")


def test_what_is_closed_stays_as_it_was_filed() -> None:
    for verb in (major.declared, major.stood_down):
        with pytest.raises(NotOpen, match="closed"):
            verb(incident(status=Status.CLOSED, is_major=verb is major.stood_down), ANA, reason="why")


async def test_declared_and_stood_down_each_once_with_its_reason(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    done = await ana.does(id, "declare-major", reason="all shops are down")
    assert (done["is_major"], done["changed"], done["owed"]) == (True, True, ["commander"])
    again = await ana.does(id, "declare-major", reason="once more")
    assert (again["is_major"], again["changed"]) == (True, False)
    assert (await system.incident(id))["owed"] == ["commander"]
    done = await ana.does(id, "stand-down", reason="only one shop")
    assert (done["is_major"], done["changed"], done["owed"]) == (False, True, [])
    told = [entry for entry in await system.reasons(id) if "major incident" in entry]
    assert told == [
        "major_declared: declared a major incident by Ana through api: all shops are down",
        "stood_down: stood down from a major incident by Ana through api: only one shop",
    ]


async def test_a_reason_is_obligatory(system: System) -> None:
    _, id = await paged(system)
    answer = await system.api.post(f"/api/v1/incidents/{id}/declare-major", json={})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, "body.reason")


async def test_a_major_one_is_resolved_and_waits_to_be_closed(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "declare-major", reason="all shops are down")
    done = await ana.does(id, "resolve")
    assert (done["status"], said_next(done)) == ("resolved", [])
    await system.advance(hours=2)
    assert (await system.incident(id))["status"] == "resolved"
    await ana.does(id, "stand-down", reason="it was small")
    await system.advance(minutes=1)
    assert (await system.incident(id))["status"] == "closed", "its reopen window has passed long ago"


async def test_what_is_written_of_it_meanwhile_takes_nothing_back(system: System) -> None:
    """Whoever holds it as it was before writes all else of it, and not this."""
    _, id = await paged(system)
    await (await responder(system, "Ana")).does(id, "declare-major", reason="all shops are down")
    await system.advance(minutes=6)
    await (await responder(system, "Ben")).does(id, "snooze", duration="PT1H")
    assert await rows(system, "SELECT is_major FROM incidents") == [(True,)]


async def test_the_gravest_priority_makes_it_one_and_keeps_it_so(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    done = await ana.does(id, "priority", priority="P1", reason="every shop is down")
    assert (done["is_major"], done["owed"]) == (True, ["commander"])
    assert "major_declared: declared a major incident by Ana through api: it is P1" in await system.reasons(id)
    assert (await ana.is_refused(id, "stand-down", reason="no"))[:2] == (409, "stays_major")
    await ana.does(id, "priority", priority="P2", reason="one shop")
    assert (await system.incident(id))["is_major"] is True, "whoever led it so says when that is over"
    assert (await ana.does(id, "stand-down", reason="one shop"))["is_major"] is False
