"""The first diagnosis: what to know about an incident before anything else."""

from typing import Any

from tests.incidents.acting import paged, responder
from tests.incidents.building import HOUR, MINUTE, NOW
from tests.system import System

JSON = dict[str, Any]


async def context(system: System, id: str, query: str = "") -> JSON:
    answer = await system.api.get(f"/api/v1/incidents/{id}/context{query}")
    assert answer.status_code == 200, answer.text
    shown: JSON = answer.json()
    return shown


async def test_its_alerts_and_what_changed_in_the_hours_before(system: System) -> None:
    monitor, id = await paged(system)
    await monitor.says(
        monitor.event("deploy 1", "change", summary="Deploy 1", occurred_at=NOW - 30 * MINUTE),
        monitor.event("deploy 2", "change", summary="Deploy 2", occurred_at=NOW - 3 * HOUR),
        monitor.event("deploy 0", "change", summary="Deploy 0", occurred_at=NOW - 5 * HOUR),
    )
    shown = await context(system, id)
    assert [one["summary"] for one in shown["alerts"]] == ["Disk full"]
    assert [one["summary"] for one in shown["changes"]] == ["Deploy 1", "Deploy 2"]
    assert [one["summary"] for one in (await context(system, id, "?before=PT1H"))["changes"]] == ["Deploy 1"]


async def test_those_like_it_say_how_they_ended_and_it_is_none_of_them(system: System) -> None:
    monitor, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "resolve", resolution_code="fixed", resolution_text="logs were rotated")
    await system.advance(hours=1)
    [again] = await monitor.says(monitor.event())
    [one] = (await context(system, f"{again.incident_id}"))["similar"]
    assert (one["id"], one["status"], one["likeness"]) == (id, "closed", 1.0)
    assert (one["resolution_code"], one["resolution_text"], one["resolved_by"]["name"]) == ("fixed", "logs were rotated", "Ana")


async def test_before_it_is_logged_a_duplicate_is_found(system: System) -> None:
    monitor, id = await paged(system)
    query = f"service_id={monitor.service_id}&title=disk%20is%20full"
    found = (await system.api.get(f"/api/v1/similar-incidents?{query}")).json()["items"]
    assert [one["id"] for one in found] == [id]
    assert found[0]["reason"] == "2 of 3 words of both titles are the same: disk, full"
    assert (await system.api.get("/api/v1/similar-incidents?title=x")).status_code == 422


async def test_nothing_is_known_of_what_does_not_exist(system: System) -> None:
    assert (await system.api.get("/api/v1/incidents/4711/context")).status_code == 404
