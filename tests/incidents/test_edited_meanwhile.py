"""Who is paged, and how, is as it stands when that is committed: what was edited while an event waited for somebody counts."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.incidents.building import Monitor, blocked
from tests.system import System, to

OPENS = text("SELECT id FROM services FOR UPDATE")
"""Whoever opens an incident of them waits."""


async def to_ben(system: System, made: dict[str, Any], ben: dict[str, Any]) -> None:
    edited = {"name": "Payments", "steps": [{"delay": "PT5M", "targets": [to(ben)]}]}
    answer = await system.api.put(f"/api/v1/escalation-policies/{made['policy']['id']}", json=edited, headers={"If-Match": '"1"'})
    assert answer.is_success, answer.text


async def elsewhere(system: System, ana: dict[str, Any]) -> None:
    path = f"/api/v1/users/{ana['id']}/contact-methods"
    (method,) = (await system.api.get(path)).json()["items"]
    await system.make(path[8:], channel="email", address="new@example.com", verified=True)
    assert (await system.api.delete(f"{path}/{method['id']}")).is_success


@pytest.mark.parametrize(("edit", "expected"), [("the policy", ("Ben", "b…@example.com")), ("the address", ("Ana", "n…@example.com"))])
async def test_what_is_edited_while_an_event_waits_counts(system: System, edit: str, expected: tuple[str, str]) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)])
    monitor = Monitor(system, made)
    await monitor.says(monitor.event("disk"))  # from now on all of it is remembered
    async with system.node.database.transaction() as tx:
        await tx.execute(OPENS)
        waiting = asyncio.create_task(system.node.gate.accept([monitor.event("cpu")]))
        await blocked(system)
        await (to_ben(system, made, ben) if edit == "the policy" else elsewhere(system, ana))
    (opened,) = await waiting
    (page,) = (await system.api.get(f"/api/v1/incidents/{opened.incident_id}/notifications")).json()["items"]
    assert (page["user"]["name"], page["address"]) == expected


async def test_what_is_edited_while_a_step_is_decided_counts(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)])
    monitor = Monitor(system, made)
    (opened,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    system.clock.advance(timedelta(minutes=5))
    async with system.node.database.transaction() as tx:
        await tx.execute(text("LOCK TABLE pages IN SHARE MODE"))  # whom it pages is decided, and not written yet
        passing = asyncio.create_task(system.run_due())
        await blocked(system)
        await elsewhere(system, ben)
    await passing
    pages = (await system.api.get(f"/api/v1/incidents/{opened.incident_id}/notifications")).json()["items"]
    assert [(page["user"]["name"], page["address"]) for page in pages] == [("Ana", "a…@example.com"), ("Ben", "n…@example.com")]
