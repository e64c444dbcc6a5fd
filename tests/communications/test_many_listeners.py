"""Two nodes, 200 listeners over real sockets, some that drop, one that does not read: each hears everything once and in order."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.serving import Served, serving
from tests.system import ADMIN_KEY

from oncall.kit.db import Database

pytestmark = pytest.mark.faults

LISTENERS, MESSAGES, DROPPERS = 200, 150, 20
ENV = {"ONCALL_LOG_LEVEL": "INFO", "ONCALL_TICK": "0.5"}


@dataclass
class Socket:
    """One listener on a socket of its own, as a browser: it connects again with the last id when the connection ends."""

    node: Served
    path: str
    numbers: list[int] = field(default_factory=list)
    last: str | None = None
    connections: int = 0
    delays: list[float] = field(default_factory=list)
    _writer: asyncio.StreamWriter | None = None

    async def listen(self, until: int) -> None:
        while len(self.numbers) < until:
            await self._connect(until)

    async def _connect(self, until: int) -> None:
        async with connected(self.node, self.path, self.last) as (reader, writer):
            self._writer = writer
            self.connections += 1
            while len(self.numbers) < until:
                line = (await reader.readline()).decode()
                if not line:
                    return
                if line.startswith("id: "):
                    self.last = line[4:].strip()
                if line.startswith("data: ") and "text" in (said := json.loads(line[6:])):
                    self.numbers.append(int(said["text"].split()[0]))
                    self.delays.append(time.monotonic() - float(said["text"].split()[1]))

    def drop(self) -> None:
        if self._writer:
            self._writer.transport.abort()


@asynccontextmanager
async def connected(node: Served, path: str, last: str | None) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A GET on a socket of its own, its head read."""
    port = int(node.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    more = f"Last-Event-ID: {last}\r\n" if last is not None else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: oncall\r\nAuthorization: Bearer {ADMIN_KEY}\r\n{more}\r\n".encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        yield reader, writer
    except (ConnectionError, asyncio.IncompleteReadError):
        return
    finally:
        writer.transport.abort()


@asynccontextmanager
async def two_nodes(database_url: str) -> AsyncIterator[tuple[Served, Served]]:
    """Both ready, on however busy a machine."""
    async with serving(database_url, env=ENV, wait=False) as one, serving(database_url, role="api", env=ENV, wait=False) as two:
        await one.ready(within=60)
        await two.ready(within=60)
        yield one, two


def memory_of(node: Served) -> int:
    """Resident kilobytes of its process."""
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


async def make(node: Served, path: str, **body: Any) -> dict[str, Any]:
    answer = await node.api.post(f"/api/v1/{path}", json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def a_room(node: Served) -> str:
    """The path of the messages of an incident."""
    user = await make(node, "users", name="Ana", email="ana@example.com")
    steps = [{"delay": "PT30M", "targets": [{"type": "user", "id": user["id"]}]}]
    policy = await make(node, "escalation-policies", name="P", steps=steps)
    service = await make(node, "services", name="S", escalation_policy_id=policy["id"])
    key = (await make(node, f"services/{service['id']}/integrations", name="i", type="generic"))["key"]
    body = {"summary": "disk", "dedup_key": "disk", "severity": "critical", "action": "trigger"}
    event = (await node.api.post(f"/intake/{key}", json=body)).json()["events"][0]
    return f"incidents/{event['incident_id']}/messages"


async def test_two_hundred_listeners_on_two_nodes(database: Database, database_url: str) -> None:
    async with two_nodes(database_url) as (one, two):
        room = await a_room(one)
        path = f"/api/v1/{room}/stream?last_event_id=0"
        listeners = [Socket((one, two)[n % 2], path) for n in range(LISTENERS)]
        tasks = [asyncio.create_task(listener.listen(MESSAGES)) for listener in listeners]
        async with connected(one, path, None), asyncio.timeout(90):  # this one reads nothing at all
            while not all(listener.connections for listener in listeners):
                await asyncio.sleep(0.05)
            before = memory_of(one), memory_of(two)
            for number in range(1, MESSAGES + 1):
                await make((one, two)[number % 2], room, text=f"{number} {time.monotonic()} {'x' * 1_000}")
                if number % 10 == 0:
                    for listener in listeners[:DROPPERS]:
                        listener.drop()
            await asyncio.gather(*tasks)
            grown = memory_of(one) - before[0], memory_of(two) - before[1]
        assert all(listener.numbers == list(range(1, MESSAGES + 1)) for listener in listeners)
        assert all(listener.connections > 5 for listener in listeners[:DROPPERS]), "they did drop"
        delays = sorted(delay for listener in listeners[DROPPERS:] for delay in listener.delays)
        print(f"memory grown by {grown} KB; delays: median {delays[len(delays) // 2]:.3f} s, most {delays[-1]:.3f} s")
        assert max(grown) < 40_000
        assert delays[len(delays) // 2] < 1.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_node_with_open_streams_leaves_promptly_and_its_listeners_go_on_elsewhere(
    database: Database, database_url: str, number: signal.Signals
) -> None:
    async with two_nodes(database_url) as (one, two):
        room = await a_room(one)
        listener = Socket(two, f"/api/v1/{room}/stream?last_event_id=0")
        others = [Socket(two, "/api/v1/incidents/stream") for _ in range(20)]
        tasks = [asyncio.create_task(other._connect(1_000)) for other in others]
        task = asyncio.create_task(listener.listen(2))
        await make(one, room, text=f"1 {time.monotonic()}")
        async with asyncio.timeout(10):
            while not listener.numbers or not all(other.connections for other in others):
                await asyncio.sleep(0.02)
        listener.node = one  # as a balancer would have it
        began = time.monotonic()
        two.send(number)
        assert await two.ended(within=6) == 0
        print(f"gone after {time.monotonic() - began:.1f} s")
        await make(one, room, text=f"2 {time.monotonic()}")
        async with asyncio.timeout(10):
            await asyncio.gather(task, *tasks)
        assert listener.numbers == [1, 2]
        assert "Exception" not in two.log()
        assert "Traceback" not in two.log()
