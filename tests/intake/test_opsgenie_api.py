"""`/v2/alerts` answers as Opsgenie's Alert API does; nothing but the base URL and the key change for a sender."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from tests.system import System, to


class Opsgenie:
    """What a client of the original sends."""

    def __init__(self, system: System, key: str) -> None:
        self.system, self.headers = system, {"Authorization": f"GenieKey {key}"}

    async def post(self, path: str, body: Any = None, status: int = 202) -> Any:
        answer = await self.system.api.post(f"/v2/{path}", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.system.api.get(f"/v2/{path}", headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def status(self, answer: Any) -> Any:
        return (await self.get(f"alerts/requests/{answer['requestId']}"))["data"]


@pytest.fixture
async def opsgenie(system: System) -> Opsgenie:
    ana = await system.user("Ana")
    return Opsgenie(system, (await system.service([to(ana)], type="opsgenie"))["key"])


async def test_a_life(system: System, opsgenie: Opsgenie) -> None:
    created = await opsgenie.post("alerts", {"message": "Disk full", "alias": "db-1/disk", "priority": "P1", "details": {"mount": "/var"}})
    assert created.keys() == {"result", "took", "requestId"}
    assert created["result"] == "Request will be processed"
    status = await opsgenie.status(created)
    assert (status["success"], status["isSuccess"], status["action"], status["status"]) == (True, True, "Create", "Created alert")
    assert status["alias"] == "db-1/disk"
    await system.run_due()
    assert system.pages() == ["Ana"]

    alert = (await opsgenie.get(f"alerts/{status['alertId']}"))["data"]
    assert (alert["id"], alert["alias"], alert["message"], alert["status"]) == (status["alertId"], "db-1/disk", "Disk full", "open")
    assert (alert["priority"], alert["acknowledged"], alert["count"], alert["details"]) == ("P1", False, 1, {"mount": "/var"})
    by_alias = await opsgenie.get(f"alerts/{quote('db-1/disk', safe='')}?identifierType=alias")
    by_tiny = await opsgenie.get(f"alerts/{alert['tinyId']}?identifierType=tiny")
    assert by_alias["data"] == by_tiny["data"] == alert

    acknowledged = await opsgenie.post("alerts/db-1%2Fdisk/acknowledge?identifierType=alias", {"user": "bob"})
    assert (await opsgenie.status(acknowledged))["status"] == "Acknowledged alert"
    alert = (await opsgenie.get(f"alerts/{alert['id']}"))["data"]
    assert (alert["acknowledged"], alert["owner"], alert["report"]["acknowledgedBy"]) == (True, "prod", "prod")

    closed = await opsgenie.post(f"alerts/{alert['id']}/close/", {})
    assert (await opsgenie.status(closed))["status"] == "Closed alert"
    assert (await opsgenie.get(f"alerts/{alert['id']}"))["data"]["status"] == "closed"
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert incident["status"] == "resolved"


async def test_a_path_may_end_in_a_slash_and_no_redirect_is_needed(opsgenie: Opsgenie) -> None:
    await opsgenie.post("alerts/", {"message": "x", "alias": "a"})
    await opsgenie.post("alerts/a/close/?identifierType=alias")
    assert (await opsgenie.get("alerts/"))["data"][0]["status"] == "closed"


async def test_without_an_alias_the_alert_gets_one(opsgenie: Opsgenie) -> None:
    status = await opsgenie.status(await opsgenie.post("alerts", {"message": "x", "priority": None}))
    assert UUID(status["alias"])
    assert (await opsgenie.get(f"alerts/{status['alertId']}"))["data"]["priority"] == "P3", "what nobody said is the original's default"


async def test_a_verb_on_what_is_not_open_is_taken_and_its_status_says_so(opsgenie: Opsgenie) -> None:
    for path in ("alerts/nothing/close?identifierType=alias", "alerts/not-an-id/acknowledge", "alerts/99999/close?identifierType=tiny"):
        status = await opsgenie.status(await opsgenie.post(path, {}))
        assert (status["success"], status["isSuccess"], status["status"]) == (False, False, "There is no open alert")
        assert (status["alertId"], status["alias"]) == ("", "")


async def test_what_has_no_effect_yet_is_answered_as_by_the_original_and_recorded_with_its_incident(
    system: System, opsgenie: Opsgenie
) -> None:
    created = await opsgenie.status(await opsgenie.post("alerts", {"message": "x", "alias": "a"}))
    verbs = {
        "notes": ({"note": "looking", "user": "bob"}, "AddNote", "Added note"),
        "snooze": ({"endTime": "2030-01-01T00:00:00Z"}, "Snooze", "Snoozed alert"),
        "unacknowledge": ({}, "UnAcknowledge", "UnAcknowledged alert"),
        "tags": ({"tags": ["x"]}, "AddTags", "Added tags"),
    }
    for verb, (body, action, done) in verbs.items():
        answer = await opsgenie.post(f"alerts/a/{verb}?identifierType=alias", body)
        status = await opsgenie.status(answer)
        assert (status["isSuccess"], status["action"], status["status"]) == (True, action, done)
        event = (await system.api.get(f"/api/v1/events/{answer['requestId']}")).json()
        assert event["decision"] == "ignored"
        assert event["reason"].endswith("it is recorded, and changes nothing here yet")
        assert event["incident_id"]
    assert (await opsgenie.get(f"alerts/{created['alertId']}"))["data"]["status"] == "open"


async def test_a_heartbeat_checks_in(system: System, opsgenie: Opsgenie) -> None:
    posted = await opsgenie.post("heartbeats/nightly backup/ping")
    got = await opsgenie.get("heartbeats/nightly%20backup/ping", status=202)
    for answer in (posted, got):
        assert answer["result"] == "PONG - Heartbeat received"
        event = (await system.api.get(f"/api/v1/events/{answer['requestId']}")).json()
        assert (event["action"], event["decision"], event["dedup_key"]) == ("check_in", "checked_in", "heartbeat=nightly backup")


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("alerts", {}, 422, "message"),
        ("alerts", {"message": "  "}, 422, "message"),
        ("alerts", {"message": ["x"]}, 422, "message"),
        ("alerts/a/snooze?identifierType=alias", {}, 422, "endTime"),
        ("alerts/a/notes?identifierType=alias", {}, 422, "note"),
        ("alerts", [1], 400, None),
        ("alerts/a/explode?identifierType=alias", {}, 404, None),
    ],
)
async def test_what_it_refuses_says_why(opsgenie: Opsgenie, path: str, body: Any, status: int, field: str | None) -> None:
    answer = await opsgenie.post(path, body, status=status)
    assert answer["message"]
    assert UUID(answer["requestId"])
    assert (field is None) or list(answer["errors"]) == [field]


async def test_what_is_no_json_is_400(system: System, opsgenie: Opsgenie) -> None:
    answer = await system.api.post("/v2/alerts", content=b'{"message": ', headers=opsgenie.headers)
    assert (answer.status_code, answer.json()["message"][:26]) == (400, "The body cannot be read: i")


async def test_a_wrong_key_is_401_everywhere(system: System) -> None:
    for headers in ({}, {"Authorization": "GenieKey x"}, {"Authorization": "Basic eDp5"}):
        for method, path in (("POST", "alerts"), ("GET", "alerts"), ("POST", "alerts/a/close"), ("GET", "heartbeats/x/ping")):
            answer = await system.api.request(method, f"/v2/{path}", headers={"Authorization": ""} | headers)
            assert (answer.status_code, answer.json()["message"]) == (401, "Could not authenticate")


async def test_what_one_integration_made_another_service_does_not_see(system: System, opsgenie: Opsgenie) -> None:
    created = await opsgenie.post("alerts", {"message": "x", "alias": "a"})
    status = await opsgenie.status(created)
    ben = await system.user("Ben")
    other = Opsgenie(system, (await system.service([to(ben)], type="opsgenie"))["key"])
    await other.get(f"alerts/requests/{created['requestId']}", status=404)
    await other.get(f"alerts/{status['alertId']}", status=404)
    assert (await other.get("alerts"))["data"] == []
    assert not (await other.status(await other.post("alerts/a/close?identifierType=alias", {})))["success"]


async def test_a_list_is_filtered_and_paged(opsgenie: Opsgenie) -> None:
    for n in range(3):
        await opsgenie.post("alerts", {"message": f"Disk {n}", "alias": f"a{n}"})
    await opsgenie.post("alerts/a0/close?identifierType=alias", {})
    await opsgenie.post("alerts/a1/acknowledge?identifierType=alias", {})

    async def listed(query: str) -> list[str]:
        return [alert["alias"] for alert in (await opsgenie.get(f"alerts?{query}"))["data"]]

    assert await listed("") == ["a2", "a1", "a0"]
    assert await listed("order=asc&limit=2") == ["a0", "a1"]
    assert await listed("limit=2&offset=2") == ["a0"]
    assert await listed("query=status: open") == ["a2", "a1"]
    assert await listed("query=status%3Dclosed") == ["a0"]
    assert await listed("query=status:open AND acknowledged:true") == ["a1"]
    assert await listed('query=message:"disk 2"') == ["a2"]
    assert await listed("query=alias:a1") == ["a1"]
    page = await opsgenie.get("alerts?limit=2")
    assert page["paging"]["next"].endswith("/v2/alerts?limit=2&offset=2")
    refused = await opsgenie.get("alerts?query=createdAt > 1", status=200)
    assert refused["data"] == []
    refused = await opsgenie.get("alerts?query=responders:ops", status=422)
    assert "status, acknowledged, alias, tinyId, message" in refused["message"]


async def test_the_webhooks_of_its_integrations_take_a_monitors_own_words(system: System, opsgenie: Opsgenie) -> None:
    key = opsgenie.headers["Authorization"].partition(" ")[2]
    body = {"host": "db-1", "name": "disk", "chart": "disk._var", "family": "/var", "status": "CRITICAL", "old_status": "CLEAR"}
    answer = await system.api.post(f"/v1/json/integrations/webhooks/netdata?apiKey={key}", json=body)
    assert answer.status_code == 200, "Netdata counts nothing else as sent"
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (incident["severity"], incident["dedup_keys"]) == ("critical", ["host=db-1 chart=disk._var alarm=disk"])
