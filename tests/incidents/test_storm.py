"""One outage, ten thousand alerts at once: one incident, exact counts, one page for each responder."""

import asyncio

import pytest
from tests.incidents.building import monitored, rows
from tests.system import System

from oncall.incidents.values import Decided

MANY = 10_000


@pytest.mark.soak
async def test_ten_thousand_alerts_of_one_outage_are_one_incident_and_one_page_each(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "labels", "labels": ["site"]})
    gate = system.node.gate
    said: list[list[Decided]] = []
    for at in range(0, MANY, 1_000):
        bodies = (
            [monitor.event(f"host-{n}", labels={"site": "ams1"}) for n in range(first, first + 50)] for first in range(at, at + 1_000, 50)
        )
        said += await asyncio.gather(*(gate.accept(body) for body in bodies))
    decisions = [decided.decision for its in said for decided in its]
    assert (decisions.count("opened"), decisions.count("grouped")) == (1, MANY - 1)
    again = await asyncio.gather(*(gate.accept([monitor.event(f"host-{n}", labels={"site": "ams1"})]) for n in range(0, MANY, 10)))
    assert {decided.decision for its in again for decided in its} == {"deduplicated"}
    await system.run_due()
    assert [m.address for m in system.email.sent] == ["ana@example.com"]
    assert await rows(system, "SELECT count(DISTINCT incident_id), count(*), sum(event_count) FROM alerts") == [
        (1, MANY, MANY + MANY // 10)
    ]
    shown = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert [i["alert_counts"] for i in shown] == [{"open": MANY, "resolved": 0}]
    await system.advance(minutes=5)
    assert [m.address for m in system.email.sent] == ["ana@example.com", "ben@example.com"], "the escalation goes on"
    for at in range(0, MANY, 500):
        await gate.accept([monitor.event(f"host-{n}", "resolve", labels={"site": "ams1"}) for n in range(at, at + 500)])
    assert [i["status"] for i in (await system.api.get("/api/v1/incidents")).json()["items"]] == ["resolved"]
