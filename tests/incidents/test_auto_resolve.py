"""`semantics.md` §2: time alone resolves nothing, unless the integration says so."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.incidents.building import Monitor, monitored, rows
from tests.system import System

from oncall.incidents.store import alerts
from oncall.kit.ids import IntegrationId


async def asks(system: System, monitor: Monitor, after: str | None) -> None:
    url = f"/api/v1/services/{monitor.service_id}/integrations/{monitor.integration_id}"
    answer = await system.api.put(url, json={"name": "prod", "type": "pagerduty", "auto_resolve_after": after}, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def status(system: System) -> str:
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    return incident["status"]


async def test_an_alert_is_over_some_time_after_its_last_word(system: System) -> None:
    monitor = await monitored(system)
    await asks(system, monitor, "PT10M")
    await monitor.says(monitor.event("disk"))
    await system.advance(minutes=9)
    await monitor.says(monitor.event("disk"))
    await system.advance(minutes=9)
    assert await status(system) == "triggered", "it was heard of nine minutes ago"
    (shown,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert {"action": "auto_resolve", "at": "2026-03-02T12:19:00Z"} in shown["pending_actions"]
    await system.advance(minutes=1)
    assert await status(system) == "resolved"
    ((decision, reason),) = await rows(system, "SELECT decision, reason FROM events WHERE action = 'resolve'")
    assert decision == "resolved"
    assert reason.startswith("nothing was heard of it for 10 min, after which this integration's alerts are over")


async def test_who_looks_is_told_when_unless_one_alert_never_ends_by_itself(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    await asks(system, monitor, "PT10M")
    await monitor.says(monitor.event("disk"))
    url = f"/api/v1/services/{monitor.service_id}/integrations"
    other = (await system.api.post(url, json={"name": "lab", "type": "pagerduty"})).json()
    (shown,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert [one["action"] for one in shown["pending_actions"]] == ["escalate", "auto_resolve"]
    await monitor.says(replace(monitor.event("cpu"), integration_id=IntegrationId(UUID(other["id"]))))
    (shown,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert "auto_resolve" not in [one["action"] for one in shown["pending_actions"]]


async def test_without_it_nothing_ends_by_time(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event("disk"))
    await system.advance(minutes=30, step=timedelta(minutes=5))
    assert await status(system) == "triggered"


async def test_it_ends_where_a_routing_rule_sent_it(system: System) -> None:
    monitor = await monitored(system)
    await asks(system, monitor, "PT10M")
    policy = (await system.api.get(f"/api/v1/services/{monitor.service_id}")).json()["escalation_policy_id"]
    other = await system.make("services", name="databases", escalation_policy_id=policy)
    await system.make("routing-rules", name="to databases", matchers=["team=db"], service_id=other["id"])
    await monitor.says(monitor.event("disk", labels={"team": "db"}))
    await system.advance(minutes=10)
    assert await status(system) == "resolved"


async def test_one_that_is_heard_of_just_then_stays_open(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = await monitored(system)
    await asks(system, monitor, "PT10M")
    await monitor.says(monitor.event("disk"))
    system.clock.advance(timedelta(minutes=10))
    silent, said = alerts.silent, []

    async def and_then(*args: Any, **more: Any) -> Any:
        found = await silent(*args, **more)
        if found and not said:
            said.extend(await monitor.says(monitor.event("disk")))  # another transaction, between the look and the writing
        return found

    monkeypatch.setattr(alerts, "silent", and_then)
    await system.run_due()
    assert (len(said), await status(system)) == (1, "triggered")
