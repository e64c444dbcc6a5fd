"""Prometheus, VictorOps, Alerta, PagerDuty's version 1 and change events: each answers as its original does."""

import asyncio
import base64
import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from tests.system import System, to

from oncall.kit.ids import new_id


@pytest.fixture
async def key(system: System) -> str:
    ana = await system.user("Ana")
    key: str = (await system.service([to(ana)], type="generic"))["key"]
    return key


async def incidents(system: System) -> list[tuple[str, str, str]]:
    """Title, severity and status of each, the oldest first."""
    found = (await system.api.get("/api/v1/incidents")).json()["items"]
    return [(one["title"], one["severity"], one["status"]) for one in reversed(found)]


# --- PagerDuty --------------------------------------------------------------------------------------------------------------


async def v1(system: System, **body: Any) -> tuple[int, Any]:
    answer = await system.api.post("/generic/2010-04-15/create_event.json", json=body)
    return answer.status_code, answer.json()


async def test_pagerduty_v1_from_trigger_to_resolve(system: System, key: str) -> None:
    done = {"status": "success", "message": "Event processed", "incident_key": "db-1/disk"}
    trigger = {"service_key": key, "event_type": "trigger", "incident_key": "db-1/disk", "description": "Disk full"}
    assert await v1(system, **trigger, details={"severity": "critical"}) == (200, done)
    assert await v1(system, service_key=key, event_type="acknowledge", incident_key="db-1/disk") == (200, done)
    assert await v1(system, service_key=key, event_type="resolve", incident_key="db-1/disk") == (200, done)
    assert await incidents(system) == [("Disk full", "critical", "resolved")]


async def test_pagerduty_v1_makes_a_key_where_there_is_none(system: System, key: str) -> None:
    status, answer = await v1(system, service_key=key, event_type="trigger", incident_key="", description="Disk full")
    assert (status, len(answer["incident_key"])) == (200, 36)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"service_key": ""}, "Service key can't be blank"),
        ({"service_key": "short"}, "Service key is the wrong length (should be 32 characters)"),
        ({"service_key": "x" * 32}, "Invalid service key"),
        ({"event_type": "explode"}, "Event type must be one of: trigger, acknowledge, resolve"),
        ({"description": None}, "Description can't be blank"),
        ({"event_type": "resolve"}, "Incident key can't be blank"),
    ],
)
async def test_pagerduty_v1_refuses_in_the_originals_words(system: System, key: str, body: dict[str, Any], error: str) -> None:
    status, answer = await v1(system, **{"service_key": key, "event_type": "trigger", "description": "x", **body})
    assert (status, answer) == (400, {"status": "invalid event", "message": "Event object is invalid", "errors": [error]})
    assert await incidents(system) == []


async def test_a_change_is_recorded_and_pages_nobody(system: System, key: str) -> None:
    body: dict[str, Any] = {"routing_key": key, "payload": {"summary": "Deploy 42", "source": "ci"}}
    answer = await system.api.post("/v2/change/enqueue/", json=body)
    assert (answer.status_code, answer.json()) == (202, {"status": "success", "message": "Change event processed"})
    await system.run_due()
    assert (system.pages(), await incidents(system)) == ([], [])
    refused = await system.api.post("/v2/change/enqueue", json={"routing_key": key, "payload": {}})
    assert (refused.status_code, refused.json()["errors"]) == (400, ["'payload.summary' is missing or blank"])


# --- Prometheus -------------------------------------------------------------------------------------------------------------


async def test_prometheus_fires_until_its_ends_at_is_past(system: System, key: str) -> None:
    labels = {"alertname": "DiskFull", "instance": "db-1", "severity": "critical"}
    alert = {"labels": labels, "annotations": {"summary": "Disk of db-1"}, "startsAt": system.clock.at.isoformat()}
    for path in ("api/v2/alerts", "api/v2/alerts/", "api/v1/alerts"):
        later = (system.clock.at + timedelta(minutes=4)).isoformat()
        answer = await system.api.post(f"/intake/{key}/{path}", json=[alert | {"endsAt": later}])
        assert (answer.status_code, answer.content) == (200, b"")
    assert await incidents(system) == [("Disk of db-1", "critical", "triggered")]
    past = (system.clock.at - timedelta(seconds=1)).isoformat()
    assert (await system.api.post(f"/intake/{key}/api/v2/alerts", json=[alert | {"endsAt": past}])).status_code == 200
    assert await incidents(system) == [("Disk of db-1", "critical", "resolved")]


