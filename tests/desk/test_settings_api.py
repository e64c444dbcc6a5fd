"""Categories, the priority matrix, calendars and SLAs over REST: made, seen, edited, refused and deleted."""

from typing import Any

import pytest
from httpx import AsyncClient, Response
from tests.system import System, to

JSON = dict[str, Any]
OFFICE: JSON = {"name": "Office", "time_zone": "Europe/Lisbon", "hours": {"monday": [{"from": "09:00", "until": "17:00"}]}}
TWICE = [{"from": "09:00", "until": "12:00"}, {"from": "11:00", "until": "13:00"}]
GOLD: JSON = {"name": "Gold", "targets": {"P1": {"acknowledge": "PT15M", "resolve": "PT4H"}}}


async def put(api: AsyncClient, path: str, body: JSON, version: str = "*") -> Response:
    return await api.put(f"/api/v1/{path}", json=body, headers={"If-Match": version})


def refused(answer: Response) -> tuple[int, str, list[str]]:
    """Status, code and which fields."""
    said = answer.json()
    return answer.status_code, said["code"], [fault["loc"] for fault in said.get("errors", [])]


async def as_somebody(system: System, scope: str, *org_roles: str) -> AsyncClient:
    user = await system.make("users", name="Sam", email="sam@example.com", org_roles=list(org_roles))
    key = (await system.make("api-keys", name="Sam's", scope=scope, user_id=user["id"]))["key"]
    return system.client({"Authorization": f"Bearer {key}"})


# --- categories -------------------------------------------------------------------------------------------------------------


