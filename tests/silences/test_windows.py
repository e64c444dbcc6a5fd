"""Maintenance windows over REST."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from tests.conftest import START
from tests.silences.muting import problem
from tests.system import System, to

from oncall.kit.db import Database
from oncall.silences.commands import load_mutings

ONCE: dict[str, Any] = {"starts_at": "2026-03-02T14:00:00Z", "ends_at": "2026-03-02T16:00:00Z"}
TUESDAYS: dict[str, Any] = {
    "rrule": "FREQ=WEEKLY;BYDAY=TU",
    "time_zone": "America/New_York",
    "starts_at": "2026-03-03T02:00:00",
    "duration": "PT2H",
}
OURS = ("id", "state", "occurrence", "ended_early", "author", "created_at")


@pytest.fixture
async def services(system: System) -> list[str]:
    ana = await system.user("Ana")
    policy = await system.make("escalation-policies", name="Web", steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    return [(await system.make("services", name=name, escalation_policy_id=policy["id"]))["id"] for name in ("web", "shop")]


async def make(api: AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post("/api/v1/maintenance-windows", json={"name": "upgrade", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_window_once(api: AsyncClient, services: list[str]) -> None:
    answer = await api.post("/api/v1/maintenance-windows", json={"name": "upgrade", "service_ids": services[::-1], **ONCE})
    made = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert made == {
        "id": made["id"],
        "kind": "maintenance",
        "name": "upgrade",
        "description": "",
        "service_ids": services,
        "matchers": [],
        "matches_everything": False,
        **ONCE,
        "rrule": None,
        "time_zone": None,
        "duration": None,
        "until": None,
        "public": False,
        "state": "pending",
        "occurrence": {"start": "2026-03-02T14:00:00Z", "end": "2026-03-02T16:00:00Z"},
        "ended_early": [],
        "author": {"id": None, "name": "environment admin key", "type": "api_key"},
        "created_at": "2026-03-02T12:00:00Z",
    }
    read = await api.get(f"/api/v1/maintenance-windows/{made['id']}")
    assert (read.json(), read.headers["ETag"]) == (made, '"1"')


async def test_a_window_that_recurs_is_on_the_clocks_of_its_zone(api: AsyncClient) -> None:
    made = await make(api, matchers=["host=db-1"], **TUESDAYS | {"rrule": "rrule:freq=weekly;byday=TU"})
    assert {name: made[name] for name in TUESDAYS} == TUESDAYS
    assert (made["state"], made["occurrence"]) == ("pending", {"start": "2026-03-03T07:00:00Z", "end": "2026-03-03T09:00:00Z"})


@pytest.mark.parametrize(
    "more",
    [
        {"matchers": ["host=db-1"], **ONCE},
        {"matchers": ["host=db-1"], "description": "the\nupgrade", "kind": "freeze", **ONCE},
        {"matchers": ["host=db-1", 'env!~"dev|test"'], **TUESDAYS},
        {"matchers": ['host=~".*"'], "matches_everything": True, "until": "2026-12-24T00:00:00Z", **TUESDAYS},
    ],
)
async def test_what_is_read_can_be_sent_back_and_reads_equal(api: AsyncClient, more: dict[str, Any]) -> None:
    made = await make(api, **more)
    own = {name: value for name, value in made.items() if name not in OURS}
    again = await api.post("/api/v1/maintenance-windows", json=own)
    put = await api.put(f"/api/v1/maintenance-windows/{made['id']}", json=own, headers={"If-Match": '"1"'})
    assert [answer.status_code for answer in (again, put)] == [201, 200]
    assert put.json() == made
    assert {name: value for name, value in again.json().items() if name not in OURS} == own


async def test_what_a_window_cannot_be(api: AsyncClient) -> None:
    scope = {"name": "upgrade", "matchers": ["host=db-1"]}
    for wrong, code, says in (
        ({"matchers": [], **ONCE}, "invalid", "service_ids, matchers, or both"),
        ({"matchers": [], "kind": "freeze", **ONCE}, "invalid", "service_ids, matchers, or both"),
        ({"matchers": ['host!="x"'], **ONCE}, "matches_everything", "confirm"),
        ({"service_ids": [str(uuid4())], **ONCE}, "invalid", "no service with the id"),
        ({"service_ids": ["web"], **ONCE}, "invalid", "service_ids"),
        ({"kind": "holiday", **ONCE}, "invalid", "kind"),
        ({"name": "", **ONCE}, "invalid", "name"),
        ({"ends_at": "2026-03-02T16:00:00Z"}, "invalid", "starts_at"),
        ({"starts_at": "2026-03-02T14:00:00Z"}, "invalid", "A window has an end"),
        (ONCE | {"ends_at": "2026-03-02T14:00:00Z"}, "invalid", "ends after it starts"),
        (ONCE | {"starts_at": "2026-03-02T14:00:00"}, "invalid", "must have an offset"),
        (ONCE | {"starts_at": 1772460000}, "invalid", "must be an instant"),
        (ONCE | {"starts_at": "1772460000"}, "invalid", "must be an instant"),
        (ONCE | {"starts_at": "1066-10-14T09:00:00Z"}, "invalid", "between 1971 and 2200"),
        (ONCE | {"ends_at": "2027-03-04T16:00:00Z"}, "invalid", "a year at most"),
        ({"starts_at": "2026-03-01T14:00:00Z", "ends_at": "2026-03-02T12:00:00Z"}, "invalid", "over already"),
        (ONCE | {"time_zone": "UTC"}, "invalid", "time_zone is for a window that recurs"),
        (ONCE | {"duration": "PT1H"}, "invalid", "duration is for a window that recurs"),
        (ONCE | {"until": "2026-04-01T00:00:00Z"}, "invalid", "until is for a window that recurs"),
        (TUESDAYS | {"ends_at": "2026-04-01T00:00:00Z"}, "invalid", "duration in the place of ends_at"),
        (TUESDAYS | {"starts_at": "2026-03-03T02:00:00Z"}, "invalid", "without an offset"),
        (TUESDAYS | {"starts_at": "2026-03-03T02:00:00.5"}, "invalid", "whole second"),
        (TUESDAYS | {"time_zone": None}, "invalid", "needs a time_zone"),
        (TUESDAYS | {"time_zone": "Europe/Lisboa"}, "unknown_time_zone", "did you mean Europe/Lisbon"),
        (TUESDAYS | {"duration": None}, "invalid", "needs a duration"),
        (TUESDAYS | {"duration": "PT0S"}, "invalid", "at least PT1S"),
        (TUESDAYS | {"duration": "PT1.5S"}, "invalid", "whole number of seconds"),
        (TUESDAYS | {"duration": "P8D"}, "invalid", "occurrences overlap"),
        (TUESDAYS | {"rrule": "every tuesday"}, "invalid", "RFC 5545"),
        (TUESDAYS | {"rrule": ""}, "invalid", "rrule"),
        (TUESDAYS | {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "invalid", "no occurrence at all"),
        (TUESDAYS | {"rrule": "FREQ=WEEKLY;UNTIL=20260101"}, "invalid", "no occurrence at all"),
        (TUESDAYS | {"rrule": "FREQ=DAILY;COUNT=1", "starts_at": "2026-02-03T02:00:00"}, "invalid", "are over"),
        (TUESDAYS | {"until": "2026-01-01T00:00:00Z", "starts_at": "2025-12-01T02:00:00"}, "invalid", "are over"),
        (ONCE | {"ended_early": []}, "invalid", "no such field"),
    ):
        answer = await api.post("/api/v1/maintenance-windows", json=scope | wrong)
        assert problem(answer) == (422, code), wrong
        assert says in answer.json()["detail"], (wrong, answer.json()["detail"])
    assert (await api.get("/api/v1/maintenance-windows")).json()["items"] == []


async def test_a_window_that_recurs_without_a_gap_lasts_a_year_at_most(api: AsyncClient) -> None:
    scope = {"name": "upgrade", "matchers": ["host=db-1"], "time_zone": "Europe/Lisbon", "starts_at": "2026-03-02T00:00:00"}
    hourly, daily = {"rrule": "FREQ=HOURLY", "duration": "PT1H"}, {"rrule": "FREQ=DAILY", "duration": "P1D"}
    for endless in (
        hourly,
        daily,
        {"rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "duration": "PT24H"},
        {"rrule": "FREQ=WEEKLY;BYDAY=MO", "duration": "P7D"},
        {"rrule": "FREQ=YEARLY", "duration": "P365D"},
        daily | {"rrule": "FREQ=DAILY;COUNT=367"},
        hourly | {"until": "2027-03-05T00:00:00Z"},
    ):
        refused = await api.post("/api/v1/maintenance-windows", json=scope | endless)
        assert problem(refused) == (422, "invalid"), endless
        assert "without a gap for more than a year" in refused.json()["detail"], endless
    for bounded in (
        daily | {"rrule": "FREQ=DAILY;COUNT=366"},
        hourly | {"until": "2027-03-02T00:00:00Z"},
        daily | {"rrule": "FREQ=DAILY;UNTIL=20270101"},
        {"rrule": "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "duration": "P1D"},
        hourly | {"duration": "PT59M59S"},
    ):
        await make(api, **scope | bounded)


async def test_end_ends_what_runs_and_nothing_else(api: AsyncClient, system: System) -> None:
    made = await make(api, matchers=["host=db-1"], **TUESDAYS)
    address = f"/api/v1/maintenance-windows/{made['id']}"
    refused = await api.post(f"{address}/end")
    assert problem(refused) == (409, "not_running")
    assert "the next one begins at 2026-03-03T07:00Z" in refused.json()["detail"]
    system.clock.advance(timedelta(hours=20))
    assert (await api.get(address)).json()["state"] == "active"
    ended = await api.post(f"{address}/end")
    assert ended.json() == made | {
        "ended_early": ["2026-03-03T08:00:00Z"],
        "occurrence": {"start": "2026-03-10T06:00:00Z", "end": "2026-03-10T08:00:00Z"},
    }
    system.clock.advance(timedelta(minutes=5))
    again = await api.post(f"{address}/end")
    assert (again.json(), again.headers["ETag"]) == (ended.json(), ended.headers["ETag"])
    calendar = (
        await api.get("/api/v1/maintenance-windows/calendar", params={"since": "2026-03-03T00:00:00Z", "until": "2026-03-11T00:00:00Z"})
    ).json()
    assert [(one["start"], one["end"], one["ended_early"]) for one in calendar["items"]] == [
        ("2026-03-03T07:00:00Z", "2026-03-03T08:00:00Z", True),
        ("2026-03-10T06:00:00Z", "2026-03-10T08:00:00Z", False),
    ]


async def test_a_window_is_over_once_it_was(api: AsyncClient, system: System) -> None:
    made = await make(api, matchers=["host=db-1"], **ONCE)
    system.clock.advance(timedelta(hours=4))
    seen = (await api.get(f"/api/v1/maintenance-windows/{made['id']}")).json()
    assert (seen["state"], seen["occurrence"]) == ("expired", None)


async def test_the_calendar_shows_every_occurrence_in_order(api: AsyncClient, services: list[str]) -> None:
    web, shop = services
    await make(api, name="weekly", service_ids=[web], **TUESDAYS)
    await make(api, name="freeze", kind="freeze", matchers=["env=prod"], starts_at="2026-03-01T00:00:00Z", ends_at="2026-03-09T00:00:00Z")
    await make(api, name="shop", service_ids=[shop], **ONCE)

    async def shown(**params: str) -> list[tuple[str, str]]:
        answer = await api.get("/api/v1/maintenance-windows/calendar", params=params)
        assert answer.status_code == 200, answer.text
        return [(one["name"], one["start"]) for one in answer.json()["items"]]

    freeze, once = ("freeze", "2026-03-01T00:00:00Z"), ("shop", "2026-03-02T14:00:00Z")
    weekly = [("weekly", f"2026-03-{day}T0{hour}:00:00Z") for day, hour in (("03", 7), ("10", 6), ("17", 6), ("24", 6), ("31", 6))]
    assert await shown() == [freeze, once, *weekly]
    assert await shown(until="2026-03-10T06:00:00Z") == [freeze, once, weekly[0]]
    assert await shown(service_id=web) == [freeze, *weekly]
    assert await shown(service_id=shop) == [freeze, once]
    for wrong in (
        {"since": "2026-03-03T00:00:00Z", "until": "2026-03-03T00:00:00Z"},
        {"since": "2026-03-03T00:00:00Z", "until": "2027-03-05T00:00:00Z"},
        {"since": "tomorrow"},
    ):
        assert problem(await api.get("/api/v1/maintenance-windows/calendar", params=wrong)) == (422, "invalid"), wrong


async def test_an_edit_says_which_version_it_edits_and_what_was_ended_stays_so(
    api: AsyncClient, system: System, services: list[str]
) -> None:
    made = await make(api, service_ids=services, **ONCE | {"starts_at": "2026-03-02T11:00:00Z"})
    address = f"/api/v1/maintenance-windows/{made['id']}"
    await api.post(f"{address}/end")
    body = {"name": "weekly", "service_ids": services[:1], **TUESDAYS}
    assert problem(await api.put(address, json=body)) == (428, "if_match_required")
    assert problem(await api.put(address, json=body, headers={"If-Match": '"2"'})) == (412, "stale")
    edited = await api.put(address, json=body, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"'), "to end one edits nothing"
    assert edited.json()["ended_early"] == ["2026-03-02T12:00:00Z"]
    assert (await api.get(address)).json() == edited.json()
    assert problem(await api.put(address, json=body | ONCE, headers={"If-Match": "*"})) == (422, "invalid")


async def test_windows_are_listed_in_order_of_creation_and_by_service(api: AsyncClient, services: list[str]) -> None:
    for n, service in enumerate((*services, services[0])):
        await make(api, name=f"window {n}", service_ids=[service], **ONCE)
    page = (await api.get("/api/v1/maintenance-windows", params={"limit": 2})).json()
    rest = (await api.get("/api/v1/maintenance-windows", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [one["name"] for one in (*page["items"], *rest["items"])] == ["window 0", "window 1", "window 2"]
    of_web = (await api.get("/api/v1/maintenance-windows", params={"service_id": services[0]})).json()["items"]
    assert [one["name"] for one in of_web] == ["window 0", "window 2"]


async def test_a_service_with_a_window_is_not_deleted(api: AsyncClient, services: list[str]) -> None:
    made = await make(api, service_ids=services[:1], **ONCE)
    refused = await api.delete(f"/api/v1/services/{services[0]}")
    assert problem(refused) == (409, "in_use")
    assert f"1 maintenance window ({made['name']})" in refused.json()["detail"]
    assert (await api.delete(f"/api/v1/maintenance-windows/{made['id']}")).status_code == 204
    assert problem(await api.get(f"/api/v1/maintenance-windows/{made['id']}")) == (404, "not_found")
    assert (await api.delete(f"/api/v1/services/{services[0]}")).status_code == 204


async def test_a_window_of_another_version_is_left_out_and_shown(api: AsyncClient, database: Database) -> None:
    strange = await make(api, name="strange", matchers=["host=db-1"], **TUESDAYS)
    await make(api, name="usual", matchers=["host=db-1"], **TUESDAYS)
    await make(api, name="over", matchers=["host=db-1"], **TUESDAYS | {"rrule": "FREQ=DAILY", "until": "2026-03-04T00:00:00Z"})
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE maintenance_windows SET rrule = 'FREQ=LUNAR' WHERE name = 'strange'"))
    async with database.transaction() as tx:
        mutings = await load_mutings(tx, now=START + timedelta(days=9))
    assert [one.timetable.window.name for one in mutings.windows] == ["usual"]
    seen = (await api.get(f"/api/v1/maintenance-windows/{strange['id']}")).json()
    assert (seen["rrule"], seen["state"], seen["occurrence"]) == ("FREQ=LUNAR", "expired", None)
