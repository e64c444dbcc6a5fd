"""`kill -9` of any process at any time: every page arrives, nothing is lost, duplicates are at most the kills, and say that they are."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, HTTPError
from sqlalchemy import text
from tests.providers.http import WebhookSink
from tests.serving import Served, free_port, serving

from oncall.kit.db import Database
from oncall.notifications.values import AT_ONCE_TO_ONE
from oncall.notifications.values.travelling import MOST_TOGETHER

pytestmark = pytest.mark.faults
LEASE = "1.5"


async def make(api: AsyncClient, path: str, **body: object) -> dict[str, str]:
    answer = await api.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


async def make_service(api: AsyncClient, url: str, *, delay: str = "PT30M", message_after: str = "PT0S") -> str:
    """A service that pages one person by webhook; the key of its integration."""
    user = await make(api, "users", name="Ana", email="ana@example.com")
    method = await make(api, f"users/{user['id']}/contact-methods", channel="webhook", address=url, verified=True)
    rule = {"urgency": "high", "delay": message_after, "contact_method_id": method["id"]}
    await make(api, f"users/{user['id']}/notification-rules", **rule)
    steps = [{"delay": delay, "targets": [{"type": "user", "id": user["id"]}]}]
    policy = await make(api, "escalation-policies", name="P", steps=steps)
    service = await make(api, "services", name="S", escalation_policy_id=policy["id"])
    return (await make(api, f"services/{service['id']}/integrations", name="i", type="generic"))["key"]


class Kept:
    """A node that is started anew, on the same port, whenever it was killed."""

    def __init__(self, stack: AsyncExitStack, database_url: str, role: str, env: dict[str, str]) -> None:
        self._stack, self._url, self._role, self._env = stack, database_url, role, env
        self._port = free_port()
        self.node: Served

    async def start(self) -> "Kept":
        self.node = await self._stack.enter_async_context(serving(self._url, role=self._role, env=self._env, port=self._port))
        return self

    async def kill(self) -> None:
        self.node.process.kill()
        await self.node.process.wait()
        await self.start()


async def test_killing_nodes_loses_no_page_and_doubles_few(database: Database, database_url: str) -> None:
    dice = random.Random(7)
    async with WebhookSink() as sink, AsyncExitStack() as stack:
        env = {"ONCALL_OUTBOUND_ALLOW": "127.0.0.1", "ONCALL_SEND_LEASE": LEASE, "ONCALL_TICK": "0.2", "ONCALL_LOG_LEVEL": "ERROR"}
        nodes = await asyncio.gather(*(Kept(stack, database_url, role, env).start() for role in ("api", "engine", "engine")))
        key = await make_service(nodes[0].node.api, sink.url)
        accepted: list[str] = []
        posting = asyncio.create_task(_post(nodes[0], key, accepted, 40))
        kills = 0
        while not posting.done():
            await asyncio.sleep(dice.uniform(0.2, 0.7))
            await dice.choice(nodes).kill()
            kills += 1
        await posting
        async with database.transaction(read_only=True) as tx:
            stored = set((await tx.execute(text("SELECT dedup_key FROM events"))).scalars())
            incidents = (await tx.execute(text("SELECT count(*) FROM incidents"))).scalar_one()
        assert set(accepted) <= stored, "what was answered 202 is in the database"
        await _until_quiet(database)
        titles = Counter(title for request in sink.requests for title in told(request.json()["data"]))
        assert len(titles) == incidents, "every incident's page arrived"
        assert set(accepted) <= set(titles)
        doubles = sum(titles.values()) - len(titles)
        first: set[str] = set()
        for request in sink.requests:
            said = request.json()["data"]
            assert said["repeated"] or not first & set(told(said)), "a repeat says that it is one"
            first |= set(told(said))
        async with database.transaction(read_only=True) as tx:
            claims = {str(row.id): row.attempt for row in await tx.execute(text("SELECT id, attempt FROM notifications"))}
        received = Counter(request.json()["data"]["notification_id"] for request in sink.requests)
        assert all(received[id] <= claims[id] for id in received), "a message arrives again only if its lease had run out"
        assert doubles <= kills * AT_ONCE_TO_ONE * MOST_TOGETHER, "at most what was on the wire to its one receiver when a sender died"
        assert kills >= 3


def told(said: dict[str, Any]) -> list[str]:
    """The titles in one message, about one incident or with a list."""
    listed = said["incidents"] if "incidents" in said else [said["incident"]]
    return [incident["title"] for incident in listed]


@pytest.mark.parametrize("failpoint", ["send.post_claim", "send.post_wire", "send.pre_record"])
async def test_a_sender_that_is_killed_with_a_list_loses_nobodys_page(database: Database, database_url: str, failpoint: str) -> None:
    """`kill -9` between the claim, the wire and the record: every incident of the list is told, and a repeat says that it is one."""
    env = {"ONCALL_OUTBOUND_ALLOW": "127.0.0.1", "ONCALL_SEND_LEASE": LEASE, "ONCALL_TICK": "0.2", "ONCALL_LOG_LEVEL": "ERROR"}
    async with WebhookSink() as sink, AsyncExitStack() as stack:
        api = await stack.enter_async_context(serving(database_url, role="api", env=env))
        key = await make_service(api.api, sink.url)
        body = [{"summary": f"e{n}", "dedup_key": f"e{n}", "severity": "error"} for n in range(14)]
        answer = await api.api.post(f"/intake/{key}", json=body)
        assert answer.status_code == 202, answer.text + api.log()
        dying = await stack.enter_async_context(
            serving(database_url, role="engine", env=env | {"ONCALL_FAILPOINTS": f"{failpoint}=kill"}, wait=False)
        )
        async with asyncio.timeout(30):
            await dying.process.wait()
        await stack.enter_async_context(serving(database_url, role="engine", env=env))
        await _until_quiet(database)
        said = [request.json()["data"] for request in sink.requests]
        assert {title for one in said for title in told(one)} == {f"e{n}" for n in range(14)}
        assert [one for one in said if len(told(one)) > 1], "in one message"
        seen: set[str] = set()
        for one in said:
            assert one["repeated"] or not seen & set(told(one)), "a repeat says that it is one"
            seen |= set(told(one))
    async with database.transaction(read_only=True) as tx:
        states = (await tx.execute(text("SELECT DISTINCT status FROM notifications"))).scalars().all()
    assert sorted(states) == ["bundled", "sent"]


async def _post(api: Kept, key: str, accepted: list[str], count: int) -> None:
    """Post as a monitor does: again until it is answered 202."""
    for n in range(count):
        while True:
            try:
                answer = await api.node.api.post(f"/intake/{key}", json={"summary": f"e{n}", "dedup_key": f"e{n}", "severity": "critical"})
            except (HTTPError, RuntimeError):
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == 202:
                break
            assert answer.status_code == 503
        accepted.append(f"e{n}")
        await asyncio.sleep(0.02)


async def _until_quiet(database: Database) -> None:
    async with asyncio.timeout(30):
        while True:
            async with database.transaction(read_only=True) as tx:
                unfinished = "SELECT count(*) FROM notifications WHERE next_at IS NOT NULL"
                if (await tx.execute(text(unfinished))).scalar_one() == 0:
                    return
            await asyncio.sleep(0.2)


async def test_each_due_step_is_done_exactly_once_by_engines_that_are_killed(database: Database, database_url: str) -> None:
    """300 due incidents, two engines, random kills: one step each, none lost, none twice."""
    dice = random.Random(11)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(serving(database_url, role="api"))
        key = await make_service(api.api, "https://hooks.example.com/x", delay="P1D", message_after="P1D")
        body = [{"summary": f"d{n}", "dedup_key": f"d{n}", "severity": "critical"} for n in range(300)]
        answer = await api.api.post(f"/intake/{key}", json=body)
        assert answer.status_code == 202, answer.text + api.log()
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE incidents SET next_at = :then, step_at = :then"), {"then": _past()})
        env = {"ONCALL_TICK": "0.1", "ONCALL_LOG_LEVEL": "ERROR"}
        engines = await asyncio.gather(*(Kept(stack, database_url, "engine", env).start() for _ in range(2)))
        for _ in range(4):
            await asyncio.sleep(dice.uniform(0.05, 0.4))
            await dice.choice(engines).kill()
        async with asyncio.timeout(30):
            while await _left(database):
                await asyncio.sleep(0.1)
    async with database.transaction(read_only=True) as tx:
        rounds = (await tx.execute(text("SELECT round, count(*) FROM incidents GROUP BY round"))).all()
        pages = (await tx.execute(text("SELECT count(*), count(DISTINCT (incident_id, cycle, round, step)) FROM pages"))).one()
        fired = text("SELECT count(*) FROM timeline_entries WHERE kind = 'step_fired'")
        entries = (await tx.execute(fired)).scalar_one()
    assert [tuple(row) for row in rounds] == [(2, 300)]
    assert tuple(pages) == (600, 600)
    assert entries == 600


def _past() -> object:
    from datetime import UTC, datetime

    return datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=1)


async def _left(database: Database) -> int:
    async with database.transaction(read_only=True) as tx:
        left: int = (await tx.execute(text("SELECT count(*) FROM incidents WHERE next_at < :then"), {"then": _past()})).scalar_one()
        due: int = (await tx.execute(text("SELECT count(*) FROM incidents WHERE round = 1"))).scalar_one()
    return left + due
