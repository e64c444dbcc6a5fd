"""Deploys and other changes: kept in their own words, once, and shown beside the incidents of their service."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.incidents.building import HOUR, MINUTE, NOW, Monitor, incident, monitored, rows
from tests.system import System, to

from oncall.incidents.rules.changes import beside
from oncall.incidents.values.changes import ChangeFilter

UNKNOWN = "00000000-0000-0000-0000-000000000000"
DAY = timedelta(days=1)
DEPLOY = {
    "payload": {
        "summary": "Deploy 42 of payments",
        "source": "ci",
        "timestamp": "2026-03-02T11:30:00Z",
        "custom_details": {"build": 42, "db_password": "hunter2"},
    },
    "links": [{"href": "https://ci.example.com/42", "text": "build"}],
}


async def listed(system: System, query: str = "", *, path: str = "change-events") -> list[str]:
    answer = await system.api.get(f"/api/v1/{path}?{query}")
    assert answer.status_code == 200, answer.text
    return [change["summary"] for change in answer.json()["items"]]


async def changed(monitor: Monitor, *ats: datetime) -> None:
    """One change for each instant, called by its distance from noon in minutes."""
    await monitor.says(*(monitor.event(str(at), "change", summary=f"{(at - NOW) // MINUTE}", occurred_at=at) for at in ats))


async def test_a_deploy_told_to_pagerdutys_endpoint_is_kept_in_its_own_words(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    answer = await system.api.post("/v2/change/enqueue", json={"routing_key": made["key"], **DEPLOY})
    assert answer.status_code == 202, answer.text
    await system.run_due()
    assert system.pages() == []
    [event] = (await system.api.get("/api/v1/events")).json()["items"]
    assert event["decision"] == "change_recorded"
    shown = (await system.api.get(f"/api/v1/change-events/{event['id']}")).json()
    assert shown == {
        "id": event["id"],
        "service": {"id": made["service"]["id"], "name": "payments-api"},
        "integration_id": made["integration"]["id"],
        "occurred_at": "2026-03-02T11:30:00Z",
        "received_at": "2026-03-02T12:00:00Z",
        "summary": "Deploy 42 of payments",
        "source": "ci",
        "labels": {"build": "42"},
        "links": [{"href": "https://ci.example.com/42", "text": "build"}],
        "details": {"custom_details": {"build": 42}},
        "freezes": [],
    }
    assert (await system.api.get("/api/v1/change-events")).json()["items"] == [shown]


async def test_only_changes_are_kept_also_out_of_a_mixed_batch_and_a_delivery_that_comes_again_once(system: System) -> None:
    monitor = await monitored(system)
    change = [monitor.event(f"{n}", "change", summary="deploy", delivery_id="same") for n in range(2)]
    decided = await monitor.says(monitor.event("disk"), *change, monitor.event("x", "ignore", reason="y"), monitor.event("y", "resolve"))
    assert [d.decision.value for d in decided] == ["opened", "change_recorded", "duplicate_delivery", "ignored", "no_open_alert"]
    assert await rows(system, "SELECT id FROM change_events") == [(decided[1].event_id,)]


async def test_a_change_of_next_week_or_last_month_is_dated_when_it_came(system: System) -> None:
    monitor = await monitored(system)
    await changed(monitor, NOW + 7 * DAY, NOW - 30 * DAY)
    assert await rows(system, "SELECT occurred_at FROM change_events") == [(NOW,), (NOW,)]


async def test_newest_first_by_when_they_occurred_in_a_half_open_range(system: System) -> None:
    monitor = await monitored(system)
    await changed(monitor, NOW - 10 * MINUTE, NOW, NOW - 20 * MINUTE)
    for query, expected in {
        "": ["0", "-10", "-20"],
        "since=2026-03-02T11:50:00Z": ["0", "-10"],
        "until=2026-03-02T11:50:00Z": ["-20"],
        "since=2026-03-02T11:40:00Z&until=2026-03-02T12:00:00Z": ["-10", "-20"],
        f"service_id={monitor.service_id}&integration_id={monitor.integration_id}": ["0", "-10", "-20"],
        f"service_id={UNKNOWN}": [],
        f"integration_id={UNKNOWN}": [],
    }.items():
        assert await listed(system, query) == expected, query


async def test_pages_of_a_list_hold_every_change_once_also_of_one_instant(system: System) -> None:
    monitor = await monitored(system)
    await changed(monitor, *([NOW] * 3), *(NOW - n * MINUTE for n in range(4)))
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await system.api.get(f"/api/v1/change-events?limit=2{cursor and f'&cursor={cursor}'}")).json()
        seen += [change["id"] for change in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [str(id) for (id,) in await rows(system, "SELECT id FROM change_events ORDER BY occurred_at DESC, id DESC")]
    assert len(set(seen)) == 7


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "since=5", "since=2026-03-02T12:00:00Z&until=2026-03-02T12:00:00Z", "service_id=x", "cursor=x", "limit=101"],
)
async def test_a_filter_that_means_nothing_is_refused(system: System, query: str) -> None:
    assert (await system.api.get(f"/api/v1/change-events?{query}")).status_code == 422


async def test_a_change_that_there_is_not_is_a_404(system: System) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event())
    for id in (UNKNOWN, opened.event_id):
        answer = await system.api.get(f"/api/v1/change-events/{id}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no change event with this id.")
    assert (await system.api.get(f"/api/v1/incidents/{UNKNOWN}/change-events")).status_code == 404


@pytest.mark.parametrize("path", ["change-events", f"change-events/{UNKNOWN}", f"incidents/{UNKNOWN}/change-events"])
async def test_nobody_reads_them_who_is_not_signed_in(system: System, path: str) -> None:
    assert (await system.client().get(f"/api/v1/{path}")).status_code == 401


# --- beside incidents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "changes", "until"),
    [
        ("until now while it lasts", {}, NOW + HOUR),
        ("until it was resolved", {"resolved_at": NOW + MINUTE}, NOW + MINUTE),
    ],
)
def test_the_range_beside_an_incident(what: str, changes: dict[str, Any], until: datetime) -> None:
    it = incident(**changes)
    assert beside(it, before=DAY, now=NOW + HOUR) == ChangeFilter(it.service_id, since=NOW - DAY, until=until)


async def test_what_changed_shortly_before_an_incident_and_while_it_lasts_stands_beside_it(system: System) -> None:
    monitor = await monitored(system)
    await changed(monitor, NOW - 25 * HOUR, NOW - 24 * HOUR, NOW - MINUTE, NOW + 2 * MINUTE)
    [opened] = await monitor.says(monitor.event())
    number = (await system.incident(str(opened.incident_id)))["number"]
    path = f"incidents/{number}/change-events"
    assert await listed(system, path=path) == ["-1", "-1440"], "what is claimed to come is not there yet"
    system.clock.advance(5 * MINUTE)
    assert await listed(system, path=path) == ["2", "-1", "-1440"]
    assert await listed(system, "before=PT25H", path=path) == ["2", "-1", "-1440", "-1500"]
    assert await listed(system, "before=PT0S", path=path) == ["2"]
    assert await listed(system, "limit=1", path=path) == ["2"]
    await monitor.says(monitor.event(action="resolve"))
    await changed(monitor, NOW + 5 * MINUTE)
    system.clock.advance(HOUR)
    assert await listed(system, path=path) == ["2", "-1", "-1440"], "it was over by then"


async def test_the_changes_of_another_service_are_not_beside_it(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event("x", "change", summary="elsewhere"))
    policy = (await system.api.get("/api/v1/escalation-policies")).json()["items"][0]
    made = await system.make("services", name="db", escalation_policy_id=policy["id"])
    other = Monitor(system, {"service": made, "integration": {"id": str(monitor.integration_id)}})
    [opened] = await other.says(other.event())
    assert await listed(system, path=f"incidents/{opened.incident_id}/change-events") == []


@pytest.mark.parametrize("before", ["P8D", "-PT1H", "soon", "PT169H"])
async def test_longer_before_than_a_week_is_refused(system: System, before: str) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event())
    path = f"/api/v1/incidents/{opened.incident_id}/change-events"
    assert (await system.api.get(f"{path}?before={before}")).status_code == 422
    assert (await system.api.get(f"{path}?before=P7D")).status_code == 200


async def test_a_change_of_a_service_that_was_deleted_is_still_there(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event("x", "change", summary="deploy"))
    await system.api.delete(f"/api/v1/services/{monitor.service_id}/integrations/{monitor.integration_id}")
    deleted = await system.api.delete(f"/api/v1/services/{monitor.service_id}")
    assert deleted.status_code == 204, deleted.text
    [change] = (await system.api.get("/api/v1/change-events")).json()["items"]
    assert change["service"] == {"id": str(monitor.service_id), "name": "deleted service"}


async def test_a_change_during_a_freeze_of_its_service_says_so(system: System) -> None:
    monitor = await monitored(system)
    for name, more in {
        "of its service": {"service_ids": [f"{monitor.service_id}"]},
        "of others": {"matchers": ['service!~"payments.*"']},
        "of what it says": {"matchers": ['summary="30"', 'env=""']},
        "no freeze": {"service_ids": [f"{monitor.service_id}"], "kind": "maintenance"},
    }.items():
        body = {"kind": "freeze", "name": name, "starts_at": f"{NOW.isoformat()}", "ends_at": f"{(NOW + HOUR).isoformat()}", **more}
        answer = await system.api.post("/api/v1/maintenance-windows", json=body)
        assert answer.status_code == 201, answer.text
    await system.advance(hours=2)
    await changed(monitor, *(NOW + n * MINUTE for n in (-1, 0, 30, 60)))
    found = (await system.api.get("/api/v1/change-events")).json()["items"]
    assert {change["summary"]: [freeze["name"] for freeze in change["freezes"]] for change in found} == {
        "60": [],
        "30": ["of its service", "of what it says"],
        "0": ["of its service"],
        "-1": [],
    }