async def test_categories_are_a_tree(system: System) -> None:
    network = await system.make("categories", name="Network")
    vpn = await system.make("categories", name="VPN", parent_id=network["id"])
    await system.make("categories", name="Desktop")
    assert (vpn["path"], network["path"]) == (["Network", "VPN"], ["Network"])
    tree = (await system.api.get("/api/v1/categories/tree")).json()["items"]
    assert [(one["name"], [child["name"] for child in one["children"]]) for one in tree] == [("Desktop", []), ("Network", ["VPN"])]
    first = (await system.api.get("/api/v1/categories", params={"limit": 2})).json()
    assert [one["path"] for one in first["items"]] == [["Network"], ["Network", "VPN"]]
    rest = (await system.api.get("/api/v1/categories", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert ([one["name"] for one in rest["items"]], rest["next_cursor"]) == (["Desktop"], None)


async def test_one_is_renamed_and_moved_with_what_is_below_it(system: System) -> None:
    network, hardware = await system.make("categories", name="Network"), await system.make("categories", name="Hardware")
    vpn = await system.make("categories", name="VPN", parent_id=network["id"])
    seen = await system.api.get(f"/api/v1/categories/{network['id']}")
    moved = await put(system.api, f"categories/{network['id']}", {"name": "Net", "parent_id": hardware["id"]}, seen.headers["ETag"])
    assert (moved.status_code, moved.json()["path"], moved.headers["ETag"]) == (200, ["Hardware", "Net"], '"2"')
    assert (await system.api.get(f"/api/v1/categories/{vpn['id']}")).json()["path"] == ["Hardware", "Net", "VPN"]
    stale = await put(system.api, f"categories/{network['id']}", {"name": "Network"}, seen.headers["ETag"])
    assert stale.status_code == 412
    assert (await system.api.put(f"/api/v1/categories/{network['id']}", json={"name": "x"})).status_code == 428


async def test_where_a_category_cannot_be(system: System) -> None:
    above = None
    ids = []
    for level in range(1, 6):
        above = (await system.make("categories", name=f"level {level}", parent_id=above))["id"]
        ids.append(above)
    deeper = await system.api.post("/api/v1/categories", json={"name": "level 6", "parent_id": above})
    assert refused(deeper) == (422, "invalid", ["body.parent_id"])
    circle = await put(system.api, f"categories/{ids[0]}", {"name": "level 1", "parent_id": ids[2]})
    assert (refused(circle), "below it" in circle.json()["detail"]) == ((422, "invalid", ["body.parent_id"]), True)
    itself = await put(system.api, f"categories/{ids[0]}", {"name": "level 1", "parent_id": ids[0]})
    assert itself.status_code == 422
    other = await system.make("categories", name="other")
    too_high = await put(system.api, f"categories/{ids[0]}", {"name": "level 1", "parent_id": other["id"]})
    assert "would need 6" in too_high.json()["detail"], "what is below it moves as well"
    unknown = await put(system.api, f"categories/{ids[0]}", {"name": "level 1", "parent_id": "00000000-0000-0000-0000-000000000001"})
    assert refused(unknown) == (422, "invalid", ["body.parent_id"])


async def test_a_name_is_taken_once_at_one_place(system: System) -> None:
    network, hardware = await system.make("categories", name="Network"), await system.make("categories", name="Hardware")
    await system.make("categories", name="Other", parent_id=network["id"])
    await system.make("categories", name="Other", parent_id=hardware["id"])
    twice = await system.api.post("/api/v1/categories", json={"name": "other", "parent_id": network["id"]})
    assert refused(twice)[:2] == (409, "exists")


async def test_one_that_is_used_is_not_deleted_and_the_answer_says_by_what(system: System) -> None:
    network = await system.make("categories", name="Network")
    vpn = await system.make("categories", name="VPN", parent_id=network["id"])
    made = await system.service([to(await system.user("Ana"))], default_category_id=vpn["id"])
    above = await system.api.delete(f"/api/v1/categories/{network['id']}")
    assert (refused(above)[:2], above.json()["used_by"]) == ((409, "in_use"), [{"kind": "category", "id": vpn["id"], "name": "VPN"}])
    below = await system.api.delete(f"/api/v1/categories/{vpn['id']}")
    assert below.json()["used_by"] == [{"kind": "service", "id": made["service"]["id"], "name": "payments-api"}]
    free = await system.make("categories", name="Free")
    assert (await system.api.delete(f"/api/v1/categories/{free['id']}")).status_code == 204
    assert (await system.api.get(f"/api/v1/categories/{free['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("what", "scope", "roles", "status"),
    [
        ("the service desk edits categories", "respond", ["service_desk"], 201),
        ("others who respond do not", "respond", [], 403),
        ("nor does the desk with a key that only reads", "read", ["service_desk"], 403),
        ("an admin's key does", "admin", [], 201),
    ],
)
async def test_who_may_edit_categories(system: System, what: str, scope: str, roles: list[str], status: int) -> None:
    somebody = await as_somebody(system, scope, *roles)
    assert (await somebody.post("/api/v1/categories", json={"name": "Network"})).status_code == status, what
    assert (await somebody.get("/api/v1/categories")).status_code == 200
    if scope != "admin":
        assert (await somebody.post("/api/v1/calendars", json=OFFICE)).status_code == 403
        assert (await somebody.post("/api/v1/slas", json=GOLD)).status_code == 403
        assert (await put(somebody, "priority-matrix", {"cells": {}})).status_code == 403


# --- the matrix -------------------------------------------------------------------------------------------------------------


async def test_the_matrix_is_the_usual_one_until_it_is_edited(system: System) -> None:
    usual = await system.api.get("/api/v1/priority-matrix")
    cells = usual.json()["cells"]
    assert (cells["large"], usual.headers["ETag"]) == ({"critical": "P1", "high": "P2", "medium": "P3", "low": "P4"}, '"0"')
    cells["large"]["high"] = "P1"
    edited = await put(system.api, "priority-matrix", {"cells": cells}, usual.headers["ETag"])
    assert (edited.status_code, edited.json()["cells"], edited.headers["ETag"]) == (200, cells, '"1"')
    assert (await put(system.api, "priority-matrix", {"cells": cells}, usual.headers["ETag"])).status_code == 412
    assert (await put(system.api, "priority-matrix", {"cells": cells}, '"1"')).headers["ETag"] == '"2"'
    made = await system.service([to(await system.user("Ana"))], default_impact="large", default_business_urgency="high")
    id = (await system.event(made["key"]))["incident_id"]
    assert (await system.incident(id))["priority"] == "P1", "it grades by the edited matrix"


async def test_everything_that_is_missing_or_wrong_in_a_matrix_is_said_at_once(system: System) -> None:
    cells = (await system.api.get("/api/v1/priority-matrix")).json()["cells"]
    del cells["minor"]
    del cells["large"]["low"]
    cells["limited"]["high"] = "P9"
    cells["huge"] = {}
    cells["widespread"]["soon"] = "P1"
    answer = await put(system.api, "priority-matrix", {"cells": cells})
    assert refused(answer)[:2] == (422, "incomplete")
    assert sorted(refused(answer)[2]) == [
        "body.cells.huge", "body.cells.large.low", "body.cells.limited.high", "body.cells.minor.critical", "body.cells.minor.high",
        "body.cells.minor.low", "body.cells.minor.medium", "body.cells.widespread.soon",
    ]  # fmt: skip


# --- calendars --------------------------------------------------------------------------------------------------------------


async def test_a_calendar_is_read_back_as_it_was_written(system: System) -> None:
    hours = {
        "monday": [{"from": "09:00", "until": "12:30"}, {"from": "13:00", "until": "24:00"}],
        "sunday": [{"from": "00:00", "until": "01:00"}],
    }
    holidays = {"country": "PT", "subdivision": None, "dates": ["2026-12-24"]}
    made = await system.make("calendars", **OFFICE | {"hours": hours, "holidays": holidays})
    assert (made["hours"], made["holidays"]) == (hours, holidays)
    seen = await system.api.get(f"/api/v1/calendars/{made['id']}")
    assert seen.json() == made
    again = await put(system.api, f"calendars/{made['id']}", made, seen.headers["ETag"])
    assert (again.status_code, again.json(), again.headers["ETag"]) == (200, made, '"2"')
    assert (await system.api.get("/api/v1/calendars")).json()["items"] == [made]


@pytest.mark.parametrize(
    ("what", "at", "expected"),
    [
        ("open", "2026-03-02T12:00:00Z", (True, "2026-03-02T12:00:00Z", "2026-03-02T17:00:00Z")),
        ("closed until next Monday, in summer time", "2026-03-28T12:00:00Z", (False, "2026-03-30T08:00:00Z", "2026-03-30T16:00:00Z")),
        ("closed on a public holiday of Portugal", "2026-10-05T10:00:00Z", (False, "2026-10-12T08:00:00Z", "2026-10-12T16:00:00Z")),
        ("and on an own date", "2026-03-09T10:00:00Z", (False, "2026-03-16T09:00:00Z", "2026-03-16T17:00:00Z")),
    ],
)
async def test_when_it_is_open(system: System, what: str, at: str, expected: tuple[bool, str, str]) -> None:
    made = await system.make("calendars", **OFFICE | {"holidays": {"country": "PT", "dates": ["2026-03-09"]}})
    opening = (await system.api.get(f"/api/v1/calendars/{made['id']}/opening", params={"at": at})).json()
    assert (opening["is_open"], opening["opens_at"], opening["closes_at"]) == expected, what


@pytest.mark.parametrize(
    ("what", "change", "fields"),
    [
        ("no hours at all", {"hours": {}}, ["body.hours"]),
        ("less than an hour a week", {"hours": {"monday": [{"from": "09:00", "until": "09:30"}]}}, ["body.hours"]),
        (
            "all that is wrong at once",
            {"hours": {"monday": [{"from": "22:00", "until": "06:00"}], "friday": TWICE}},
            ["body.hours.monday.0", "body.hours.friday"],
        ),
        ("a time that is none", {"hours": {"monday": [{"from": "9", "until": "17:00"}]}}, ["body.hours.monday.0.from"]),
        ("a day that is none", {"hours": {"noday": [{"from": "09:00", "until": "17:00"}]}}, None),
        ("a zone that is none", {"time_zone": "Europe/Lissabon"}, None),
        ("a country that is none", {"holidays": {"country": "XX"}}, ["body.country"]),
        ("an unknown field", {"closed": True}, ["body.closed"]),
    ],
)  # fmt: skip
async def test_what_a_calendar_cannot_be(system: System, what: str, change: JSON, fields: list[str] | None) -> None:
    answer = await system.api.post("/api/v1/calendars", json=OFFICE | change)
    assert answer.status_code == 422, what
    if fields is not None:
        assert refused(answer)[2] == fields, what


# --- SLAs -------------------------------------------------------------------------------------------------------------------


async def test_an_sla_is_read_back_as_it_was_written(system: System) -> None:
    office = await system.make("calendars", **OFFICE)
    policy = (await system.service([to(await system.user("Ana"))]))["policy"]
    terms = {"calendar_id": office["id"], "round_the_clock": ["P1"], "manager_policy_id": policy["id"]}
    made = await system.make("slas", **GOLD | terms)
    assert made["targets"] == {"P1": {"acknowledge": "PT15M", "resolve": "PT4H", "update": None}}
    assert {name: made[name] for name in terms} == terms
    seen = await system.api.get(f"/api/v1/slas/{made['id']}")
    again = await put(system.api, f"slas/{made['id']}", made, seen.headers["ETag"])
    assert (again.status_code, again.json(), again.headers["ETag"]) == (200, made, '"2"')
    assert (await put(system.api, f"slas/{made['id']}", made, seen.headers["ETag"])).status_code == 412
    assert (await system.api.get("/api/v1/slas")).json()["items"] == [made]
    for path, user in ((f"calendars/{office['id']}", "sla"), (f"escalation-policies/{policy['id']}", "sla")):
        kept = await system.api.delete(f"/api/v1/{path}")
        assert (kept.status_code, user in {one["kind"] for one in kept.json()["used_by"]}) == (409, True)
    assert (await system.api.delete(f"/api/v1/slas/{made['id']}")).status_code == 204
    assert (await system.api.delete(f"/api/v1/calendars/{office['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("what", "change", "fields"),
    [
        ("nothing is promised", {"targets": {}}, ["body.targets"]),
        ("nothing for one priority", {"targets": {"P1": {}}}, ["body.targets.P1"]),
        ("a priority that is none", {"targets": {"P7": {"resolve": "PT1H"}}}, None),
        ("too short", {"targets": {"P1": {"resolve": "PT10S"}}}, ["body.targets.P1.resolve"]),
        ("too long", {"targets": {"P1": {"resolve": "P91D"}}}, ["body.targets.P1.resolve"]),
        ("no such calendar", {"calendar_id": "00000000-0000-0000-0000-000000000001"}, ["body.calendar_id"]),
        ("no such policy", {"manager_policy_id": "00000000-0000-0000-0000-000000000001"}, ["body.manager_policy_id"]),
    ],
)
async def test_what_an_sla_cannot_be(system: System, what: str, change: JSON, fields: list[str] | None) -> None:
    answer = await system.api.post("/api/v1/slas", json=GOLD | change)
    assert answer.status_code == 422, what
    if fields is not None:
        assert refused(answer)[2] == fields, what


async def test_an_sla_that_a_service_has_is_not_deleted_and_names_are_taken_once(system: System) -> None:
    sla = await system.make("slas", **GOLD)
    made = await system.service([to(await system.user("Ana"))], sla_id=sla["id"])
    assert made["service"]["sla_id"] == sla["id"]
    kept = await system.api.delete(f"/api/v1/slas/{sla['id']}")
    assert (kept.status_code, kept.json()["used_by"][0]["name"]) == (409, "payments-api")
    assert refused(await system.api.post("/api/v1/slas", json=GOLD | {"name": "gold"}))[:2] == (409, "exists")
    unknown = await system.api.post(
        "/api/v1/services", json={"name": "x", "escalation_policy_id": made["policy"]["id"], "sla_id": made["policy"]["id"]}
    )
    assert refused(unknown)[2] == ["body.sla_id"]