async def test_prometheus_with_a_wrong_key_is_401(system: System) -> None:
    assert (await system.api.post("/intake/nobody/api/v2/alerts", json=[])).status_code == 401


# --- VictorOps --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/integrations/generic/20131114/alert/{key}/ops", "/intake/{key}/ops", "/intake/{key}/ops/"])
async def test_victorops_from_critical_to_recovery(system: System, key: str, path: str) -> None:
    said = {"entity_id": "db-1/disk", "entity_display_name": "Disk of db-1"}
    for type, status in (("CRITICAL", "triggered"), ("ACKNOWLEDGEMENT", "acknowledged"), ("RECOVERY", "resolved")):
        answer = await system.api.post(path.format(key=key), json=said | {"message_type": type})
        assert (answer.status_code, answer.json()) == (200, {"result": "success", "entity_id": "db-1/disk"})
        assert await incidents(system) == [("Disk of db-1", "critical", status)]
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    (alert,) = (await system.api.get(f"/api/v1/incidents/{incident['id']}/alerts")).json()["items"]
    assert alert["labels"]["routing_key"] == "ops"


async def test_victorops_with_a_wrong_key_says_so(system: System) -> None:
    answer = await system.api.post("/integrations/generic/20131114/alert/nobody/ops", json={"message_type": "CRITICAL"})
    assert (answer.status_code, answer.json()["result"]) == (401, "failure")


# --- Alerta -----------------------------------------------------------------------------------------------------------------


class Alerta:
    def __init__(self, system: System, key: str) -> None:
        self.system, self.key = system, key

    async def send(self, event: str, severity: str, *, status: int = 201, **more: Any) -> Any:
        body = {"resource": "web01", "event": event, "environment": "Production", "severity": severity, **more}
        answer = await self.system.api.post("/api/alert", json=body, headers={"Authorization": f"Key {self.key}"})
        assert answer.status_code == status, answer.text
        return answer.json()


async def test_alerta_clears_what_it_raised(system: System, key: str) -> None:
    alerta = Alerta(system, key)
    raised = await alerta.send("DiskFull", "critical", text="Disk of web01", service=["Web"])
    assert (raised["status"], raised["alert"]["id"], raised["alert"]["status"]) == ("ok", raised["id"], "open")
    again = await alerta.send("DiskFull", "critical", text="Disk of web01")
    assert (again["id"], again["alert"]["repeat"]) == (raised["id"], True)
    cleared = await alerta.send("DiskFull", "ok")
    assert (cleared["id"], cleared["alert"]["status"]) == (raised["id"], "closed")
    assert await incidents(system) == [("Disk of web01", "critical", "resolved")]


async def test_alerta_correlates_another_event_with_the_one_that_names_it(system: System, key: str) -> None:
    alerta = Alerta(system, key)
    await alerta.send("NodeDown", "critical", correlate=["NodeUp", "NodeDown", "NodeSlow"])
    await alerta.send("NodeSlow", "warning")
    assert [status for _, _, status in await incidents(system)] == ["triggered"], "the same alert, under another name"
    other = {"resource": "web02", "event": "NodeUp", "environment": "Production", "severity": "normal"}
    await system.api.post("/api/alert", json=other, headers={"X-API-Key": key})
    assert [status for _, _, status in await incidents(system)] == ["triggered"], "another host's"
    await alerta.send("NodeUp", "normal")
    assert [status for _, _, status in await incidents(system)] == ["resolved"]


