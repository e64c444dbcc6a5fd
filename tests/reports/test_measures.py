"""What the record says of incidents and people, over REST, through stories with time moved by hand; and the slow way beside it."""

import csv
import io
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from tests.system import System, to

JSON = dict[str, Any]


async def ask(system: System, what: str = "incidents", **params: str) -> JSON:
    answer = await system.api.get(f"/api/v1/reports/{what}", params=params)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


async def do(system: System, incident: str, verb: str) -> None:
    answer = await system.api.post(f"/api/v1/incidents/{incident}/{verb}", json={})
    assert answer.is_success, answer.text


async def measured_rows(system: System) -> int:
    async with system.node.database.transaction(read_only=True) as tx:
        count: int = (await tx.execute(text("SELECT count(*) FROM incident_measures"))).scalar_one()
        return count


async def story(system: System) -> tuple[JSON, list[str]]:
    """Three incidents of one service: acknowledged after 2 minutes and resolved after 10; gone by itself after 4; open."""
    its = await system.service([to(await system.user("Ana"))], step_delay="PT30M", repeat=0)
    first = (await system.event(its["key"], "disk"))["incident_id"]
    await system.advance(minutes=2)
    await do(system, first, "acknowledge")
    await system.advance(minutes=8)
    await do(system, first, "resolve")
    second = (await system.event(its["key"], "cpu"))["incident_id"]
    await system.advance(minutes=4)
    await system.event(its["key"], "cpu", action="resolve")
    third = (await system.event(its["key"], "net", severity="warning"))["incident_id"]
    await system.advance(minutes=1)
    return its, [first, second, third]


ALL = {
    "incidents": 3,
    "open": 1,
    "acknowledged": 1,
    "no_action": 1,
    "reopened": 0,
    "pages": 3,
    "acknowledge": {"median": 120, "p95": 120},
    "resolve": {"median": 240, "p95": 600},
    "acknowledged_late": 0,
    "resolved_late": 0,
    "acknowledged_met": 0,
    "resolved_met": 0,
    "told": 0,
    "first_update": None,
    "told_met": 0,
    "told_late": 0,
    "repeated": 0,
}


async def test_what_is_counted_is_what_happened_before_and_after_it_is_measured(system: System) -> None:
    its, _ = await story(system)
    async with system.node.database.transaction() as tx:
        await tx.execute(text("DELETE FROM incident_measures"))
    assert (await ask(system))["total"] == ALL, "from the timelines"
    await system.advance(minutes=2)
    assert await measured_rows(system) == 2, "those that are over"
    found = await ask(system, by="service")
    assert found["total"] == ALL
    assert found["items"] == [{"key": its["service"]["id"], "name": "payments-api", **ALL}]


async def test_one_that_is_reopened_counts_as_it_is_now(system: System) -> None:
    _, (first, *_) = await story(system)
    await system.advance(minutes=2)
    assert await measured_rows(system) == 2
    await do(system, first, "reopen")
    total = (await ask(system))["total"]
    assert (total["open"], total["reopened"], total["acknowledged"], total["resolve"]) == (2, 1, 1, {"median": 240, "p95": 240})
    await system.advance(minutes=3)
    await do(system, first, "resolve")
    for told in ("before it is measured anew", "and after"):
        total = (await ask(system))["total"]
        assert (total["incidents"], total["open"], total["resolve"]["p95"]) == (3, 1, 600 + 240 + 60 + 120 + 180), told
        await system.advance(minutes=2)


async def test_told_apart_by_severity_urgency_priority_cause_and_category(system: System) -> None:
    await story(system)

    async def by(what: str) -> list[tuple[str, int]]:
        return [(one["key"], one["incidents"]) for one in (await ask(system, by=what))["items"]]

    assert await by("severity") == [("critical", 2), ("warning", 1)]
    assert await by("urgency") == [("high", 2), ("low", 1)]
    for what in ("priority", "cause", "category"):
        assert [(one["key"], one["name"], one["incidents"]) for one in (await ask(system, by=what))["items"]] == [("", "(none)", 3)]
    monday = (system.clock.at.date().toordinal() - 1) // 7 * 7 + 1
    assert [key for key, _ in await by("week")] == [system.clock.at.date().fromordinal(monday).isoformat()]


