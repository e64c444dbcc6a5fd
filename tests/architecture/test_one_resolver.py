"""Paging, look-ups, previews, shifts and feeds use one resolver: nothing else says whose turn it is, and all of them say what it says."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import grimp
import pytest
from icalendar import Calendar
from tests.system import System, to

from oncall.kit.ids import UserId
from oncall.schedules.rules import resolving
from oncall.schedules.values import OnCall

RULES = "oncall.schedules.rules"
# What a turn is, when a layer is open, what overrides make of people: the resolver's own parts.
PARTS = [f"{RULES}.{part}" for part in ("resolving", "sweeping", "layers", "rotations", "windows", "overrides")]


def test_nobody_but_the_rules_reaches_for_the_resolvers_parts() -> None:
    graph = grimp.build_graph("oncall", cache_dir=None)
    importers = {(by, part) for part in PARTS for by in graph.find_modules_that_directly_import(part)}
    strangers = sorted(f"{by} imports {part}" for by, part in importers if by != RULES and not by.startswith(f"{RULES}."))
    assert strangers == [], "instead ask oncall.schedules.rules: one resolver serves paging, look-ups, previews, calendars and feeds"


async def test_whatever_it_says_is_what_everybody_is_told(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver is made to say that Zoe is on call, who takes no part in anything."""
    ana, zoe = await system.user("Ana"), await system.user("Zoe")
    monkeypatch.setattr(resolving, "_base", lambda layers, t: (OnCall((UserId(UUID(zoe["id"])),), ()), frozenset()))
    layers: list[dict[str, Any]] = [{"name": "all", "participants": [to(ana)]}]
    schedule = await system.make("schedules", name="Payments", time_zone="UTC", layers=layers)
    path = f"/api/v1/schedules/{schedule['id']}"
    key = (await system.service([{"type": "schedule", "id": schedule["id"]}]))["key"]
    now = system.clock.at
    span = {"since": f"{now:%Y-%m-%dT%H:%M:%SZ}", "until": f"{now + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"}

    async def said(method: str, path: str, **asked: Any) -> dict[str, Any]:
        answer = await system.api.request(method, path, **asked)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    await system.event(key)
    assert system.pages() == ["Zoe"], "paging"
    assert [user["name"] for user in (await said("GET", f"{path}/oncall"))["users"]] == ["Zoe"]
    assert [row["user"]["name"] for row in (await said("GET", "/api/v1/oncalls", params={"schedule_id": schedule["id"]}))["items"]] == [
        "Zoe"
    ]
    assert [row["user"]["name"] for row in (await said("GET", "/api/v1/oncalls", params=span))["items"]] == ["Zoe"]
    assert [user["name"] for tile in (await said("GET", f"{path}/shifts", params=span))["items"] for user in tile["users"]] == ["Zoe"]
    preview = await said(
        "POST", "/api/v1/schedules/preview", json={"schedule_id": schedule["id"], "time_zone": "UTC", "layers": layers, **span}
    )
    assert {user["name"] for side in ("before", "after") for tile in preview[side] for user in tile["users"]} == {"Zoe"}
    feed = Calendar.from_ical((await system.api.get(f"{path}/calendar.ics")).content)
    assert {str(event["SUMMARY"]) for event in feed.walk("VEVENT")} == {"Zoe on call: Payments"}
