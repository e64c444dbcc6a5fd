"""More than fits: bodies of 1 MiB from 64 connections to a node whose database is slow or silent. It sheds, and stays small."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.bench.processes import can_measure, peak_mb, resident_mb
from tests.intake.postgres_proxy import PostgresProxy
from tests.intake.senders import Line, post
from tests.serving import Served, serving

from oncall.kit.db import Database

pytestmark = [pytest.mark.faults, pytest.mark.skipif(not can_measure(), reason="needs /proc, which only Linux has")]

BODIES = int(os.environ.get("ONCALL_TEST_BODIES", "5000"))
CONNECTIONS, MIB, MOST = 64, 1024 * 1024, 300
STORED = text("SELECT count(*) FROM events WHERE id = ANY(CAST(:ids AS uuid[]))")


@asynccontextmanager
async def a_node(url: str, failpoints: str = "") -> AsyncIterator[tuple[Served, int, str]]:
    """The node, its port, and the address of an integration."""
    async with serving(url, env={"ONCALL_LOG_LEVEL": "ERROR", "ONCALL_FAILPOINTS": failpoints}) as node:

        async def make(path: str, **body: object) -> dict[str, str]:
            made = await node.api.post(f"/api/v1/{path}", json=body)
            assert made.status_code == 201, made.text
            return dict(made.json())

        user = await make("users", name="Ana", email="ana@example.com")
        policy = await make("escalation-policies", name="P", steps=[{"delay": "P1D", "targets": [{"type": "user", "id": user["id"]}]}])
        service = await make("services", name="S", escalation_policy_id=policy["id"])
        key = (await make(f"services/{service['id']}/integrations", name="i", type="alertmanager"))[
            "key"
        ]  # whose senders come again, so nobody waits for room
        yield node, int(node.url.rpartition(":")[2]), f"/intake/{key}"


async def flood(port: int, address: str, count: int, answers: Counter[int], stored: list[UUID]) -> None:
    """One body after the other on each connection, whatever is answered; what is shed says when to come again."""
    body = json.dumps({"summary": "Disk full", "dedup_key": "disk", "padding": "x" * (MIB - 60)}).encode()
    request, left = post(address, body), iter(range(count))

    async def send() -> None:
        line = Line(port)
        for _ in left:
            answered = await line.send(request)
            answers[answered.status] += 1
            if answered.status == 202:
                stored.extend(UUID(event["id"]) for event in answered.json()["events"])
            else:
                assert answered.status == 503, answered
                assert int(answered.headers["retry-after"]) > 0
        line.close()

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))


async def test_thousands_of_bodies_of_a_mebibyte_against_a_slow_database_take_no_memory(database: Database, database_url: str) -> None:
    answers: Counter[int] = Counter()
    stored: list[UUID] = []
    async with a_node(database_url, "intake.pre_commit=delay:2") as (node, port, address):
        async with asyncio.timeout(300):
            await flood(port, address, BODIES, answers, stored)
        assert peak_mb(node.process.pid) < MOST
        assert answers[503] > 0, "it sheds"
        assert answers[202] > 0, "and takes what it can"
        async with asyncio.timeout(60):
            while (again := (await node.api.post(address, json={"summary": "once more"})).status_code) != 202:
                assert again == 503
    async with database.transaction(read_only=True) as tx:
        assert (await tx.execute(STORED, {"ids": stored})).scalar_one() == len(stored) > 0


async def test_a_silent_database_sheds_everything_takes_no_memory_and_heals(database: Database, database_url: str) -> None:
    answers: Counter[int] = Counter()
    stored: list[UUID] = []
    async with PostgresProxy(database_url) as proxy, a_node(proxy.url) as (node, port, address):
        assert (await node.api.post(address, json={"summary": "Disk full"})).status_code == 202
        proxy.mode = "blackhole"
        async with asyncio.timeout(200):
            await flood(port, address, 400, answers, stored)
        assert set(answers) == {503}, "nothing is promised that is not stored"
        assert peak_mb(node.process.pid) < MOST
        proxy.mode = "pass"
        proxy.cut()
        async with asyncio.timeout(60):
            while (again := (await node.api.post(address, json={"summary": "once more"})).status_code) != 202:
                assert again == 503
                await asyncio.sleep(0.1)
        assert resident_mb(node.process.pid) < MOST
