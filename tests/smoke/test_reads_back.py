"""What GET shows of a resource may be sent back by PUT as it is, and reads back equal: also to whom it shows more than anybody sets."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.silences.test_muting import at
from tests.system import System, to

JSON = dict[str, Any]
Body = Callable[[System, JSON], JSON]


def recurring(system: System, made: JSON) -> JSON:
    return {
        "name": "nightly",
        "matchers": ['env="prod"'],
        "rrule": "FREQ=DAILY",
        "time_zone": "Europe/Lisbon",
        "starts_at": "2026-03-01T02:00:00",
        "duration": "PT2H",
    }


def schedule(system: System, made: JSON) -> JSON:
    layer = {"name": "always", "participants": [{"type": "user", "id": made["user"]["id"]}]}
    return {"name": "s", "time_zone": "Europe/Lisbon", "layers": [layer]}


RESOURCES: dict[str, tuple[str, Body]] = {
    "policy": ("escalation-policies", lambda _, made: {"name": "p", "steps": made["policy"]["steps"], "exhausted_retry": None}),
    "service": ("services", lambda _, made: {"name": "s", "escalation_policy_id": made["policy"]["id"], "delay": {"for": "PT2M"}}),
    "routing rule": ("routing-rules", lambda _, made: {"name": "r", "matchers": ["a=b"], "service_id": made["service"]["id"]}),
    "silence": ("silences", lambda system, _: {"matchers": ["a=~b|c"], "ends_at": at(system, hours=3), "comment": "c"}),
    "inhibition": ("inhibitions", lambda *_: {"name": "i", "source_matchers": ["a=b"], "target_matchers": ["c=d"], "equal": ["y", "x"]}),
    "recurring window": ("maintenance-windows", recurring),
    "window": (
        "maintenance-windows",
        lambda system, made: {
            "name": "once",
            "service_ids": [made["service"]["id"]],
            "starts_at": at(system),
            "ends_at": at(system, hours=2),
        },
    ),
    "heartbeat": ("heartbeats", lambda _, made: {"name": "hb", "service_id": made["service"]["id"], "interval": "PT5M"}),
    "schedule": ("schedules", schedule),
}


@pytest.fixture
async def made(system: System) -> JSON:
    user = await system.user("Ana")
    return await system.service([to(user)]) | {"user": user}


@pytest.mark.parametrize("what", RESOURCES)
async def test_what_get_shows_put_takes(system: System, made: JSON, what: str) -> None:
    path, body = RESOURCES[what]
    url = f"/api/v1/{path}/{(await system.make(path, **body(system, made)))['id']}"
    read = await system.api.get(url)
    put = await system.api.put(url, json=read.json(), headers={"If-Match": read.headers["etag"]})
    assert put.status_code == 200, put.text
    assert (await system.api.get(url)).json() == read.json()


@pytest.mark.parametrize("what", RESOURCES)
async def test_but_what_nobody_sets_is_refused_where_it_is_made(system: System, made: JSON, what: str) -> None:
    path, body = RESOURCES[what]
    answer = await system.api.post(f"/api/v1/{path}", json=body(system, made) | {"id": made["service"]["id"]})
    assert (answer.status_code, "id" in answer.text) == (422, True), answer.text