@pytest.mark.parametrize("path", ["/api/heartbeat", "/heartbeat/"])
async def test_alerta_checks_in(system: System, key: str, path: str) -> None:
    answer = await system.api.post(path, params={"api-key": key}, json={"origin": "cron", "timeout": 120}, headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["status"], answer.json()["heartbeat"]["origin"]) == (201, "ok", "cron")
    event = (await system.api.get(f"/api/v1/events/{answer.json()['id']}")).json()
    assert (event["decision"], event["dedup_key"]) == ("checked_in", "heartbeat=cron")


async def test_alerta_refuses_what_names_nothing_and_whom_it_does_not_know(system: System, key: str) -> None:
    answer = await Alerta(system, key).send("", "critical", status=400)
    assert (answer["status"], answer["message"]) == ("error", 'Missing mandatory value for "event"')
    assert (await Alerta(system, "nobody").send("x", "critical", status=401))["status"] == "error"
    assert (await system.api.get("/config")).json()["severity"]["critical"] == 1


# --- by a query, and once per delivery --------------------------------------------------------------------------------------


async def test_a_monitor_that_can_only_open_an_address_says_it_in_the_query(system: System, key: str) -> None:
    answer = await system.api.get(f"/intake/{key}", params={"summary": "Disk full", "severity": "critical", "dedup_key": "disk"})
    assert (answer.status_code, answer.json()["events"][0]["decision"]) == (202, "opened")
    assert await incidents(system) == [("Disk full", "critical", "triggered")]
    assert (await system.api.get(f"/intake/{key}")).status_code == 405, "somebody looked at the address"
    event = (await system.api.get(f"/api/v1/events/{answer.json()['events'][0]['id']}")).json()
    assert event["body"]["text"] == "summary=Disk+full&severity=critical&dedup_key=disk"


async def test_a_delivery_that_comes_again_counts_once_even_when_all_is_over(system: System, key: str) -> None:
    def delivery(id: str, type: str = "com.example.down") -> dict[str, Any]:
        data = {"summary": "Disk full", "dedup_key": "disk", "status": "ok" if type.endswith("up") else "firing"}
        return {"specversion": "1.0", "id": id, "source": "/monitor", "type": type, "data": data}

    async def send(id: str, type: str = "com.example.down") -> str:
        answer = await system.api.post(f"/intake/{key}", json=delivery(id, type))
        decision: str = answer.json()["events"][0]["decision"]
        return decision

    first = str(new_id())
    assert await send(first) == "opened"
    assert await send(first) == "duplicate_delivery"
    assert await send("2", "com.example.up") == "resolved"
    assert await send(first) == "duplicate_delivery", "a late second delivery opens nothing"
    assert await incidents(system) == [("Disk full", "unknown", "resolved")]


# --- what must not be lost, and what nobody may see -------------------------------------------------------------------------


async def test_alerta_without_a_resource_is_refused_and_no_heartbeat(system: System, key: str) -> None:
    body = {"event": "NodeDown", "environment": "Production", "severity": "critical", "origin": "cron/web01", "service": ["a"]}
    answer = await system.api.post("/api/alert", json=body, headers={"X-API-Key": key})
    assert (answer.status_code, answer.json()["message"]) == (400, 'Missing mandatory value for "resource"')


async def test_alerta_keeps_customers_apart(system: System, key: str) -> None:
    alerta = Alerta(system, key)
    await alerta.send("DiskFull", "critical", customer="acme")
    await alerta.send("DiskFull", "critical", customer="globex")
    await alerta.send("DiskFull", "ok", customer="globex")
    assert [status for _, _, status in await incidents(system)] == ["triggered", "resolved"]


async def test_alerta_correlates_at_any_address_at_any_length_and_at_the_same_time(system: System, key: str) -> None:
    def body(event: str, severity: str, **more: Any) -> dict[str, Any]:
        return {"resource": "web01", "event": event, "environment": "Production", "severity": severity, **more}

    down = body("NodeDown", "critical", correlate=["NodeUp"], rawData="x" * 70_000)
    assert (await system.api.post(f"/intake/{key}", json=down)).json()["events"][0]["decision"] == "opened"
    assert (await system.api.post(f"/intake/{key}", json=body("NodeUp", "normal"))).json()["events"][0]["decision"] == "resolved"

    a = body("A", "critical", correlate=["B"]) | {"resource": "web02"}
    b = body("B", "critical", correlate=["A"]) | {"resource": "web02"}
    sent = await asyncio.gather(*(system.api.post(f"/intake/{key}", json=one) for one in (a, b)))
    assert sorted(answer.json()["events"][0]["decision"] for answer in sent) == ["deduplicated", "opened"], "they are one problem"


