"""`POST /v2/enqueue` answers exactly as PagerDuty's Events API v2 does; nothing but the base URL changes for a sender."""

import json
from typing import Any

import pytest
from sqlalchemy import text
from tests.system import System, to

from oncall.intake.commands import gate
from oncall.kit.db import Database

ALERT = text("SELECT summary, source, severity, labels, links, details FROM alerts")
EVENTS = text("SELECT count(*) FROM events")
BODY = text("SELECT raw FROM event_bodies")

PAYLOAD = {"summary": "Disk full", "source": "db-1", "severity": "critical"}


@pytest.fixture
async def key(system: System) -> str:
    ana = await system.user("Ana")
    key: str = (await system.service([to(ana)]))["key"]
    return key


async def send(system: System, key: str, **event: Any) -> tuple[int, Any]:
    body = {"routing_key": key, "event_action": "trigger", "payload": PAYLOAD, **event}
    answer = await system.api.post("/v2/enqueue", json={name: value for name, value in body.items() if value is not ...})
    return answer.status_code, answer.json()


async def test_a_life(system: System, key: str) -> None:
    assert await send(system, key, dedup_key="srv01/mysql") == (
        202,
        {"status": "success", "message": "Event processed", "dedup_key": "srv01/mysql"},
    )
    await system.run_due()
    assert system.pages() == ["Ana"]
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (incident["title"], incident["severity"], incident["dedup_keys"]) == ("Disk full", "critical", ["srv01/mysql"])

    status, answer = await send(system, key, event_action="acknowledge", dedup_key="srv01/mysql", payload=...)
    assert (status, answer["dedup_key"]) == (202, "srv01/mysql")
    assert (await system.incident(incident["id"]))["status"] == "acknowledged"

    status, answer = await send(system, key, event_action="resolve", dedup_key="srv01/mysql", payload=...)
    assert (status, answer["dedup_key"]) == (202, "srv01/mysql")
    assert (await system.incident(incident["id"]))["status"] == "resolved"


async def test_a_trigger_without_a_key_gets_one_by_which_it_can_be_resolved(system: System, key: str) -> None:
    for missing in (..., "", None):
        status, answer = await send(system, key, dedup_key=missing)
        assert (status, len(answer["dedup_key"])) == (202, 36)
        status, _ = await send(system, key, event_action="resolve", dedup_key=answer["dedup_key"])
        assert status == 202
    incidents = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert [incident["status"] for incident in incidents] == ["resolved"] * 3


async def test_a_resolve_of_nothing_is_accepted_as_the_original_does(system: System, key: str) -> None:
    assert (await send(system, key, event_action="resolve", dedup_key="nothing", payload=...))[0] == 202


BLANK = [None, "", " "]
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    *(({"routing_key": blank}, ["'routing_key' cannot be blank"]) for blank in [*BLANK, 7, ...]),
    ({"routing_key": "x"}, ["Length of 'routing_key' is incorrect (should be 32 characters)"]),
    ({"routing_key": "x" * 32}, ["Invalid routing key"]),
    *(({"event_action": blank}, ["'event_action' is missing or blank"]) for blank in [*BLANK, ...]),
    *(
        ({"event_action": odd}, ["'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"])
        for odd in ("Trigger", "close", 1, [], {"a": 1})
    ),
    *(({"event_action": "resolve", "dedup_key": blank}, ["'dedup_key' is missing or blank"]) for blank in [*BLANK, ...]),
    ({"event_action": "acknowledge"}, ["'dedup_key' is missing or blank"]),
    ({"dedup_key": "k" * 256}, ["'dedup_key' is too long (maximum is 255 characters)"]),
    *(({"payload": odd}, ["'payload' is missing or blank"]) for odd in (..., None, "x", [])),
    ({"payload": {**PAYLOAD, "summary": " "}}, ["'payload.summary' is missing or blank"]),
    ({"payload": {**PAYLOAD, "source": None}}, ["'payload.source' is missing or blank"]),
    ({"payload": {}}, [f"'payload.{name}' is missing or blank" for name in ("summary", "source", "severity")]),
    *(
        (
            {"payload": {**PAYLOAD, "severity": odd}},
            ["'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"],
        )
        for odd in ("Critical", "high", 1, ["critical"], {"a": 1})
    ),
    ({"routing_key": ..., "event_action": ...}, ["'routing_key' cannot be blank", "'event_action' is missing or blank"]),
]


