"""100,000 events on 1,000 keys from 64 connections while the node is killed again and again: what was answered is stored, and counts once.

ONCALL_TEST_EVENTS says another number, for a machine that is in a hurry.
"""

import asyncio
import json
import os
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.intake.senders import GONE, Line, post
from tests.serving import Served, free_port, serving

from oncall.kit.db import Database

pytestmark = pytest.mark.faults
EVENTS = int(os.environ.get("ONCALL_TEST_EVENTS", "100000"))
KEYS, CONNECTIONS = 1_000, 64
MANY = 5
"""Events in one body, in each twentieth request."""

LIVES = ("", "intake.pre_commit=kill", "", "intake.post_commit=kill", "", "")
"""The failpoint of each start: some are killed by us at a random moment, some by themselves just before or after a COMMIT."""

STORED = text("""
    SELECT count(*) FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[])) AS a (id, key)
    JOIN events e ON e.id = a.id AND e.dedup_key = a.key AND e.action = 'trigger'
""")
TOTALS = text("""
    SELECT (SELECT count(*) FROM events) AS events, (SELECT count(DISTINCT dedup_key) FROM events) AS keys,
        (SELECT count(*) FROM event_bodies) AS bodies, (SELECT count(DISTINCT body_id) FROM events) AS bodies_meant,
        (SELECT sum(event_count) FROM alerts) AS counted, (SELECT count(*) FROM alerts) AS alerts,
        (SELECT count(*) FROM incidents) AS incidents, (SELECT count(*) FROM pages) AS pages,
        (SELECT count(*) FROM timeline_entries WHERE kind = 'opened') AS told
""")
DECISIONS = text("SELECT decision, count(*) FROM events GROUP BY decision")
MISCOUNTED = text("""
    SELECT a.dedup_key, a.event_count, count(e.id) FROM alerts a LEFT JOIN events e ON e.alert_id = a.id AND e.dedup_key = a.dedup_key
    GROUP BY a.id HAVING a.event_count <> count(e.id)
""")
ASTRAY = text("SELECT count(*) FROM events e LEFT JOIN alerts a ON a.id = e.alert_id WHERE a.incident_id IS DISTINCT FROM e.incident_id")
TWICE_OPEN = text("SELECT dedup_key FROM alerts WHERE state = 'open' GROUP BY service_id, dedup_key HAVING count(*) > 1")
ASLEEP = text("SELECT number FROM incidents WHERE status <> 'triggered' OR next_at IS NULL OR escalation_state <> 'running'")


@dataclass
class Storm:
    """What is left to send, and what its senders were told: the id and key of each event that was answered 202."""

    port: int
    address: str
    left: list[int]
    accepted: dict[UUID, str] = field(default_factory=dict)
    unanswered: int = 0
    refused: Counter[int] = field(default_factory=Counter)

    async def send(self, name: int) -> None:
        """As a monitor does: each request again until it is answered 202, but to 64 of them at once."""
        dice, line = random.Random(name), Line(self.port)
        while self.left:
            count = min(MANY if dice.random() < 0.05 else 1, len(self.left))
            keys = [f"key/{self.left.pop() % KEYS}" for _ in range(count)]
            events = [{"summary": f"{key} is down", "dedup_key": key, "severity": "critical", "status": "firing"} for key in keys]
            request = post(self.address, json.dumps(events if count > 1 else events[0]).encode())
            while not await self._told(line, request, keys):
                await asyncio.sleep(dice.uniform(0.02, 0.1))
        line.close()

    async def _told(self, line: Line, request: bytes, keys: list[str]) -> bool:
        try:
            answered = await line.send(request)
        except GONE:
            self.unanswered += len(keys)
            return False
        if answered.status != 202:
            assert answered.status == 503, answered
            assert "retry-after" in answered.headers
            self.refused[answered.status] += 1
            self.unanswered += len(keys)
            return False
        said = answered.json()["events"]
        assert [event["dedup_key"] for event in said] == keys
        ids = {UUID(event["id"]): event["dedup_key"] for event in said}
        assert len(ids) == len(keys)
        assert not ids.keys() & self.accepted.keys(), "an id is given once"
        self.accepted |= ids
        return True


