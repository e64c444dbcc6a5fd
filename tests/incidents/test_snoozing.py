"""Snoozing, by people with nothing but a key."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from tests.incidents.acting import paged, people, responder, said_next, standing
from tests.incidents.building import MINUTE, blocked, monitored, rows
from tests.system import System

from oncall.kit import failpoints
from oncall.kit.db import Pool


async def test_nobody_is_paged_until_then_and_then_the_on_call_and_whoever_has_it(system: System) -> None:
    _, id = await paged(system)
    ben = await responder(system, "Ben")
    done = await ben.does(id, "snooze", duration="PT2H", reason="after the deploy")
    assert standing(done)[:2] == ("acknowledged", "snoozed")
    assert done["escalation"]["reason"] == "snoozed until 2026-03-02T14:00:00Z by Ben through api: after the deploy"
    assert done["escalation"]["until"] == "2026-03-02T14:00:00Z"
    assert (done["changed"], done["acknowledged_by"]["name"], done["owner"]["name"]) == (True, "Ben", "Ben")
    assert said_next(done) == [("end_snooze", "14:00")]
    await system.advance(minutes=119)
    assert system.pages() == []
    await system.advance(minutes=1)
    assert sorted(system.pages()) == ["Ana", "Ben"]
    assert standing(await system.incident(id)) == ("triggered", "running", 2, 2)
    how = "snoozed until 2026-03-02T14:00:00Z by Ben through api: after the deploy"
    assert [line for line in await system.reasons(id) if line.startswith("snooze")] == [
        f"snoozed: {how}",
        f"snooze_ended: the time it was snoozed for is over ({how}); it is triggered again",
    ]


async def test_it_cancels_what_is_pending_in_the_same_transaction(system: System) -> None:
    monitor = await monitored(system)
    [decided] = await monitor.says(monitor.event())
    ben = await responder(system, "Ben")
    answer = await ben.asks(decided.incident_id, "snooze", until="2026-03-02T16:00:00+01:00")
    assert (answer.status_code, answer.json()["cancelled_pages"]) == (200, 1)
    assert answer.json()["escalation"]["until"] == "2026-03-02T15:00:00Z"
    await system.run_due()
    assert system.pages() == []
    assert await rows(system, "SELECT status FROM notifications") == [("cancelled",)]


async def test_it_takes_the_place_of_the_time_out_and_of_the_snooze_before(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    await ana.does(id, "snooze", duration="PT1H")
    assert (await ana.does(id, "snooze", duration=3 * 3600))["changed"] is True
    again = await ana.does(id, "snooze", until="2026-03-02T15:00:00Z")
    assert (again["changed"], said_next(again)) == (False, [("end_snooze", "15:00")])
    await system.advance(minutes=179)
    assert system.pages() == []
    assert [item["id"] for item in (await system.api.get("/api/v1/incidents?escalation_state=snoozed")).json()["items"]] == [id]


async def test_news_end_it(system: System) -> None:
    monitor, id = await paged(system, grouping={"type": "all"})
    ben = await responder(system, "Ben")
    await ben.does(id, "snooze", duration="PT2H")
    await monitor.says(monitor.event())
    await system.run_due()
    assert system.pages() == [], "a repeat is no news"
    await monitor.says(monitor.event("another"))
    await system.run_due()
    assert sorted(system.pages()) == ["Ana", "Ben"]
    shown = await system.incident(id)
    assert standing(shown)[:2] == ("acknowledged", "stopped")
    assert said_next(shown) == [("retrigger", "12:05")]


@pytest.mark.parametrize(
    ("verb", "status", "state", "paged_then"),
    [
        ("acknowledge", "acknowledged", "stopped", []),
        ("unacknowledge", "triggered", "running", ["Ana"]),
        ("resolve", "resolved", "stopped", []),
    ],
)
async def test_every_other_verb_ends_it(system: System, verb: str, status: str, state: str, paged_then: list[str]) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "snooze", duration="PT2H")
    done = await ana.does(id, verb)
    assert (done["changed"], standing(done)[:2], done["escalation"]["until"]) == (True, (status, state), None)
    assert system.pages() == paged_then


async def test_what_is_no_snooze_is_refused(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    assert (await ana.is_refused(id, "snooze", duration="PT59S"))[:2] == (422, "invalid")
    assert await ana.is_refused(id, "snooze", reason="later") == (
        422,
        "invalid",
        "Say for how long (`duration`) or until when (`until`): one of them.",
    )
    assert (await ana.is_refused(id, "snooze", duration="PT1H", user_id=(await people(system))["Ben"]))[0] == 403
    await ana.does(id, "resolve")
    assert (await ana.is_refused(id, "snooze", duration="PT1H"))[:2] == (409, "not_open")


async def test_cancelled_and_snoozed_are_both_or_neither(system: System) -> None:
    monitor = await monitored(system)
    [decided] = await monitor.says(monitor.event())
    ben = await responder(system, "Ben")
    failpoints.arm("ack.pre_commit=raise")
    assert (await ben.asks(decided.incident_id, "snooze", duration="PT1H")).status_code == 500
    failpoints.arm("")
    assert await rows(system, "SELECT status FROM notifications") == [("pending",)]
    assert (await system.incident(f"{decided.incident_id}"))["status"] == "triggered"


async def test_a_snooze_that_comes_while_a_step_fires_cancels_that_step_too(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    system.clock.advance(5 * MINUTE)
    [incidents, *_] = system.node.sources
    due = incidents._rows  # type: ignore[attr-defined]
    async with system.node.database.transaction(Pool.ENGINE) as tx:
        await due.run(tx, await due.claim(tx, due_by=system.clock.at, limit=10, waiting=False), now=system.clock.at)
        snoozing = asyncio.create_task(ana.asks(id, "snooze", duration="PT1H"))
        await blocked(system)
    answer = (await snoozing).json()
    assert (answer["status"], answer["escalation"]["state"], answer["cancelled_pages"]) == ("acknowledged", "snoozed", 1)
    await system.run_due()
    assert system.pages() == [], "Ben's message was cancelled before anybody claimed it"


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE incidents SET escalation_state = 'snoozed'", "incidents_a_snoozed_one_says_until_when"),
        ("UPDATE incidents SET escalation_state = 'snoozed', snoozed_until = next_at", "incidents_only_an_acknowledged_one_is_snoozed"),
    ],
)
async def test_the_database_refuses(system: System, statement: str, name: str) -> None:
    await paged(system)
    with pytest.raises(IntegrityError, match=name):
        async with system.node.database.transaction() as tx:
            await tx.execute(text(statement))