async def test_head_and_a_query_that_says_nothing_page_nobody(system: System, key: str) -> None:
    assert (await system.api.head(f"/intake/{key}?summary=x")).status_code == 405
    seen = (await system.api.get(f"/intake/{key}?utm_source=chat")).json()["events"][0]
    assert seen["decision"] == "ignored"
    for unreadable in ("<a", "{", "%ff%fe", "payload=%7B"):
        answer = await system.api.get(f"/intake/{key}?{unreadable}")
        assert (answer.status_code, answer.json()["events"][0]["decision"]) == (202, "ignored"), unreadable
    assert await incidents(system) == []


async def test_secrets_beside_what_a_message_says_are_not_told(system: System) -> None:
    key = (await system.service([to(await system.user("Ana"))], type="gcp_monitoring"))["key"]
    told = json.dumps({"version": "1.2", "incident": {"incident_id": "0.42", "policy_name": "Shop", "state": "open"}})
    message = {"data": base64.b64encode(told.encode()).decode(), "messageId": "1", "attributes": {"team": "shop", "token": "s3cret"}}
    await system.api.post(f"/intake/{key}", json={"message": message, "subscription": "projects/p/subscriptions/s"})
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    (alert,) = (await system.api.get(f"/api/v1/incidents/{incident['id']}/alerts")).json()["items"]
    assert alert["details"]["attributes"] == {"team": "shop"}


async def test_the_integration_key_is_told_to_nobody_wherever_a_sender_repeats_it(system: System, key: str) -> None:
    await system.api.post(f"/intake/{key}", json={"summary": f"see https://h/intake/{key}", "hook": [f"https://h/intake/{key}"]})
    payload = {"summary": "x", "source": "y", "severity": "error", "custom_details": {"key": key}}
    await system.api.post("/v2/enqueue", json={"routing_key": key, "event_action": "trigger", "payload": payload})
    await system.api.post(f"/integrations/generic/alert/alert/{key}", json={"message_type": "CRITICAL", "entity_id": "v"})
    for incident in (await system.api.get("/api/v1/incidents")).json()["items"]:
        for path in ("", "/alerts", "/timeline", "/events"):
            assert key not in (await system.api.get(f"/api/v1/incidents/{incident['id']}{path}")).text


async def test_a_compressed_body_is_read_within_the_originals_limit(system: System, key: str) -> None:
    body = {"routing_key": key, "event_action": "trigger", "payload": {"summary": "x", "source": "y", "severity": "error"}}
    for padding, status in ((1_000, 202), (600_000, 400)):
        packed = gzip.compress(json.dumps({**body, "client": "x" * padding}).encode())
        answer = await system.api.post("/v2/enqueue", content=packed, headers={"Content-Encoding": "gzip"})
        assert answer.status_code == status, padding


async def test_a_route_reads_its_own_dialect_whatever_the_type_of_the_integration(system: System) -> None:
    ana = await system.user("Ana")
    key = (await system.service([to(ana)], type="pagerduty"))["key"]
    alerts = [{"labels": {"job": "A"}}, {"labels": {"alertname": "B"}, "endsAt": "2020-01-01T00:00:00Z"}]
    assert (await system.api.post(f"/intake/{key}/api/v2/alerts", json=alerts)).status_code == 200
    assert [status for _, _, status in await incidents(system)] == ["triggered"]
    path = f"/integrations/generic/20131114/alert/{key}/ops"
    for type in ("CRITICAL", "RECOVERY"):
        await system.api.post(path, json={"message_type": type, "entity_display_name": "Disk", "entity_id": "d"})
    assert [(title, status) for title, _, status in await incidents(system)][1:] == [("Disk", "resolved")]