async def test_what_the_original_refuses_is_refused_in_its_words_and_leaves_nothing(system: System, key: str, database: Database) -> None:
    for changes, errors in REFUSED:
        status, answer = await send(system, key, **changes)
        assert (status, answer) == (400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors}), changes
    async with database.transaction() as tx:
        assert (await tx.execute(EVENTS)).scalar_one() == 0


async def test_what_is_no_object_is_not_recognised(system: System, key: str) -> None:
    unrecognised = {"status": "Unrecognized object", "message": "Event object format is unrecognized", "errors": ["JSON parse error"]}
    for raw in (b"", b"{", b"[]", b"7", b"null", b'"x"', b"[" * 1_000, b"\xff\xfe\x00"):
        answer = await system.api.post("/v2/enqueue", content=raw)
        assert (answer.status_code, answer.json()) == (400, unrecognised), raw


async def test_512_kb_are_taken_and_no_more(system: System, key: str) -> None:
    event = json.dumps({"routing_key": key, "event_action": "trigger", "payload": PAYLOAD}).encode()
    answer = await system.api.post("/v2/enqueue", content=event.ljust(512 * 1024))
    assert answer.status_code == 202
    answer = await system.api.post("/v2/enqueue", content=event.ljust(512 * 1024 + 1))
    assert (answer.status_code, answer.json()["status"]) == (413, "invalid event")


async def test_everything_the_original_knows_is_kept_but_the_routing_key(system: System, key: str, database: Database) -> None:
    status, _ = await send(
        system,
        key,
        dedup_key="k" * 255,
        client="Checker",
        client_url="https://checker.example",
        links=[{"href": "https://run.example", "text": "runbook"}],
        images=[{"src": "https://img.example/1.png", "href": "https://x.example", "alt": "graph"}],
        payload={**PAYLOAD, "summary": "s" * 2_000, "timestamp": "not an instant", "custom_details": {"ping time": 1.5, "rack": {"n": 7}}},
    )
    assert status == 202
    async with database.transaction() as tx:
        alert = (await tx.execute(ALERT)).one()
        raw = (await tx.execute(BODY)).scalar_one()
    assert len(alert.summary) == 1_024
    assert alert.labels == {"ping time": "1.5", "rack": '{"n":7}'}
    assert [link["text"] for link in alert.links] == ["runbook", "graph", "Checker"]
    assert alert.details == {"custom_details": {"ping time": 1.5, "rack": {"n": 7}}}
    assert key.encode() not in raw
    assert json.loads(raw)["routing_key"] == "[redacted]"


async def test_odd_content_is_taken_all_the_same(system: System, key: str) -> None:
    payload = {"summary": "a\x00b\ud800", "source": "x" * 100_000, "severity": "info", "custom_details": {"\x00": [float("nan")]}}
    raw = json.dumps({"routing_key": key, "event_action": "trigger", "dedup_key": "k\x00", "payload": payload, "links": 7, "images": [[]]})
    answer = await system.api.post("/v2/enqueue", content=raw.encode())
    assert (answer.status_code, answer.json()["dedup_key"]) == (202, "k�")


async def test_an_integration_of_any_type_is_a_way_in(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="alertmanager")
    assert (await send(system, made["key"]))[0] == 202


async def test_when_it_cannot_be_stored_now_the_shape_stays(system: System, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BUDGET", 0.0)
    answer = await system.api.post("/v2/enqueue", json={"routing_key": key, "event_action": "trigger", "payload": PAYLOAD})
    assert (answer.status_code, answer.json()["errors"]) == (503, [])
    assert int(answer.headers["retry-after"]) > 0
