"""A request that came a moment ago, to the byte, is answered without being read; but for that everything is as if it were."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from tests.intake.senders import Answered, Line, listening, post
from tests.system import System, to

from oncall.incidents.values import Action
from oncall.intake.commands import gate as gating
from oncall.intake.hot.lately import Known
from oncall.kit.again import Awaited
from oncall.kit.db import Database
from oncall.kit.errors import Unavailable
from oncall.kit.trouble import ConcurrentChange

ALERTS = text("SELECT dedup_key, event_count FROM alerts ORDER BY id")
EVENTS = text("""
    SELECT count(DISTINCT e.id), count(DISTINCT b.id), count(DISTINCT b.raw)
    FROM events e JOIN event_bodies b ON b.id = e.body_id AND b.received_at = coalesce(e.body_at, e.received_at)
""")
IDS = text("SELECT id FROM events ORDER BY id")
PAYLOAD = {"summary": "Disk full", "source": "db-1", "severity": "critical"}
V2 = {"routing_key": "{key}", "event_action": "trigger", "dedup_key": "disk", "payload": PAYLOAD}
V1 = {"service_key": "{key}", "event_type": "trigger", "incident_key": "disk", "description": "Disk full"}
PROMETHEUS = [{"labels": {"alertname": "disk"}, "annotations": {"summary": "Disk full"}}]


class Asked:
    """Stands before what knows requests, and notes what it said."""

    def __init__(self, knows: Any) -> None:
        self.knows = knows
        self.known: list[bool] = []

    def __call__(self, whole: bytes) -> Awaited[Any] | None:
        awaited: Awaited[Any] | None = self.knows(whole)
        self.known.append(awaited is not None)
        return awaited


@asynccontextmanager
async def lines(system: System) -> AsyncIterator[tuple[Line, Asked]]:
    """A connection to the node, and what was known of what is sent on it."""
    app = system.node.app
    asked = app.state.again = Asked(app.state.again)
    async with listening(app) as port:
        line = Line(port)
        try:
            yield line, asked
        finally:
            line.close()


@pytest.fixture
async def made(system: System) -> Any:
    return await system.service([to(await system.user("Ana"))])


def its_path(made: Any) -> str:
    return f"/api/v1/services/{made['service']['id']}/integrations/{made['integration']['id']}"


def said(path: str, body: Any, made: Any) -> bytes:
    """A whole request, with the integration's key wherever `{key}` stands."""
    key = str(made["key"])
    return post(path.format(key=key), json.dumps(body).replace("{key}", key).encode())


def without_ids(answered: Answered) -> Any:
    body = answered.json() if answered.body else None
    for event in body.get("events", ()) if isinstance(body, dict) else ():
        del event["id"]
    return answered.status, body, {name: text for name, text in answered.headers.items() if name != "date"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/enqueue", V2),
        ("/generic/2010-04-15/create_event.json", V1),
        ("/intake/{key}", {"title": "Disk full", "id": "disk"}),
        ("/intake/{key}/api/v2/alerts", PROMETHEUS),
        ("/intake/{key}/team-a", {"message_type": "CRITICAL", "entity_id": "disk"}),
    ],
)
async def test_each_time_it_is_stored_and_answered_as_if_it_were_read(
    system: System, database: Database, made: Any, path: str, body: Any
) -> None:
    request = said(path, body, made)
    async with lines(system) as (line, asked):
        answers = [without_ids(await line.send(request)) for _ in range(4)]
    assert asked.known == [False, True, True, True]
    assert answers[1:] == answers[2:] + answers[2:3]
    assert (answers[0][0], set(answers[0][2])) == (answers[1][0], set(answers[1][2]))
    async with database.transaction() as tx:
        assert tuple((await tx.execute(EVENTS)).one()) == (4, 2, 1), "that of the first repeat serves those after it"
        assert [row.event_count for row in await tx.execute(ALERTS)] == [4]


async def test_a_shared_body_is_shown_and_read_again_with_each_of_its_events(system: System, database: Database, made: Any) -> None:
    began = system.clock.at
    path = f"/intake/{made['key']}/api/v2/alerts"
    request = post(path, json.dumps([{"labels": {"alertname": name}} for name in ("disk", "load", "load")]).encode())
    async with lines(system) as (line, _):
        for _ in range(3):  # in one instant, since the clock stands
            await line.send(request)
        await system.advance(seconds=1)
        for _ in range(2):
            await line.send(request)
    await system.advance(seconds=1)
    async with database.transaction() as tx:
        assert tuple((await tx.execute(EVENTS)).one()) == (15, 2, 1)
        ids = (await tx.execute(IDS)).scalars()
    shown = [(await system.api.get(f"/api/v1/events/{id}")).json() for id in ids]
    assert {one["body"]["text"] for one in shown} == {request.partition(b"\r\n\r\n")[2].decode()}
    replayed = (await system.api.post("/api/v1/replay", json={"since": began.isoformat()})).json()
    assert [replayed[name] for name in ("events", "read_otherwise", "bodies_gone", "difference_count")] == [15, 0, 0, 0]


