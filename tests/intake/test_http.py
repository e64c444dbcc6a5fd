"""`POST /intake/{key}`: for a valid key whatever is sent becomes a page and a 202, never a 5xx; everything else is told plainly."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from tests.intake.hostile import ALL, BODIES, COMPRESSED, MEDIA_TYPES
from tests.system import System, to

from oncall.intake.commands.showing import NEVER_KEPT
from oncall.intake.hot import receiving
from oncall.kit.db import Database

STORED = text("SELECT raw, content_type FROM event_bodies WHERE id = (SELECT body_id FROM events WHERE id = :id)")
EVENTS = text("SELECT id, decision, reason, summary, action FROM events ORDER BY id")


@pytest.fixture
async def key(system: System) -> str:
    ana = await system.user("Ana")
    key: str = (await system.service([to(ana)], type="generic"))["key"]
    return key


@pytest.mark.parametrize("type", ["alertmanager", "pagerduty", "pingdom", "generic"])  # those of test_properties are all
async def test_whatever_is_sent_becomes_a_202_and_is_kept_byte_by_byte(system: System, database: Database, type: str) -> None:
    ana = await system.user("Ana")
    key = (await system.service([to(ana)], type=type))["key"]
    for what, raw in BODIES.items():
        answer = await system.api.post(f"/intake/{key}", content=raw, headers={"Content-Type": "application/json"})
        assert answer.status_code == 202, f"{what}: {answer.text}"
        events = answer.json()["events"]
        assert events, what
        for event in events:
            assert event["decision"] in {"opened", "deduplicated", "resolved", "no_open_alert", "unreadable", "ignored"}, what
            assert event["incident_id"] or event["decision"] in {"no_open_alert", "ignored"}, what
            assert 0 < len(event["dedup_key"]) <= 255, what
        async with database.transaction() as tx:
            assert (await tx.execute(STORED, {"id": events[0]["id"]})).scalar_one() == raw, what
    await system.run_due()
    shown = (await system.api.get("/api/v1/incidents?limit=100")).json()["items"]
    assert all(incident["title"].strip() for incident in shown)


async def test_the_media_type_is_only_a_hint(system: System, key: str, database: Database) -> None:
    for content_type in MEDIA_TYPES:
        headers = {"Content-Type": content_type.encode("latin-1")} if content_type else {}
        answer = await system.api.post(f"/intake/{key}", content=json.dumps({"id": content_type}).encode(), headers=headers)
        event = answer.json()["events"][0]
        assert (answer.status_code, event["decision"]) == (202, "opened"), content_type
        async with database.transaction() as tx:
            stored = (await tx.execute(STORED, {"id": event["id"]})).one()
        assert stored.content_type[:199] == content_type.replace("\x00", "�")[:199]


async def test_what_is_compressed_is_inflated_within_bounds_and_else_pages_as_unreadable(system: System, key: str) -> None:
    decisions = {}
    for what, (encoding, raw) in COMPRESSED.items():
        answer = await system.api.post(f"/intake/{key}", content=raw, headers={"Content-Encoding": encoding})
        assert answer.status_code == 202, what
        decisions[what] = answer.json()["events"][0]["decision"]
    assert decisions == {
        "gzip": "opened",
        "deflate": "deduplicated",  # the same event again
        "a bomb": "unreadable",
        "broken gzip": "unreadable",
        "not gzip at all": "deduplicated",
        "another encoding": "unreadable",
        "two encodings": "deduplicated",
    }
    told = {event["reason"].split(": ")[0] for event in (await system.api.get("/api/v1/events?decision=unreadable")).json()["items"]}
    assert told == {
        "it is gzip of more than 4096 KiB",
        "it is gzip, cut off or damaged",
        "it is compressed as br, which is not undone here",
    }


async def test_an_unreadable_body_pages_and_says_why_and_its_next_one_only_counts(system: System, key: str, database: Database) -> None:
    first = (await system.api.post(f"/intake/{key}", content=b"\x01\x02")).json()["events"][0]
    second = (await system.api.post(f"/intake/{key}", content=b"{broken")).json()["events"][0]
    assert first["decision"] == second["decision"] == "unreadable"
    assert first["incident_id"] == second["incident_id"]
    await system.run_due()
    assert system.pages() == ["Ana"]
    assert (await system.incident(first["incident_id"]))["title"] == "unreadable event from prod"
    async with database.transaction() as tx:
        assert [row.reason.split(":")[0] for row in await tx.execute(EVENTS)] == [
            "it is neither JSON, nor XML, nor a form, nor a sentence",
            "it is not JSON (Expecting property name enclosed in double quotes",
        ]


async def test_what_cannot_be_read_waits_for_no_threshold(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic", threshold={"count": 3, "within": "PT10M", "critical": True})
    await system.api.post(f"/intake/{made['key']}", content=b"\x01\x02")
    await system.run_due()
    assert system.pages() == ["Ana"]


async def test_600_kib_are_fine(system: System, key: str) -> None:
    raw = json.dumps({**ALL, "padding": "x" * 600 * 1024}).encode()
    assert (await system.api.post(f"/intake/{key}", content=raw)).json()["events"][0]["decision"] == "opened"


@pytest.mark.parametrize("is_announced", [True, False])
async def test_more_than_4_mib_announced_or_in_chunks_is_413_and_an_alert_says_who_sent_it(
    system: System, key: str, is_announced: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(65):
            yield b"x" * 64 * 1024

    agent = {"User-Agent": f"monitor/1 ghp_{'k7' * 18}"}
    content = b"x" * (4 * 1024 * 1024 + 1) if is_announced else chunks()
    answer = await system.api.post(f"/intake/{key}", content=content, headers=agent)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert incident["title"] == "oversized event from prod"
    (alert,) = (await system.api.get(f"/api/v1/incidents/{incident['id']}/alerts")).json()["items"]
    length = {"content_length": 4 * 1024 * 1024 + 1} if is_announced else {}
    assert alert["details"] == {"why": "it is larger than 4096 KiB", "user_agent": "monitor/1 [redacted]"} | length
    (event,) = (await system.api.get("/api/v1/events")).json()["items"]
    shown = (await system.api.get(f"/api/v1/events/{event['id']}")).json()
    assert (shown["body"], shown["body_gone"]) == (None, NEVER_KEPT)
    download = await system.api.get(f"/api/v1/events/{event['id']}/body")
    assert (download.status_code, download.json()["detail"]) == (410, shown["body_gone"])
    limit = await system.api.post(f"/intake/{key}", content=b"x" * 4 * 1024 * 1024)
    assert limit.status_code == 202, "4 MiB exactly are taken"


async def test_an_empty_body_is_shown_as_it_is(system: System, key: str) -> None:
    (event,) = (await system.api.post(f"/intake/{key}", content=b"")).json()["events"]
    shown = (await system.api.get(f"/api/v1/events/{event['id']}")).json()
    assert (shown["body"]["size"], shown["body"]["text"], shown["body_gone"]) == (0, "", None)


async def test_a_length_that_lies_is_no_error(system: System, key: str) -> None:
    for length in ("9" * 5_000, "٣٣٣٣٣٣٣٣", "-1", "x"):
        answer = await system.api.post(f"/intake/{key}", content=b"{}", headers={"Content-Length": length.encode()})
        assert answer.status_code in {202, 413}, length


async def test_a_wrong_key_is_401_whatever_is_wrong_with_it_and_leaves_nothing(system: System, key: str, database: Database) -> None:
    wrong = ("x" * 32, "x", "%00", "%ED%A0%80", "oc_api_abcdefgh_x", "é", "x" * 5_000, key + "x", key[:-1])
    answers = [await system.api.post(f"/intake/{one}", content=json.dumps(ALL).encode()) for one in wrong]
    assert {(answer.status_code, answer.headers["content-type"]) for answer in answers} == {(401, "application/problem+json")}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert len({answer.text for answer in answers}) == 1
    async with database.transaction() as tx:
        assert (await tx.execute(EVENTS)).all() == []


async def test_other_methods_are_405_and_change_nothing(system: System, key: str, database: Database) -> None:
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
        for path in (f"/intake/{key}", "/v2/enqueue"):
            answer = await system.api.request(method, path)
            assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
            by_query = path.startswith("/intake") and method not in {"GET", "HEAD"}  # a GET that says something in its query is taken
            assert answer.headers["allow"] == ("GET, POST" if by_query else "POST")
    async with database.transaction() as tx:
        assert (await tx.execute(EVENTS)).all() == []


async def test_a_slash_at_the_end_needs_no_redirect(system: System, key: str) -> None:
    assert (await system.api.post(f"/intake/{key}/", content=b"Disk full")).status_code == 202


async def test_a_body_that_does_not_arrive_in_time_is_asked_for_again(system: System, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "BODY_TIMEOUT", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    for path, status in ((f"/intake/{key}", 503), ("/v2/enqueue", 408)):
        answer = await system.api.post(path, content=drip())
        assert (answer.status_code, answer.headers["connection"]) == (status, "close")


async def test_the_integration_key_in_a_body_is_not_kept(system: System, key: str, database: Database) -> None:
    raw = json.dumps({"routing_key": key, "event_action": "trigger", "payload": {"summary": "Disk full"}}).encode()
    sent = [await system.api.post(f"/intake/{key}", content=raw)]
    sent.append(await system.api.post(f"/intake/{key}", content=gzip.compress(raw), headers={"Content-Encoding": "gzip"}))
    async with database.transaction() as tx:
        for answer in sent:
            stored = (await tx.execute(STORED, {"id": answer.json()["events"][0]["id"]})).scalar_one()
            assert stored == raw.replace(key.encode(), b"[redacted]")


OF_HEADERS = {"rules": [{"event": {"summary": "header('x-uri')", "dedup_key": "header('referer')", "labels": {"q": "query('u')"}}}]}
ALL_OF_IT = text("SELECT (SELECT jsonb_agg(to_jsonb(e)) FROM events e)::text || (SELECT jsonb_agg(to_jsonb(a)) FROM alerts a)")
WAYS_OF_THE_KEY: dict[str, tuple[dict[str, Any] | None, str, dict[str, Any]]] = {
    "a mapped header": (OF_HEADERS, "", {"json": {"x": 1}, "headers": {"X-URI": "/intake/KEY", "Referer": "https://o/KEY"}}),
    "a mapped query": (OF_HEADERS, "?u=https://o/intake/KEY", {"json": {"x": 1}, "headers": {"X-URI": "a", "Referer": "b"}}),
    "JSON's escapes": (None, "", {"content": b'{"summary": "see /intake/ESCAPED", "ESCAPED": ["ESCAPED"], "dedup_key": "ESCAPED"}'}),
    "XML's escapes": (None, "", {"content": b"<a><summary>see &#xHEX;REST</summary><b>&#xHEX;REST</b></a>"}),
    "a form": (None, "", {"content": b"summary=see+%HEXREST&b=%HEXREST&KEY=1"}),
    "base64": (None, "", {"json": {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data_base64": "BASE64"}}),
    "a header of CloudEvents": (None, "", {"json": {"x": 1}, "headers": {
        "ce-specversion": "1.0", "ce-id": "KEY", "ce-source": "https://o/KEY", "ce-type": "t", "ce-subject": "KEY"
    }}),
    "its path": (None, "/KEY", {"json": {"message_type": "CRITICAL", "entity_id": "x"}}),
    "PagerDuty's own place and an escape": (None, "v2", {"content":
        b'{"routing_key": "KEY", "event_action": "trigger", "payload": {"summary": "ESCAPED", "source": "ESCAPED", "severity": "error"}}'
    }),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS_OF_THE_KEY)
async def test_no_event_holds_the_key_whatever_way_it_came(system: System, database: Database, way: str) -> None:
    mapping, behind, said = WAYS_OF_THE_KEY[way]
    service = (await system.service([to(await system.user("Ana"))]))["service"]
    asked = {"name": "x", "type": "generic", "mapping": mapping}
    key = (await system.make(f"services/{service['id']}/integrations", **asked))["key"]

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {filled(name): filled(one) for name, one in value.items()}
        is_bytes = isinstance(value, bytes)
        text_ = value.decode() if is_bytes else value
        if isinstance(text_, str):
            encoded = base64.b64encode(json.dumps({"summary": key, key: key}).encode()).decode()
            for name, one in (("KEY", key), ("ESCAPED", f"\\u{ord(key[0]):04x}{key[1:]}"), ("HEX", f"{ord(key[0]):x}"), ("REST", key[1:]),
                              ("BASE64", encoded)):  # fmt: skip
                text_ = text_.replace(name, one)
        return text_.encode() if is_bytes else text_

    where = "/v2/enqueue" if behind == "v2" else f"/intake/{key}{filled(behind)}"
    assert (await system.api.post(where, **filled(said))).status_code in {200, 202}
    async with database.transaction() as tx:
        kept = (await tx.execute(ALL_OF_IT)).scalar_one()
    assert key not in kept
    assert "[redacted]" in kept


async def test_one_body_of_many_alerts_is_answered_alert_by_alert(system: System, key: str) -> None:
    events = [{"check": "disk"}, {"check": "cpu"}, {"check": "disk"}, {"check": "disk", "status": "ok"}, {"check": "net", "status": "ok"}]
    answer = await system.api.post(f"/intake/{key}", json=events)
    decided = answer.json()["events"]
    assert [d["decision"] for d in decided] == ["opened", "opened", "deduplicated", "resolved", "no_open_alert"]
    assert decided[0]["incident_id"] == decided[2]["incident_id"] == decided[3]["incident_id"] != decided[1]["incident_id"]
    assert decided[0]["dedup_key"] == decided[2]["dedup_key"]


async def test_an_integration_of_slacks_answers_as_slack_does(system: System) -> None:
    ana = await system.user("Ana")
    key = (await system.service([to(ana)], type="slack"))["key"]
    answer = await system.api.post(f"/intake/{key}", json={"attachments": [{"title": "Disk of db-1", "color": "danger"}]})
    assert (answer.status_code, answer.text) == (200, "ok")
    (incident,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert incident["title"] == "Disk of db-1"
