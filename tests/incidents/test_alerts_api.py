"""Alerts as people look them up: by service, incident, key, state, severity and integration; each with its events; stale or not."""

from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.building import HOUR, MINUTE, NOW, Monitor, event, monitored
from tests.system import System, to

from oncall.incidents.rules.dedup import decide_run
from oncall.incidents.rules.expiring import last_expiry
from oncall.kit.ids import EventId, new_id

UNKNOWN = "00000000-0000-0000-0000-000000000000"


async def listed(system: System, query: str = "") -> list[dict[str, Any]]:
    answer = await system.api.get(f"/api/v1/alerts?{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def keys(system: System, query: str = "") -> list[str]:
    return [alert["dedup_key"] for alert in await listed(system, query)]


async def two_monitors(system: System) -> tuple[Monitor, Monitor]:
    """On two services: disk is resolved, net and cpu are open on the first; disk is open on the second."""
    web = await monitored(system)
    policy = (await system.api.get("/api/v1/escalation-policies")).json()["items"][0]
    made = await system.make("services", name="db", escalation_policy_id=policy["id"])
    integration = await system.make(f"services/{made['id']}/integrations", name="other", type="generic")
    db = Monitor(system, {"service": made, "integration": integration})
    await web.says(web.event("disk"), web.event("net", severity="warning"), web.event("cpu"))
    await web.says(web.event("disk", "resolve"))
    await db.says(db.event("disk"))
    return web, db


async def test_each_filter_narrows_and_several_narrow_together_newest_first(system: System) -> None:
    web, db = await two_monitors(system)
    first = (await listed(system))[-1]
    for query, expected in {
        "": ["disk", "cpu", "net", "disk"],
        f"service_id={web.service_id}": ["cpu", "net", "disk"],
        f"service_id={db.service_id}&state=resolved": [],
        f"integration_id={db.integration_id}": ["disk"],
        "dedup_key=disk": ["disk", "disk"],
        f"dedup_key=disk&service_id={web.service_id}": ["disk"],
        "dedup_key=dis": [],
        "state=open": ["disk", "cpu", "net"],
        "state=resolved": ["disk"],
        f"state=open&service_id={web.service_id}": ["cpu", "net"],
        "severity=warning": ["net"],
        "severity=critical&state=open": ["disk", "cpu"],
        f"incident_id={first['incident']['id']}": ["disk"],
        f"incident_id={first['incident']['id']}&state=open": [],
        f"service_id={UNKNOWN}": [],
    }.items():
        assert await keys(system, query) == expected, query


async def test_pages_of_a_list_hold_every_alert_once(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(*(monitor.event(f"key {n}") for n in range(7)))
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await system.api.get(f"/api/v1/alerts?limit=3{cursor and f'&cursor={cursor}'}")).json()
        seen += [alert["dedup_key"] for alert in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"key {n}" for n in range(6, -1, -1)]


@pytest.mark.parametrize("query", ["state=closed", "severity=bad", "service_id=x", "incident_id=12", "limit=0", "cursor=x"])
async def test_a_filter_that_means_nothing_is_refused(system: System, query: str) -> None:
    assert (await system.api.get(f"/api/v1/alerts?{query}")).status_code == 422


async def test_an_alert_is_shown_whole_with_its_service_and_incident(system: System) -> None:
    monitor = await monitored(system)
    said: dict[str, Any] = {"labels": {"mount": "/var"}, "links": (("https://x.example.com", "runbook"),), "details": {"used": 97}}
    [opened] = await monitor.says(monitor.event("disk", source="db-1", **said))
    system.clock.advance(MINUTE)
    await monitor.says(monitor.event("disk"))
    number = (await system.incident(str(opened.incident_id)))["number"]
    shown = (await system.api.get(f"/api/v1/alerts/{opened.alert_id}")).json()
    assert shown == {
        "id": str(opened.alert_id),
        "dedup_key": "disk",
        "state": "open",
        "severity": "critical",
        "acknowledged": False,
        "summary": "Disk full",
        "source": "db-1",
        "labels": {"mount": "/var"},
        "links": [{"href": "https://x.example.com", "text": "runbook"}],
        "details": {"used": 97},
        "event_count": 2,
        "first_seen_at": "2026-03-02T12:00:00Z",
        "last_seen_at": "2026-03-02T12:01:00Z",
        "resolved_at": None,
        "expires_at": None,
        "stale": False,
        "service": {"id": str(monitor.service_id), "name": "payments-api"},
        "integration_id": str(monitor.integration_id),
        "incident": {"id": str(opened.incident_id), "number": number, "status": "triggered"},
    }
    assert await listed(system) == [shown], "a list shows the same"


async def test_the_events_of_an_alert_newest_first_and_nobody_elses(system: System) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event("disk"))
    await monitor.says(monitor.event("net"), monitor.event("disk"), monitor.event("disk", "resolve"))
    path = f"/api/v1/alerts/{opened.alert_id}/events"
    first = (await system.api.get(f"{path}?limit=2")).json()
    assert [event["decision"] for event in first["items"]] == ["resolved", "deduplicated"]
    assert {event["alert_id"] for event in first["items"]} == {str(opened.alert_id)}
    rest = (await system.api.get(f"{path}?cursor={first['next_cursor']}")).json()
    assert ([event["decision"] for event in rest["items"]], rest["next_cursor"]) == (["opened"], None)