async def test_only_the_range_the_service_and_the_team_that_are_asked_for(system: System) -> None:
    its, _ = await story(system)
    nobody = "00000000-0000-0000-0000-000000000001"
    assert (await ask(system, service_id=its["service"]["id"]))["total"]["incidents"] == 3
    assert (await ask(system, service_id=nobody))["total"]["incidents"] == 0
    assert (await ask(system, team_id=nobody))["items"] == []
    assert (await ask(system, since="2020-01-01T00:00:00Z", until="2020-02-01T00:00:00Z"))["total"]["incidents"] == 0
    answer = await system.api.get("/api/v1/reports/incidents", params={"since": "2020-01-01T00:00:00Z", "until": "2019-02-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_table_for_a_spreadsheet_has_no_formula_in_it(system: System) -> None:
    its, _ = await story(system)
    service = its["service"]
    new = {name: service[name] for name in ("escalation_policy_id",)} | {"name": '=HYPERLINK("http://evil.example")'}
    answer = await system.api.patch(f"/api/v1/services/{service['id']}", json=new, headers={"If-Match": "*"})
    if answer.status_code == 405:
        answer = await system.api.put(f"/api/v1/services/{service['id']}", json=new, headers={"If-Match": "*"})
    assert answer.is_success, answer.text
    answer = await system.api.get("/api/v1/reports/incidents", params={"by": "service", "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert line["name"] == '\'=HYPERLINK("http://evil.example")'
    assert (line["incidents"], line["resolve_median_seconds"], line["resolve_p95_seconds"]) == ("3", "240", "600")


async def test_a_picture_has_the_same_numbers_and_runs_nothing(system: System) -> None:
    await story(system)
    answer = await system.api.get("/api/v1/reports/incidents", params={"by": "severity", "format": "svg"})
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "2 · 2 min, 4 min" in answer.text
    assert "<script" not in answer.text


async def test_whoever_lost_the_most_sleep_comes_first_by_their_own_clock(system: System) -> None:
    its, _ = await story(system)
    (ana,) = (await ask(system, "people"))["items"]
    hour = system.clock.at.hour
    assert 6 < hour < 21, "the story is told by day, in UTC"
    assert (ana["name"], ana["pages"], ana["incidents"], ana["nights"]) == ("Ana", 3, 3, 0)
    user = its["policy"]["steps"][0]["targets"][0]["id"]
    far = "Pacific/Auckland" if 9 <= hour < 17 else "Asia/Tokyo"
    answer = await system.api.patch(f"/api/v1/users/{user}", json={"time_zone": far}, headers={"If-Match": "*"})
    assert answer.is_success, answer.text
    (ana,) = (await ask(system, "people"))["items"]
    assert ana["nights"] == 3
    answer = await system.api.get("/api/v1/reports/people", params={"format": "csv"})
    assert answer.text.splitlines() == ["user_id,name,pages,incidents,night_pages", f"{user},Ana,3,3,3"]


async def test_pages_of_people_week_by_week(system: System) -> None:
    its = await system.service([to(await system.user("Ana"))], step_delay="PT30M", repeat=0, reopen_window="PT0S")
    monday = system.clock.at.date()
    assert monday.weekday() == 0
    for days in (1, 7, 0):
        await system.event(its["key"], f"disk-{days}")
        await system.advance(minutes=1)
        await system.event(its["key"], f"disk-{days}", action="resolve")
        system.clock.advance(timedelta(days=days))
    weeks = [str(monday + timedelta(days=days)) for days in (0, 7)]
    found = await ask(system, "people", by="week")
    assert [(one["week"], one["name"], one["pages"]) for one in found["items"]] == [(weeks[0], "Ana", 2), (weeks[1], "Ana", 1)]
    written = await system.api.get("/api/v1/reports/people", params={"by": "week", "format": "csv"})
    assert [line.split(",")[0] for line in written.text.splitlines()] == ["week", *weeks]
    drawn = await system.api.get("/api/v1/reports/people", params={"by": "week", "format": "svg"})
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert "2 · 0" in drawn.text


async def test_a_stranger_is_told_nothing(system: System) -> None:
    async with system.client() as stranger:
        for what in ("incidents", "people"):
            assert (await stranger.get(f"/api/v1/reports/{what}")).status_code == 401


async def test_what_comes_again_soon_after_it_was_resolved_is_a_repeat(system: System) -> None:
    its = await system.service([to(await system.user("Ana"))], step_delay="PT30M", repeat=0, reopen_window="PT0S")

    async def comes_and_goes(key: str) -> None:
        await system.event(its["key"], key, severity="warning")
        await system.advance(minutes=4)
        await system.event(its["key"], key, action="resolve")

    await comes_and_goes("disk")
    await comes_and_goes("cpu")
    system.clock.advance(timedelta(days=2))
    await comes_and_goes("disk")
    system.clock.advance(timedelta(days=8))
    await comes_and_goes("disk")
    for told in ("from timelines", "as they were measured"):
        found = [(await ask(system, again_within_days=days))["total"]["repeated"] for days in ("1", "7", "8", "90")]
        assert found == [0, 1, 2, 2], told
        await system.advance(minutes=2)


async def test_updates_that_are_owed_come_in_time_or_late(system: System) -> None:
    """One is told of as its priority asks for; one is never told of, and ends too late for that; one is told of too late."""
    its = await system.service([to(await system.user("Ana"))], step_delay="P1D", repeat=0)

    async def logged(priority: str) -> str:
        made = await system.make("incidents", title="Card payments fail", service_id=its["service"]["id"])
        answer = await system.api.post(f"/api/v1/incidents/{made['id']}/priority", json={"priority": priority, "reason": "so it is"})
        assert answer.is_success, answer.text
        return str(made["id"])

    async def tell(incident: str, **more: str) -> None:
        answer = await system.api.post(f"/api/v1/incidents/{incident}/status-updates", json={"text": "We look at it.", **more})
        assert answer.status_code == 201, answer.text

    told, silent, late, never_owed = [await logged(priority) for priority in ("P2", "P2", "P2", "P5")]
    await tell(never_owed)
    await system.advance(minutes=30)
    await tell(told, state="resolved")
    await do(system, told, "resolve")
    await system.advance(minutes=45)
    await tell(late)
    await do(system, late, "resolve")
    await do(system, silent, "resolve")
    await do(system, never_owed, "resolve")
    for when in ("from timelines", "as they were measured"):
        total = (await ask(system))["total"]
        assert (total["told"], total["told_met"], total["told_late"]) == (3, 1, 2), when
        await system.advance(minutes=2)
