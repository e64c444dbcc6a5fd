"""What a silence would mute, asked before it is made."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from tests.system import System, to

from oncall.incidents.rules.matching import match_labels
from oncall.kit.db import Database

BODY: dict[str, Any] = {"ends_at": "2026-03-02T14:00:00Z", "comment": "deploy"}
Numbers = dict[str, int]


@pytest.fixture
async def web(system: System) -> dict[str, Any]:
    """Service payments-api with an open critical alert of db-1 (job=api), an open warning, and one that was resolved."""
    made = await system.service([to(await system.user("Ana"))])
    key = made["key"]
    sent = ("disk", "critical", {"job": "api"}), ("load", "warning", {}), ("net", "warning", {"service": "own"})
    for dedup_key, severity, labels in sent:
        payload = {"summary": f"{dedup_key} is bad", "source": "db-1", "severity": severity, "custom_details": labels}
        body = {"event_action": "trigger", "dedup_key": dedup_key, "payload": payload}
        assert (await system.api.post(f"/intake/{key}", json=body)).status_code == 202
        system.clock.advance(timedelta(minutes=1))
    await system.event(key, "net", action="resolve")
    return made


async def preview(api: AsyncClient, *matchers: str, **more: Any) -> tuple[list[str], list[str]]:
    """The dedup keys of what it would mute now, and would have muted."""
    answer = await api.post("/api/v1/silences/preview", json=BODY | {"matchers": matchers} | more)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    for part in (found["would_mute"], found["would_have_muted"]):
        assert (part["count"], part["complete"]) == (len(part["alerts"]), True)
    now, lately = ([alert["dedup_key"] for alert in found[part]["alerts"]] for part in ("would_mute", "would_have_muted"))
    return now, lately


async def test_an_alert_is_shown_with_its_service_and_incident(api: AsyncClient, system: System, web: dict[str, Any]) -> None:
    answer = await api.post("/api/v1/silences/preview", json=BODY | {"matchers": ["dedup_key=disk"]})
    incidents = (await api.get("/api/v1/incidents", params={"dedup_key": "disk"})).json()["items"]
    alert = answer.json()["would_mute"]["alerts"][0]
    assert alert == {
        "id": alert["id"],
        "dedup_key": "disk",
        "summary": "disk is bad",
        "service": {"id": web["service"]["id"], "name": "payments-api"},
        "incident": {"id": incidents[0]["id"], "number": incidents[0]["number"]},
        "open": True,
        "last_seen_at": "2026-03-02T12:00:00Z",
    }
    assert (await api.get("/api/v1/silences")).json()["items"] == [], "nothing is written"


async def test_it_is_matched_on_labels_and_on_what_every_alert_has(api: AsyncClient, web: dict[str, Any]) -> None:
    every = ["load", "disk"], ["net", "load", "disk"]
    assert await preview(api, "severity=warning") == (["load"], ["net", "load"])
    assert await preview(api, "source=~db-.*") == every
    assert await preview(api, 'summary="load is bad"') == (["load"], ["load"])
    assert await preview(api, "service=payments-api") == (["load", "disk"], ["load", "disk"])
    assert await preview(api, "service=own") == ([], ["net"]), "its own label wins"
    assert await preview(api, "job=api") == (["disk"], ["disk"])
    assert await preview(api, 'job=""', "source=db-1") == (["load"], ["net", "load"])
    assert await preview(api, "severity=warning", "dedup_key!=load") == ([], ["net"])
    assert await preview(api, "no_such_label=x") == ([], [])
    assert await preview(api, service_id=web["service"]["id"]) == every


async def test_a_week_back_is_looked_at(api: AsyncClient, system: System, web: dict[str, Any]) -> None:
    system.clock.advance(timedelta(days=7, minutes=-1))
    later = {"ends_at": "2026-03-20T14:00:00Z"}
    assert await preview(api, "source=db-1", **later) == (["load", "disk"], ["net"])
    system.clock.advance(timedelta(days=1))
    assert await preview(api, "source=db-1", **later) == (["load", "disk"], [])


async def test_what_matches_everything_is_shown_and_said(api: AsyncClient, web: dict[str, Any]) -> None:
    answer = await api.post("/api/v1/silences/preview", json=BODY | {"matchers": []})
    assert (answer.status_code, answer.json()["matches_everything"], answer.json()["would_mute"]["count"]) == (200, True, 2)


async def test_of_many_the_newest_hundred_are_shown_and_all_are_counted(api: AsyncClient, web: dict[str, Any], database: Database) -> None:
    async with database.transaction() as tx:
        await tx.exec_driver_sql(
            "INSERT INTO alerts SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(), 'dedup_key', 'key ' || n,"
            " 'last_seen_at', a.last_seen_at - n * interval '1 second'))).* FROM alerts a, generate_series(1, 150) n"
            " WHERE a.dedup_key = 'disk'"
        )
    found = (await api.post("/api/v1/silences/preview", json=BODY | {"matchers": ["severity=critical"]})).json()["would_mute"]
    assert (found["count"], [alert["dedup_key"] for alert in found["alerts"]]) == (151, ["disk", *(f"key {n}" for n in range(1, 100))])


@pytest.mark.parametrize("wrong", [{"matchers": ["a=~("]}, {"ends_at": "2026-03-02T11:00:00Z"}, {"comment": ""}, {"nonsense": 1}])
async def test_what_a_silence_cannot_be_is_not_previewed(api: AsyncClient, wrong: dict[str, Any]) -> None:
    assert (await api.post("/api/v1/silences/preview", json=BODY | {"matchers": ["a=b"]} | wrong)).status_code == 422


async def test_whoever_may_read_may_preview(system: System) -> None:
    key = (await system.make("api-keys", name="dashboard", scope="read"))["key"]
    async with system.client({"Authorization": f"Bearer {key}"}) as reader, system.client() as nobody:
        assert await preview(reader, "a=b") == ([], [])
        assert (await nobody.post("/api/v1/silences/preview", json=BODY | {"matchers": ["a=b"]})).status_code == 401


@pytest.mark.parametrize(
    ("what", "own", "seen"),
    [
        ("nothing of its own", {}, {}),
        ("its own beside", {"job": "api"}, {"job": "api"}),
        ("its own win", {"severity": "page", "service": "db"}, {"severity": "page", "service": "db"}),
        ("also an empty one", {"source": ""}, {"source": ""}),
    ],
)
def test_what_matchers_see(what: str, own: dict[str, str], seen: dict[str, str]) -> None:
    every = {"severity": "critical", "summary": "disk full", "source": "db-1", "dedup_key": "disk", "service": "web"}
    assert match_labels(own, severity="critical", summary="disk full", source="db-1", dedup_key="disk", service="web") == every | seen, what