@pytest.mark.parametrize("path", ["", "/events"])
async def test_an_alert_that_there_is_not_is_a_404(system: System, path: str) -> None:
    answer = await system.api.get(f"/api/v1/alerts/{UNKNOWN}{path}")
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (404, "not_found", "There is no alert with this id.")
    assert (await system.api.get(f"/api/v1/alerts/x{path}")).status_code == 422


@pytest.mark.parametrize("path", ["alerts", f"alerts/{UNKNOWN}", f"alerts/{UNKNOWN}/events"])
async def test_nobody_reads_them_who_is_not_signed_in(system: System, path: str) -> None:
    assert (await system.client().get(f"/api/v1/{path}")).status_code == 401


# --- until when a monitor's word holds --------------------------------------------------------------------------------------

SOON, LATER = NOW + 5 * MINUTE, NOW + 9 * MINUTE


@pytest.mark.parametrize(
    ("what", "said", "expected"),
    [
        ("none says one", [None, None], None),
        ("the only one", [None, SOON], SOON),
        ("the latest word wins, also if it is earlier", [LATER, SOON], SOON),
        ("a trigger without one takes none away", [SOON, None], SOON),
        ("one that no calendar holds is none", [SOON, NOW.replace(year=9999)], SOON),
        ("one before computers is none", [NOW.replace(year=1)], None),
    ],
)
def test_the_expiry_of_a_run(what: str, said: list[Any], expected: Any) -> None:
    run = [event(expires_at=at) for at in said]
    assert last_expiry(run) == expected
    change = decide_run(run, None)[1]
    assert change is not None
    assert change.expires_at == expected


async def seen(system: System) -> tuple[Any, Any]:
    [alert] = await listed(system)
    return alert["expires_at"], alert["stale"]


async def test_an_alert_is_stale_once_its_expiry_has_passed_without_a_word(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event(expires_at=SOON))
    assert await seen(system) == ("2026-03-02T12:05:00Z", False)
    system.clock.at = SOON - timedelta(microseconds=1)
    assert await seen(system) == ("2026-03-02T12:05:00Z", False)
    system.clock.at = SOON
    assert await seen(system) == ("2026-03-02T12:05:00Z", True)
    [of_incident] = (await system.api.get(f"/api/v1/incidents/{(await listed(system))[0]['incident']['id']}/alerts")).json()["items"]
    assert of_incident["stale"] is True
    await monitor.says(monitor.event())
    assert await seen(system) == ("2026-03-02T12:05:00Z", False), "a word without an instant is a word"
    await monitor.says(monitor.event(action="resolve"))
    system.clock.advance(HOUR)
    assert await seen(system) == ("2026-03-02T12:05:00Z", False), "what is resolved is not waited for"


@pytest.mark.parametrize("severity", ["critical", "error"])
async def test_a_repeat_moves_it_on_and_one_without_leaves_it(system: System, severity: str) -> None:
    """By either way that a repeat goes: by itself, and where its incident is locked because it is graver."""
    made = await system.service([to(await system.user("Ana"))], type="alertmanager")
    integration = made["integration"]
    monitor = Monitor(system, {"service": made["service"], "integration": integration})
    await monitor.says(monitor.event(severity="error", expires_at=SOON))
    await monitor.says(monitor.event(severity=severity, expires_at=LATER))
    assert (await seen(system))[0] == "2026-03-02T12:09:00Z"
    body = {"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "x"}, "startsAt": "2026-03-02T11:59:00Z"}]}
    ends = [f"2026-03-02T12:{minute}:00Z" for minute in (10, 20)]
    for end in ends:
        alert = {**body["alerts"][0], "endsAt": end}  # type: ignore[dict-item]
        answer = await system.api.post(f"/intake/{made['key']}", json={"version": "4", "status": "firing", "alerts": [alert]})
        assert answer.status_code == 202, answer.text
    assert (await listed(system))[0]["expires_at"] == ends[-1], "through the front door as well"


async def test_a_reopened_alert_has_the_expiry_of_its_new_trigger_or_none(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event(expires_at=SOON))
    await monitor.says(monitor.event(action="resolve"))
    system.clock.advance(6 * MINUTE)
    [again] = await monitor.says(monitor.event())
    assert again.decision == "reopened"
    assert await seen(system) == (None, False)


async def test_an_event_says_its_service_and_its_alert(system: System) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event(id=EventId(new_id())))
    [shown] = (await system.api.get("/api/v1/events")).json()["items"]
    assert (shown["service_id"], shown["alert_id"]) == (str(monitor.service_id), str(opened.alert_id))
