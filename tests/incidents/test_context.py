"""The first diagnosis: what to know about an incident before anything else."""

from typing import Any

from tests.incidents.acting import paged, responder
from tests.incidents.building import HOUR, MINUTE, NOW, Monitor
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


async def test_a_known_problem_is_offered_before_it_is_logged_and_beside_it(system: System) -> None:
    monitor, id = await paged(system)
    query = f"service_id={monitor.service_id}&title=disk%20is%20full"
    assert (await system.api.get(f"/api/v1/similar-incidents?{query}")).json()["problems"] == []
    known = {"status": "known_error", "root_cause": "logs are kept for ever", "workaround": "run logrotate"}
    problem = await system.make("problems", title="Disk full", service_ids=[f"{monitor.service_id}"], **known)
    await system.make("problems", title="DNS is slow")
    before = (await system.api.get(f"/api/v1/similar-incidents?{query}")).json()["problems"]
    beside = (await context(system, id))["problems"]
    logged = (await system.make("incidents", title="disk is full", service_id=f"{monitor.service_id}"))["problems"]
    for [one] in (before, beside, logged):
        assert (one["problem_id"], one["title"]) == (problem["id"], "Disk full")
        assert {name: one[name] for name in known} == known
        assert "same service, has a workaround" in one["reason"]


async def test_nothing_is_known_of_what_does_not_exist(system: System) -> None:
    assert (await system.api.get("/api/v1/incidents/4711/context")).status_code == 404


async def test_what_it_depends_on_is_looked_at_too(system: System) -> None:
    monitor, id = await paged(system)
    policy = (await system.api.get("/api/v1/escalation-policies")).json()["items"][0]["id"]
    services = {}
    for name in ("database", "disk", "other"):
        services[name] = await system.make(
            "services", name=name, escalation_policy_id=policy, runbook_url=f"https://wiki.example.com/{name}"
        )
    for of, on in ((f"{monitor.service_id}", "database"), (services["database"]["id"], "disk")):
        answer = await system.api.put(
            f"/api/v1/services/{of}/dependencies", json={"depends_on": [services[on]["id"]]}, headers={"If-Match": "*"}
        )
        assert answer.status_code == 200, answer.text
    for name, made in services.items():
        key = await system.make(f"services/{made['id']}/integrations", name="prod", type="pagerduty")
        its = Monitor(system, {"service": made, "integration": key})
        await its.says(
            its.event("broken", summary=f"{name} is broken"),
            its.event("deploy", "change", summary=f"Deploy of {name}", occurred_at=NOW - HOUR),
        )
    shown = await context(system, id)
    assert sorted((one["title"], one["service"]["name"]) for one in shown["open_on_dependencies"]) == [
        ("database is broken", "database"),
        ("disk is broken", "disk"),
    ]
    assert sorted(one["summary"] for one in shown["changes"]) == ["Deploy of database", "Deploy of disk"]
    broken = (await system.api.get(f"/api/v1/incidents?service_id={services['disk']['id']}")).json()["items"][0]["id"]
    assert (await context(system, broken))["runbook_url"] == "https://wiki.example.com/disk"