async def test_an_apis_path_below_the_address_of_an_integration_is_read(system: System, key: str) -> None:
    event = {"routing_key": "x" * 32, "event_action": "trigger", "dedup_key": "d", "payload": {"summary": "Disk", "severity": "error"}}
    assert (await system.api.post(f"/intake/{key}/v2/enqueue", json=event)).json()["events"][0]["decision"] == "opened"
    await system.api.post(f"/intake/{key}/v2/alerts", json={"message": "CPU", "alias": "cpu", "priority": "P1"})
    closed = await system.api.post(f"/intake/{key}/v2/alerts/cpu/close", json={})
    assert closed.json()["events"][0]["decision"] == "resolved"


async def test_what_came_in_can_be_listed_whatever_became_of_it(system: System, key: str) -> None:
    for body in ({"summary": "a", "dedup_key": "a"}, {"summary": "a", "status": "ok"}, []):
        await system.api.post(f"/intake/{key}", json=body)
    listed = (await system.api.get("/api/v1/events")).json()["items"]
    assert [(event["decision"], event["reason"].split(":")[0]) for event in listed] == [
        ("ignored", "the list of events is empty"),
        ("no_open_alert", "it names no problem"),
        ("opened", "no alert with this dedup key was open"),
    ]
    (ignored,) = (await system.api.get("/api/v1/events?decision=ignored")).json()["items"]
    assert ignored["id"] == listed[0]["id"]
    assert (await system.api.get(f"/api/v1/events?integration_id={new_id()}")).json()["items"] == []
    page = (await system.api.get("/api/v1/events?limit=2")).json()
    assert len((await system.api.get(f"/api/v1/events?limit=2&cursor={page['next_cursor']}")).json()["items"]) == 1


async def test_numbers_of_two_monitors_on_one_service_never_meet(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)], type="uptime_kuma")
    other = await system.make(f"services/{made['service']['id']}/integrations", name="second", type="uptime_kuma")

    def beat(name: str, status: int) -> dict[str, Any]:
        return {"heartbeat": {"status": status, "msg": "x"}, "monitor": {"id": 8, "name": name}, "msg": "x"}

    decisions = [
        (await system.api.post(f"/intake/{key}", json=body)).json()["events"][0]["decision"]
        for key, body in ((made["key"], beat("Alpha", 0)), (other["key"], beat("Omega", 0)), (other["key"], beat("Omega", 1)))
    ]
    assert decisions == ["opened", "opened", "resolved"]
    assert [status for _, _, status in await incidents(system)] == ["triggered", "resolved"]


async def test_common_words_are_read_on_an_integration_of_any_type_but_an_end_without_a_key_is_seen(system: System) -> None:
    ana = await system.user("Ana")
    key = (await system.service([to(ana)], type="nagios"))["key"]
    for body in ({"summary": "One", "dedup_key": "1"}, {"summary": "Two", "dedup_key": "2"}, {"dedup_key": "1", "status": "resolved"}):
        await system.api.post(f"/intake/{key}", json=body)
    assert [(title, status) for title, _, status in await incidents(system)] == [("One", "resolved"), ("Two", "triggered")]
    (event,) = (await system.api.post(f"/intake/{key}", json={"summary": "x", "status": "ok"})).json()["events"]
    assert event["decision"] == "unreadable"


async def test_a_key_is_hidden_in_a_dedup_key_and_in_any_encoding(system: System, key: str) -> None:
    text = json.dumps({"summary": "x", "dedup_key": f"https://h/intake/{key}", "link": f"https://h/{key}"})
    for raw in (text.encode(), text.encode("utf-16"), text.encode("utf-16-be"), text.encode("utf-32")):
        event = (await system.api.post(f"/intake/{key}", content=raw)).json()["events"][0]
        assert event["dedup_key"] == "https://h/intake/[redacted]"
        stored = (await system.api.get(f"/api/v1/events/{event['id']}/body")).content
        assert [encoding for encoding in ("utf-8", "utf-16-le", "utf-32-le") if key.encode(encoding) in stored] == []
        assert key not in (await system.api.get(f"/api/v1/events/{event['id']}")).text
