"""What happened to an incident is read page by page, as any list is, and whole by whoever asks for no page."""

from typing import Any
from uuid import UUID

import pytest
from tests.system import System, to

from oncall.kit.errors import Invalid
from oncall.kit.http import PageOf

JSON = dict[str, Any]


async def pages_of(system: System, path: str, limit: int) -> list[list[JSON]]:
    """Every page, until there is none to go on with."""
    pages: list[list[JSON]] = []
    cursor: str | None = None
    while cursor is not None or not pages:
        answer = await system.api.get(path, params={"limit": limit} | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["items"])
        cursor = answer.json()["next_cursor"]
    return pages


async def lived(system: System) -> str:
    """An incident that pages four people, all of whom are asked to join it, and that has tasks."""
    people = [await system.user(name) for name in ("Ana", "Ben", "Cem", "Dee")]
    made = await system.service([to(one) for one in people])
    path = f"/api/v1/incidents/{(await system.event(made['key']))['incident_id']}"
    assert (await system.api.post(f"{path}/responders", json={"user_ids": [one["id"] for one in people]})).status_code == 201
    for n in range(3):
        assert (await system.api.post(f"{path}/tasks", json={"title": f"Task {n}"})).status_code == 201
    return path


@pytest.mark.parametrize("list_", ["timeline", "notifications", "responders", "tasks"])
async def test_a_list_of_an_incident_is_whole_unless_a_page_is_asked_for(system: System, list_: str) -> None:
    path = f"{await lived(system)}/{list_}"
    whole = (await system.api.get(path)).json()
    assert len(whole["items"]) > 2
    assert whole["next_cursor"] is None
    pages = await pages_of(system, path, 2)
    assert [one for page in pages for one in page] == whole["items"]
    assert {len(page) for page in pages[:-1]} == {2}


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "101"}, {"cursor": "?"}])
async def test_a_page_that_cannot_be_is_refused(system: System, params: dict[str, str]) -> None:
    answer = await system.api.get(f"{await lived(system)}/timeline", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_cursor_of_another_incident_leads_nowhere(system: System) -> None:
    path = await lived(system)
    cursor = (await system.api.get(f"{path}/timeline", params={"limit": 1})).json()["next_cursor"]
    service = (await system.api.get(path)).json()["service"]["id"]
    other = await system.make("incidents", title="Other", service_id=service)
    answer = await system.api.get(f"/api/v1/incidents/{other['id']}/timeline", params={"cursor": cursor})
    assert answer.json() == {"items": [], "next_cursor": None}


async def test_the_short_lists_of_a_service_and_a_schedule_page_as_well(system: System) -> None:
    ana = await system.user("Ana")
    service = (await system.service([to(ana)]))["service"]["id"]
    for n in range(2):
        await system.make(f"services/{service}/integrations", name=f"more {n}", type="generic")
        other = await system.make("services", name=f"other {n}", escalation_policy_id=(await _policy(system)))
        assert (await system.api.post(f"/api/v1/services/{service}/dependencies", json={"id": other["id"]})).is_success
    rotation = {"unit": "week", "count": 1, "starts_at": "2026-03-02T09:00:00"}
    layer = {"name": "w", "participants": [to(ana)], "rotation": rotation}
    schedule = await system.make("schedules", name="Primary", time_zone="UTC", layers=[layer])
    for n in range(2):
        edited = await system.api.patch(
            f"/api/v1/schedules/{schedule['id']}", json={"layers": [layer | {"name": f"w{n}"}]}, headers={"If-Match": "*"}
        )
        assert edited.is_success, edited.text
        await system.make(f"schedules/{schedule['id']}/calendar-feeds", name=f"feed {n}")
    for path in (
        f"/api/v1/services/{service}/integrations",
        f"/api/v1/services/{service}/dependencies",
        f"/api/v1/schedules/{schedule['id']}/versions",
        f"/api/v1/schedules/{schedule['id']}/calendar-feeds",
    ):
        whole = (await system.api.get(path)).json()["items"]
        pages = await pages_of(system, path, 1)
        assert [one for page in pages for one in page] == whole, path
        assert len(pages) == len(whole) >= 2, path


async def _policy(system: System) -> str:
    found: str = (await system.api.get("/api/v1/escalation-policies")).json()["items"][0]["id"]
    return found


class Numbered:
    def __init__(self, n: int) -> None:
        self.id = UUID(int=n)


@pytest.mark.parametrize(
    ("what", "rows", "after", "expected"),
    [
        ("from the beginning", [9, 1, 2], None, [9, 1]),
        ("after one, in whatever order", [9, 1, 2], 9, [1, 2]),
        ("after one that is gone, in the order of their age", [1, 2, 4, 5], 3, [4, 5]),
        ("after one that is gone, and whose place nobody knows", [5, 1, 2], 3, "What this cursor points at is gone"),
    ],
)
def test_what_comes_after_a_cursor(what: str, rows: list[int], after: int | None, expected: list[int] | str) -> None:
    page = PageOf(2, None)
    page.after = UUID(int=after) if after else None
    if isinstance(expected, str):
        with pytest.raises(Invalid, match=expected):
            page.part([Numbered(n) for n in rows])
    else:
        assert [row.id.int for row in page.part([Numbered(n) for n in rows])[0]] == expected
