"""Two nodes on one database and one clock, in this process: each may be held, crashed at a failpoint, and made anew."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import ASGITransport, AsyncClient, Response
from pydantic import SecretStr
from sqlalchemy import text
from tests.conftest import START
from tests.machine.wire import LEASE, RINGS, Providers, Row, Wire
from tests.system import ADMIN_KEY

from oncall.app import Node
from oncall.incidents.due import DueIncidents
from oncall.kit import failpoints
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.settings import Settings
from oncall.notifications.due import Sender

PASSES = 60
"""Whoever has more to do than that makes work for itself."""

LOOK = text("SELECT id, incident_id, status, attempt, next_at FROM notifications WHERE id = ANY(:ids)")
# For a row, that is, as whoever made it holds it; every NOTIFY waits a moment for one lock of the whole server.
WAITING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple')
""")


class Fleet:
    """Nodes 0 and 1. What one of them holds in memory is never told to the other."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.clock = ManualClock(START)
        self.providers = Providers(self.clock, self._look, self._travelling, {"email": "ok", "webhook": "ok"}, [], asyncio.Event())
        self.nodes: list[Node] = []
        self.apis: list[AsyncClient] = []

    def start(self) -> None:
        for _ in range(2):
            node = self._made()
            self.nodes.append(node)
            self.apis.append(self._api(node))

    def _made(self) -> Node:
        settings = Settings(
            data_dir=self.folder,
            admin_key=SecretStr(ADMIN_KEY),
            secret_keys=(SecretStr("secret-key-of-the-tests-0123456789abcdef"),),
            public_url="http://oncall.test",
            send_lease=LEASE,
        )
        channels = {name: Wire(name, self.providers, rings=name == RINGS) for name in ("email", "webhook")}
        node = Node(settings, self.database, clock=self.clock, channels=channels)
        node.compilation._all.remove(node.book)  # costly to compile, and only look-ups read it
        node.compilation.start()
        node.gate.start()
        return node

    def _api(self, node: Node) -> AsyncClient:
        transport = ASGITransport(node.app, raise_app_exceptions=False)
        return AsyncClient(transport=transport, base_url="http://oncall.test", headers={"Authorization": f"Bearer {ADMIN_KEY}"})

    async def stop(self) -> None:
        failpoints.arm("")
        for n in range(len(self.nodes)):
            await self._forget(n)
        self.nodes, self.apis = [], []

    async def replace(self, n: int) -> None:
        """It is gone as if killed: nothing is finished or given back. Another one starts in its place."""
        await self._forget(n)
        self.nodes[n] = self._made()
        self.apis[n] = self._api(self.nodes[n])

    async def _forget(self, n: int) -> None:
        node = self.nodes[n]
        tasks = [task for sender in self._senders(node) for task in sender._in_flight]
        tasks += [task for task in (*node.gate.tasks, node.compilation._task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.apis[n].aclose()

    async def _look(self, ids: Sequence[UUID]) -> Mapping[UUID, Row]:
        async with self.database.transaction(read_only=True) as tx:
            rows = await tx.execute(LOOK, {"ids": list(ids)})
        return {row.id: Row(row.incident_id, row.status, row.attempt, row.next_at) for row in rows}

    def _travelling(self) -> Mapping[UUID, int]:
        task = asyncio.current_task()
        bundles = [its for node in self.nodes for sender in self._senders(node) for one, its in sender._in_flight.items() if one is task]
        return {one.id: one.attempt for its in bundles for one in its}

    # --- what is asked of a node --------------------------------------------------------------------------------------------

    async def ask(self, n: int, method: str, path: str, body: Any = None, **headers: str) -> Response:
        return await self.apis[n].request(method, path, json=body, headers=headers)

    async def tick(self, n: int) -> None:
        """This node does what is due. What it has on the wire without an answer stays there."""
        for _ in range(PASSES):
            handled = 0
            for source in self._sources(self.nodes[n]):
                handled += (await source.run()).handled
                await self._rest(self.nodes[n])
            if not handled:
                return
        raise AssertionError("the engine never comes to rest")

    async def _rest(self, node: Node) -> None:
        while self._sending(node) > self.waiting(node):
            await asyncio.sleep(0.0005)

    def _sending(self, node: Node) -> int:
        return sum(len(sender._in_flight) for sender in self._senders(node))

    def _moving(self) -> int:
        """How many messages are on their way and do not wait for a provider's answer."""
        return sum(self._sending(node) - self.waiting(node) for node in self.nodes)

    async def rest(self) -> None:
        for node in self.nodes:
            await self._rest(node)

    def waiting(self, node: Node) -> int:
        return sum(wire.waiting for wire in node.channels.values() if isinstance(wire, Wire))

    def is_waiting(self) -> bool:
        """Whether anything is on the wire without an answer."""
        return any(self.waiting(node) for node in self.nodes)

    def _senders(self, node: Node) -> list[Sender]:
        return [source for source in node.sources if isinstance(source, Sender)]

    def _sources(self, node: Node) -> list[Any]:
        return [source for source in node.sources if isinstance(source, Sender) or source.name == DueIncidents.name]

    # --- what goes wrong ----------------------------------------------------------------------------------------------------

    async def crash(self, n: int, failpoint: str, doing: Callable[[], Awaitable[object]]) -> None:
        """Node n dies where it reaches this failpoint while it does that; if it does not reach it, soon after."""
        failpoints.arm(f"{failpoint}=raise")
        try:
            await doing()
        except failpoints.FailpointReached:
            pass
        finally:
            failpoints.arm("")
        await self.replace(n)

    async def hold(self, failpoint: str, doing: Callable[[], Awaitable[object]], meanwhile: Callable[[], Awaitable[object]]) -> bool:
        """Whoever does that stands still at this failpoint until what happens meanwhile is done, or waits for a lock: then true."""
        failpoints.arm(f"{failpoint}=hold")
        first = asyncio.create_task(self._awaited(doing))
        while not first.done() and not failpoints.is_held(failpoint):
            await asyncio.sleep(0.0005)
        # What else it has on the wire comes to its end first: only who stands still lets time go by.
        while failpoints.is_held(failpoint) and self._moving() > 1 and not await self._locked():
            await asyncio.sleep(0.0005)
        second = asyncio.create_task(self._awaited(meanwhile))
        waited = False
        try:
            while not second.done() and failpoints.is_held(failpoint) and not waited:
                await asyncio.wait([second], timeout=0.002)
                waited = not second.done() and await self._locked()
        finally:
            failpoints.arm("")
            await asyncio.gather(first, second)
        return waited

    async def _awaited(self, doing: Callable[[], Awaitable[object]]) -> object:
        return await doing()

    async def _locked(self) -> bool:
        async with self.database.transaction(read_only=True) as tx:
            return bool((await tx.execute(WAITING)).scalar_one())
