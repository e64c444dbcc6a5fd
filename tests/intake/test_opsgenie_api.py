"""`/v2/alerts` answers as Opsgenie's Alert API does; nothing but the base URL and the key change for a sender."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from tests.system import System, to


class Opsgenie:
    """What a client of the original sends."""

    def __init__(self, system: System, key: str, id: str = "") -> None:
        self.system, self.headers, self.id = system, {"Authorization": f"GenieKey {key}"}, id

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
    made = await system.service([to(ana)], type="opsgenie")
    return Opsgenie(system, made["key"], made["integration"]["id"])


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
    assert (alert["acknowledged"], alert["owner"], alert["report"]["acknowledgedBy"]) == (True, "bob (prod)", "bob (prod)")

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
        ("alerts/a/unacknowledge?identifierType=alias", {}, 403, None),  # it would be believed, and nothing would happen
        ("alerts/a/explode?identifierType=alias", {}, 403, None),
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
    assert await listed("query=2 disk") == ["a2"], "each word by itself"
    for _ in range(3):
        opsgenie.system.clock.advance(timedelta(hours=1))  # too long ago to open the same alert again
        await opsgenie.post("alerts", {"message": "Disk 0 again", "alias": "a0"})
        await opsgenie.post("alerts/a0/close?identifierType=alias", {})
    counts = [len(await listed(f"query=alias:a0&limit=1&offset={offset}")) for offset in range(5)]
    assert counts == [1, 1, 1, 1, 0], "all that ever had the alias, one to a page"
    for query in (
        "responders:ops",
        "createdAt > 1",
        "status:open OR status:closed",
        "NOT status:open",
        "(disk)",
        "status:open status:open",
    ):
        refused = await opsgenie.get(f"alerts?query={query}", status=422)
        assert "status, acknowledged, alias, tinyId, message" in refused["message"]
    for paging in ("limit=0", "limit=-1", "offset=-5", "limit=x", "offset=20001"):
        await opsgenie.get(f"alerts?{paging}", status=422)


async def test_the_webhooks_of_its_integrations_take_a_monitors_own_words(system: System, opsgenie: Opsgenie) -> None:
    key = opsgenie.headers["Authorization"].partition(" ")[2]
    body = {"host": "db-1", "name": "disk", "chart": "disk._var", "family": "/var", "status": "CRITICAL", "old_status": "CLEAR"}
    answer = await system.api.post(f"/v1/json/integrations/webhooks/netdata?apiKey={key}", json=body)
    assert answer.status_code == 200, "Netdata counts nothing else as sent"
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (incident["severity"], incident["dedup_keys"]) == (
        "critical",
        [f"netdata_host=db-1 chart=disk._var alarm=disk integration={opsgenie.id[-8:]}"],
    )


async def test_an_id_or_a_number_means_that_alert_and_no_other_with_its_alias(system: System, opsgenie: Opsgenie) -> None:
    old = await opsgenie.status(await opsgenie.post("alerts", {"message": "x", "alias": "777"}))
    await opsgenie.post(f"alerts/{old['alertId']}/close")
    system.clock.advance(timedelta(hours=2))
    new = await opsgenie.status(await opsgenie.post("alerts", {"message": "x", "alias": "777"}))
    for path in (f"alerts/{old['alertId']}/close", "alerts/777/close?identifierType=tiny", "alerts/777/close"):
        assert not (await opsgenie.status(await opsgenie.post(path)))["success"], "the new one is not meant"
    assert (await opsgenie.get(f"alerts/{new['alertId']}"))["data"]["status"] == "open"


async def test_what_alertmanager_updates_is_taken(system: System, opsgenie: Opsgenie) -> None:
    await opsgenie.post("alerts", {"message": "x", "alias": "a"})
    for verb, done in {"message": "Updated message", "description": "Updated description", "priority": "Updated priority"}.items():
        answer = await system.api.put(f"/v2/alerts/a/{verb}?identifierType=alias", json={verb: "P1"}, headers=opsgenie.headers)
        assert (answer.status_code, (await opsgenie.status(answer.json()))["status"]) == (202, done)
    removed = await system.api.delete("/v2/alerts/a/tags?identifierType=alias&tags=x", headers=opsgenie.headers)
    assert (removed.status_code, (await opsgenie.status(removed.json()))["status"]) == (202, "Removed tags")
    deleted = await system.api.delete("/v2/alerts/a?identifierType=alias", headers=opsgenie.headers)
    assert (deleted.status_code, (await opsgenie.status(deleted.json()))["status"]) == (202, "Deleted alert")


@pytest.mark.parametrize("alias", ["a/b", "https://example.com/", "x" * 400, "a\u0000b", "größe 1", "a?b&c=d", "%2F", "close"])
async def test_any_alias_is_created_got_and_closed(system: System, opsgenie: Opsgenie, alias: str) -> None:
    await opsgenie.post("alerts", {"message": "x", "alias": alias})
    path = f"alerts/{quote(alias, safe='')}"
    assert (await opsgenie.get(f"{path}?identifierType=alias"))["data"]["status"] == "open"
    assert (await opsgenie.status(await opsgenie.post(f"{path}/close?identifierType=alias")))["success"]
    assert (await opsgenie.get(f"{path}?identifierType=alias"))["data"]["status"] == "closed"


async def test_only_the_key_of_an_opsgenie_integration_reads(system: System, opsgenie: Opsgenie) -> None:
    (service,) = (await system.api.get("/api/v1/services")).json()["items"]
    made = await system.make(f"services/{service['id']}/integrations", name="monitor", type="generic")
    monitor = Opsgenie(system, made["key"])
    created = await monitor.post("alerts", {"message": "x", "alias": "a"})
    assert (await monitor.status(created))["success"], "what became of one's own request"
    for path in ("alerts", "alerts/a?identifierType=alias"):
        await monitor.get(path, status=403)
    assert (await opsgenie.get("alerts"))["data"][0]["integration"]["name"] == "monitor"


async def test_a_body_of_null_is_no_body(opsgenie: Opsgenie, system: System) -> None:
    await opsgenie.post("alerts", {"message": "x", "alias": "a"})
    answer = await system.api.post("/v2/alerts/a/close?identifierType=alias", content=b"null", headers=opsgenie.headers)
    assert answer.status_code == 202


async def test_more_than_4_mib_is_refused_and_an_alert_says_so(opsgenie: Opsgenie, system: System) -> None:
    assert (await opsgenie.post("alerts", {"message": "x", "description": "x" * 600_000}))["result"] == "Request will be processed"
    await opsgenie.post("alerts", {"message": "x", "description": "x" * 4_200_000}, status=413)
    titles = [incident["title"] for incident in (await system.api.get("/api/v1/incidents")).json()["items"]]
    assert titles == ["oversized event from prod", "x"]