async def test_what_comes_again_goes_by_the_rules_of_now(system: System, database: Database, made: Any) -> None:
    other = await system.make("services", name="databases", escalation_policy_id=made["policy"]["id"])
    request = said("/v2/enqueue", V2, made)
    async with lines(system) as (line, asked):

        async def reasons(requests: int) -> list[str]:
            for _ in range(requests):
                assert (await line.send(request)).status == 202
            async with database.transaction() as tx:
                ids = list((await tx.execute(IDS)).scalars())[-requests:]
            shown = [(await system.api.get(f"/api/v1/events/{id}")).json() for id in ids]
            there = {other["id"]: "there", made["service"]["id"]: "here"}
            return [f"{one['decision']} {there[one['service_id']]}: {one['reason']}" for one in shown]

        here = "here: an alert with this dedup key is open already"
        assert (await reasons(3))[1:] == [f"deduplicated {here}"] * 2
        body = {"name": "all", "matchers": ["severity=critical"], "service_id": other["id"]}
        rule = await system.make("routing-rules", **body)
        way = 'routing rule "all" sent it to service databases: '
        opened, *repeats = await reasons(3)
        assert opened == f"opened there: {way}no alert with this dedup key was open"
        assert repeats == [f"deduplicated there: {way}an alert with this dedup key is open already"] * 2
        assert (await system.api.delete(f"/api/v1/routing-rules/{rule['id']}")).status_code == 204
        assert await reasons(2) == [f"deduplicated {here}"] * 2
    assert any(asked.known[1:3])
    assert any(asked.known[4:6]), "what was known before the rule"


async def test_a_body_is_shared_for_a_moment_and_only_once_it_is_stored(
    system: System, database: Database, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lines(system) as (line, asked):

        async def bodies(requests: int) -> int:
            for _ in range(requests):
                assert (await line.send(said("/v2/enqueue", V2, made))).status == 202
            async with database.transaction() as tx:
                events, its, _ = (await tx.execute(EVENTS)).one()
                assert events == len(asked.known)
                return int(its)

        with monkeypatch.context() as patch:

            async def not_now(*args: Any) -> Any:
                raise ConcurrentChange("the quick lane stores nothing, so the slow one does")

            patch.setattr(gating, "accept_repeats", not_now)
            assert await bodies(3) == 3
        assert await bodies(2) == 4
        await system.advance(minutes=1)
        assert await bodies(3) == 6
    assert asked.known == [False, True, True, True, True, False, True, True]


async def test_what_is_no_longer_true_is_read_anew(system: System, made: Any) -> None:
    """A proof that is asked for by now, a name that changed, a moment that passed, a key that was revoked."""
    token = "a-long-token-of-24-signs"
    its = {"name": "prod", "type": "pagerduty", "authentication": {"scheme": "bearer", "token": token}}
    async with lines(system) as (line, asked):

        async def statuses() -> list[int]:
            return [(await line.send(said("/v2/enqueue", V2, made))).status for _ in range(2)]

        assert await statuses() == [202, 202]
        await system.advance(minutes=1)
        assert await statuses() == [202, 202]
        assert (await system.api.put(its_path(made), json=its, headers={"If-Match": "*"})).status_code == 200
        assert await statuses() == [400, 400]
        assert (await system.api.put(its_path(made), json=its | {"authentication": None}, headers={"If-Match": "*"})).status_code == 200
        assert await statuses() == [202, 202]
        assert (await system.api.delete(its_path(made))).status_code == 204
        assert await statuses() == [400, 400]
    assert asked.known == [False, True, False, True, False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("path", "body", "shape"), [("/v2/enqueue", V2, "errors"), ("/intake/{key}", {"title": "x", "id": "disk"}, "type")]
)
async def test_what_cannot_be_stored_is_refused_in_its_own_shape(
    system: System, database: Database, made: Any, monkeypatch: pytest.MonkeyPatch, path: str, body: Any, shape: str
) -> None:
    request, gate = said(path, body, made), system.node.gate

    def too_slow(*args: Any) -> "asyncio.Future[Any]":
        refused = asyncio.get_running_loop().create_future()
        refused.set_exception(Unavailable("The database is too slow just now."))
        return refused

    async with lines(system) as (line, asked):
        assert (await line.send(request)).status in {200, 202}
        with monkeypatch.context() as patch:
            patch.setattr(gate, "accept_now", too_slow)
            refused = await line.send(request)
            assert (refused.status, refused.headers["retry-after"].isdecimal(), shape in refused.json()) == (503, True, True)
            assert b"too slow" in refused.body
        assert (await line.send(request)).status in {200, 202}
    assert asked.known == [False, True, True]
    async with database.transaction() as tx:
        assert [row.event_count for row in await tx.execute(ALERTS)] == [2], "what was refused is not handed over once more"


async def test_where_there_is_no_room_it_waits_its_turn_as_others_do(system: System, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lines(system) as (line, asked):
        assert (await line.send(said("/v2/enqueue", V2, made))).status == 202
        monkeypatch.setattr(system.node.gate._queue, "has_room", lambda waiting, *, comes_again: False)
        assert (await line.send(said("/v2/enqueue", V2, made))).status == 429
    assert asked.known == [False, False]


async def test_nothing_passes_what_stands_in_line_to_be_read(system: System, made: Any) -> None:
    """That the problem is over may stand there."""
    async with lines(system) as (line, asked):
        turns, request = system.node.app.turns, said("/v2/enqueue", V2, made)
        await line.send(request)
        posted = [asyncio.create_task(turns.mine()) for _ in range(10)]
        await asyncio.sleep(0)
        assert asked(request) is None
        await asyncio.gather(*posted)
        assert asked(request) is not None


async def test_a_check_in_is_always_read(system: System, made: Any) -> None:
    """It has more to do than to be handed over."""
    async with lines(system) as (line, asked):
        await line.send(said("/v2/enqueue", V2, made))
        lately = system.node.app.state.lately
        for request, known in list(lately._known.items()):
            events = [replace(event, action=Action.CHECK_IN) for event in known.events]
            lately._known[request] = Known(known.digest, known.integration, events, known.told)
            assert asked(request) is None