async def _service(node: Served) -> str:
    """The address of an integration of a service whose only page is a day away, so that this is about events alone."""

    async def make(path: str, **body: object) -> dict[str, str]:
        answer = await node.api.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, str] = answer.json()
        return made

    user = await make("users", name="Ana", email="ana@example.com")
    hook = "https://hooks.example.com/ana"
    method = await make(f"users/{user['id']}/contact-methods", channel="webhook", address=hook, verified=True)
    await make(f"users/{user['id']}/notification-rules", urgency="high", delay="P1D", contact_method_id=method["id"])
    steps = [{"delay": "P1D", "targets": [{"type": "user", "id": user["id"]}]}]
    policy = await make("escalation-policies", name="P", steps=steps)
    service = await make("services", name="S", escalation_policy_id=policy["id"])
    return "/intake/" + (await make(f"services/{service['id']}/integrations", name="i", type="generic"))["key"]


async def test_every_202_is_stored_and_counted_once_whenever_the_node_is_killed(database: Database, database_url: str) -> None:
    dice, port = random.Random(13), free_port()
    count = EVENTS
    order = list(range(count))
    dice.shuffle(order)
    deaths = 0
    async with AsyncExitStack() as stack:

        async def live(failpoint: str) -> Served:
            env = {"ONCALL_LOG_LEVEL": "ERROR", "ONCALL_FAILPOINTS": failpoint}
            return await stack.enter_async_context(serving(database_url, env=env, port=port, wait=False))

        node = await live("")
        await node.ready()
        storm = Storm(port, await _service(node), order)
        async with asyncio.timeout(300), asyncio.TaskGroup() as senders:
            tasks = [senders.create_task(storm.send(n)) for n in range(CONNECTIONS)]
            for n, failpoint in enumerate(LIVES, 1):
                if not failpoint:  # it lives for its part of the events, and a moment
                    while len(storm.left) > count * (len(LIVES) - n) / len(LIVES) and not all(task.done() for task in tasks):
                        await asyncio.sleep(0.01)
                    await asyncio.sleep(dice.uniform(0, 0.1))
                    node.process.kill()
                assert await node.ended(within=60) == -9, node.log()
                deaths += 1
                node = await live(LIVES[n] if n < len(LIVES) else "")
        await node.ready()
    async with database.transaction(read_only=True) as tx:
        ids, keys = list(storm.accepted), list(storm.accepted.values())
        stored = (await tx.execute(STORED, {"ids": ids, "keys": keys})).scalar_one()
        totals = (await tx.execute(TOTALS)).one()
        decisions = {r[0]: r[1] for r in await tx.execute(DECISIONS)}
        wrong = {what: (await tx.execute(what)).all() for what in (MISCOUNTED, TWICE_OPEN, ASLEEP)}
        astray = (await tx.execute(ASTRAY)).scalar_one()
    assert len(storm.accepted) == count, "each was answered 202 in the end"
    assert stored == count, "and is in the database, by its id, as what it was"
    assert count <= totals.events <= count + storm.unanswered, "more is stored only where an answer was lost"
    assert totals.events > count, "which happened: a node that dies after a COMMIT answers nobody"
    assert decisions == {"opened": totals["keys"], "deduplicated": totals.events - totals["keys"]}, "one decision each"
    assert totals.bodies == totals.bodies_meant, "no body without an event, no event without its body"
    assert totals.counted == totals.events
    assert totals["keys"] == totals.alerts == totals.incidents == totals.told == min(KEYS, count)
    assert totals.pages == totals.incidents, "each one paged one person, once"
    assert [str(what) for what, rows in wrong.items() if rows] == []
    assert astray == 0
    assert deaths == len(LIVES)
