"""Mappings over REST: kept only if nothing is wrong with them, tried before they are kept, and in force for what comes in then."""

import json
from typing import Any

import pytest
from sqlalchemy import text
from tests.system import System, to

from oncall.intake.commands.library import EXPRESSIBLE
from oncall.kit.db import Database
from oncall.kit.metrics import UNMAPPED

MAPPING = {
    "rules": [
        {
            "event": {
                "dedup_key": "ALARM_ID",
                "summary": "TEXT",
                "action": {"from": "STATE", "table": {"RAISED": "trigger", "CLEARED": "resolve"}},
                "severity": {"from": "PRIO", "table": {"1": "critical"}},
            }
        }
    ]
}
BIG = 2**63 + 11
RAISED = {"ALARM_ID": BIG, "TEXT": "Disk full", "STATE": "RAISED", "PRIO": 1}
COUNT = text("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM incidents), (SELECT count(*) FROM event_bodies)")


class Site:
    """A service whose integration can be given mappings."""

    def __init__(self, system: System, made: dict[str, Any]) -> None:
        self.system, self.key, self.integration = system, made["key"], made["integration"]
        self.path = f"/api/v1/services/{made['service']['id']}/integrations/{self.integration['id']}"

    async def keep(self, mapping: object) -> Any:
        body = {"name": "prod", "type": "generic", "mapping": mapping}
        answer = await self.system.api.put(self.path, json=body, headers={"If-Match": "*"})
        await self.system.node.compilation.refresh()
        return answer

    async def post(self, body: object) -> list[dict[str, Any]]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self.system.api.post(f"/intake/{self.key}", content=raw)
        assert answer.status_code == 202, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events

    async def preview(self, *, status: int = 200, **body: Any) -> Any:
        answer = await self.system.api.post(f"/api/v1/integrations/{self.integration['id']}/preview", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
async def site(system: System) -> Site:
    return Site(system, await system.service([to(await system.user("Ana"))], type="generic"))


async def test_a_mapping_that_is_kept_reads_what_comes_in_from_then_on(site: Site) -> None:
    assert (await site.keep(MAPPING)).status_code == 200
    (opened,) = await site.post(RAISED)
    assert (opened["decision"], opened["dedup_key"]) == ("opened", f"{BIG}")
    (resolved,) = await site.post(RAISED | {"STATE": "CLEARED"})
    assert (resolved["decision"], resolved["incident_id"]) == ("resolved", opened["incident_id"])
    other = {"rules": [{"event": {"summary": "WHAT", "dedup_key": "ID"}}]}
    assert (await site.keep(other)).status_code == 200
    (event,) = await site.post({"WHAT": "Other", "ID": 1})
    assert (event["decision"], event["dedup_key"]) == ("opened", "1")
    assert (await site.keep(None)).status_code == 200
    (event,) = await site.post({"WHAT": "Other", "ID": 1})
    assert event["decision"] == "opened", "without a mapping it is read by common words"


async def test_every_fault_of_a_mapping_is_in_the_refusal(site: Site) -> None:
    answer = await site.keep({"rules": [{"evnt": {}, "event": {"summary": "a-b", "severity": {"from": "p", "table": {"1": "criticl"}}}}]})
    assert answer.status_code == 422
    told = answer.json()
    assert {error["loc"] for error in told["errors"]} == {
        "body.mapping.rules.0.evnt",
        "body.mapping.rules.0.event.summary",
        "body.mapping.rules.0.event.severity.table.1",
    }
    assert "perhaps critical is meant" in json.dumps(told["errors"])
    assert "rules.0" in told["detail"]
    again = await site.system.api.post(site.path.rpartition("/")[0], json={"name": "x", "type": "generic", "mapping": {"rules": []}})
    assert again.status_code == 422


async def test_what_the_mapping_does_not_read_pages_and_is_counted_and_shown(site: Site) -> None:
    await site.keep(MAPPING)
    counted = UNMAPPED.labels(site.integration["id"])
    before = counted._value.get()
    (event,) = await site.post({"title": "Something else", "dedup_key": "else"})
    assert event["decision"] == "opened"
    assert counted._value.get() == before + 1
    unmapped = "unmapped, neither a dedup key nor a summary was found in it"
    (listed,) = (await site.system.api.get(f"/api/v1/events?integration_id={site.integration['id']}")).json()["items"]
    assert listed["reason"] == f"{unmapped}: no alert with this dedup key was open", "one finds them in the list of what came in"
    (alert,) = (await site.system.api.get(f"/api/v1/incidents/{event['incident_id']}/alerts")).json()["items"]
    assert alert["details"]["unmapped"] == "neither a dedup key nor a summary was found in it"
    await site.system.run_due()
    assert site.system.pages() == ["Ana"]


async def test_a_preview_tells_everything_and_writes_nothing(site: Site, database: Database) -> None:
    body = [RAISED, {"ALARM_ID": 5, "TEXT": "b", "STATE": "odd"}, {"TEXT": "no key"}, {"x": 1}]
    mapping = {"rules": [{"name": "alarms", "split": "@", **MAPPING["rules"][0]}]}
    told = await site.preview(mapping=mapping, body=body)
    assert told == await site.preview(mapping=mapping, body=json.dumps(body)), "JSON may stand there as it is"
    assert [(e["position"], e["rule"], e["became"]) for e in told["events"]] == [
        (0, "alarms", "mapped"), (1, "alarms", "mapped"), (2, "alarms", "mapped"), (3, "alarms", "unmapped")]  # fmt: skip
    first, odd, keyless, unmapped = told["events"]
    assert first["event"]["dedup_key"] == f"{BIG}"
    assert (first["event"]["action"], first["event"]["severity"], first["event"]["summary"]) == ("trigger", "critical", "Disk full")
    assert {"field": "dedup_key", "expression": "ALARM_ID", "gave": BIG, "why": ""} in first["tried"]
    (number,) = first["warnings"]
    assert number.startswith("dedup_key: it is a mere number")
    over = await site.preview(mapping=MAPPING, body=RAISED | {"STATE": "CLEARED", "PRIO": "odd"})
    assert over["events"][0]["warnings"] == [number], "of an end the severity does not matter"
    assert odd["warnings"] == ["action: the word 'odd' is not in the table, and counts as trigger", number]
    assert keyless["event"]["dedup_key"] is None
    assert keyless["warnings"] == ["dedup_key: none was found, so this event is a problem of its own, and nothing ends it"]
    assert unmapped["why"] == "neither a dedup key nor a summary was found in it"
    assert unmapped["event"]["action"] == "trigger"
    async with database.transaction() as tx:
        assert tuple((await tx.execute(COUNT)).one()) == (0, 0, 0)


async def test_a_preview_looks_at_a_stored_body_and_uses_the_stored_mapping(site: Site) -> None:
    (event,) = await site.post(RAISED)
    assert (await site.preview(status=422, event_id=event["id"]))["errors"][0]["loc"] == "body.mapping"
    await site.keep(MAPPING)
    told = await site.preview(event_id=event["id"])
    assert told["events"][0]["event"]["dedup_key"] == f"{BIG}"
    assert told["mapping"]["rules"][0]["event"]["dedup_key"] == "ALARM_ID"


async def test_a_preview_takes_queries_headers_and_what_nobody_can_read(site: Site) -> None:
    mapping = {"rules": [{"event": {"summary": "q", "dedup_key": "query('n')", "source": "header('X-Host')"}}]}
    told = await site.preview(mapping=mapping, query={"q": "Door open", "n": "7"}, headers={"x-host": "db-1", "content-encoding": "gzip"})
    (one,) = told["events"]
    assert (one["event"]["summary"], one["event"]["dedup_key"], one["event"]["source"]) == ("Door open", "7", "db-1")
    told = await site.preview(mapping=mapping, body='{"broken"')
    assert [e["became"] for e in told["events"]] == ["unreadable"]
    told = await site.preview(mapping=mapping, body="", query={})
    assert [e["became"] for e in told["events"]] == ["unreadable"]
    failing = {"rules": [{"event": {"summary": ["join(',', a)", "t"]}}]}
    told = await site.preview(mapping=failing, body='{"a": 1, "t": "x"}')
    assert told["events"][0]["event"]["summary"] == "x"
    assert "summary: join(',', a): join() wants array of string, and was given number" in told["events"][0]["warnings"]


@pytest.mark.parametrize(
    ("body", "expected"), [(7, "7"), (7.5, "7.5"), (0, "0"), (BIG, f"{BIG}"), (True, "true"), (False, "false"), ("Door open", "Door open")]
)
async def test_a_preview_takes_a_body_that_is_a_mere_word(site: Site, body: object, expected: str) -> None:
    told = await site.preview(mapping={"rules": [{"event": {"summary": "@"}}]}, body=body)
    assert [e["event"]["summary"] for e in told["events"]] == [expected]


async def test_a_preview_takes_null_as_a_body(site: Site) -> None:
    told = await site.preview(mapping=MAPPING, body=None)
    assert [e["became"] for e in told["events"]] == ["unreadable"]
    (event,) = await site.post(RAISED)
    assert (await site.preview(mapping=MAPPING, body=None, event_id=event["id"]))["events"][0]["became"] == "mapped"
    assert (await site.preview(mapping=MAPPING, body=None, query={"TEXT": "x"}))["events"][0]["became"] == "mapped"


async def test_a_preview_warns_of_keys_that_can_never_meet(site: Site) -> None:
    mapping = {
        "rules": [
            {"name": "closing", "when": "closed", "event": {"dedup_key": {"named": {"id": "closed"}}, "action": {"value": "resolve"}}},
            {"name": "opening", "event": {"dedup_key": {"named": {"alarm": "id"}}, "summary": "t", "action": {"value": "trigger"}}},
        ]
    }
    told = await site.preview(mapping=mapping, body='{"closed": 7}')
    (warning,) = told["warnings"]
    assert warning.startswith("closing: its events end problems by a dedup_key that no event of a rule that triggers can have")
    mapping["rules"][0]["event"]["dedup_key"] = {"named": {"alarm": "closed"}}
    told = await site.preview(mapping=mapping, body='{"closed": 7}')
    assert told["warnings"] == []
    assert told["rules"] == [{"rule": "closing", "expression": "closed", "gave": True, "why": ""}]


async def test_a_preview_warns_of_a_text_without_quotes_and_of_one_in_the_wrong_ones(site: Site) -> None:
    rule = {"when": "kind == host", "ignore": [{"when": "env == test", "reason": "a test"}], "event": {"summary": "t", "dedup_key": "k"}}
    told = await site.preview(mapping={"rules": [rule]}, body={"t": "x", "k": "a", "kind": "host"})
    assert told["events"][0]["became"] == "unmapped"
    assert "rule 1: kind == host: it compares members, and host is not there; a text stands in single quotes: 'host'" in told["warnings"]
    told = await site.preview(mapping={"rules": [rule | {"when": None}]}, body={"t": "x", "k": "a"})
    (warning,) = told["events"][0]["warnings"]
    assert warning == "ignore: env == test: it compares members, and env and test are not there; a text stands in single quotes: 'test'"
    refused = await site.preview(status=422, mapping={"rules": [rule | {"when": 'kind == "host"'}]}, body={})
    assert "single quotes: 'host'" in refused["errors"][0]["message"]


async def test_a_preview_is_of_bodies_of_its_own_integration_and_for_those_who_may_read(site: Site, system: System) -> None:
    (event,) = await site.post(RAISED)
    other = Site(system, await system.service([to(await system.user("Bob"))], type="generic"))
    await other.preview(status=404, mapping=MAPPING, event_id=event["id"])
    nobody = system.client()
    answer = await nobody.post(f"/api/v1/integrations/{site.integration['id']}/preview", json={"mapping": MAPPING, "body": "{}"})
    assert answer.status_code == 401
    await nobody.aclose()
    answer = await system.api.post(f"/api/v1/integrations/{event['id']}/preview", json={"mapping": MAPPING, "body": "{}"})
    assert answer.status_code == 404
    assert (await site.preview(status=422, mapping=MAPPING))["code"] == "invalid"
    assert (await site.preview(status=422, mapping=MAPPING, body="{}", event_id=event["id"]))["code"] == "invalid"
    refused = await site.preview(status=422, mapping={"rules": [{"event": {"summary": "a-b"}}]}, body="{}")
    assert refused["errors"][0]["loc"] == "body.mapping.rules.0.event.summary"


@pytest.mark.parametrize("scope", ["read", "respond"])
async def test_a_stored_body_is_tried_only_with_an_admin_key_since_it_holds_secrets(site: Site, system: System, scope: str) -> None:
    (event,) = await site.post(RAISED | {"api_token": "hunter2"})
    key = (await system.make("api-keys", name=scope, scope=scope))["key"]
    reading = system.client({"Authorization": f"Bearer {key}"})
    path = f"/api/v1/integrations/{site.integration['id']}/preview"
    mapping = {"rules": [{"event": {"summary": "api_token", "dedup_key": "to_string(@)"}}]}
    for body in ({"mapping": mapping, "event_id": event["id"]}, {"event_id": event["id"]}):
        answer = await reading.post(path, json=body)
        assert answer.status_code == 403, answer.text
        assert "paste the body" in answer.json()["detail"]
        assert "admin key" in answer.json()["detail"]
        assert "hunter2" not in answer.text
    pasted = await reading.post(path, json={"mapping": mapping, "body": {"api_token": "mine"}})
    assert pasted.status_code == 200, "what is pasted its reader has already"
    assert pasted.json()["events"][0]["event"]["summary"] == "mine"
    await reading.aclose()
    assert (await site.preview(mapping=mapping, event_id=event["id"]))["events"][0]["event"]["summary"] == "hunter2"


async def test_ready_mappings_are_listed_and_can_be_kept_as_they_are(site: Site) -> None:
    listed = (await site.system.api.get("/api/v1/mappings")).json()["items"]
    assert [one["type"] for one in listed] == [type.value for type in EXPRESSIBLE]
    one = (await site.system.api.get("/api/v1/mappings/pingdom")).json()
    assert one in listed
    assert (await site.keep(one["mapping"])).status_code == 200
    (event,) = await site.post({"check_id": 7, "current_state": "DOWN", "check_name": "Shop"})
    assert event["decision"] == "opened"
    assert (await site.system.api.get("/api/v1/mappings/sentry")).status_code == 404
