"""Hears NOTIFY on a connection of its own and passes topics on. Hints only: nothing is lost while it is down."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import asyncpg

from oncall.kit.db import NOTIFY_CHANNEL, Database
from oncall.kit.log import get_log
from oncall.kit.tasks import end, woken

log = get_log("listen")
Hear = Callable[[str], None]

ASK_EVERY = 5.0
LONGEST_PAUSE = 5.0


class Listener:
    """One task that listens, and connects again with full jitter when the connection is lost."""

    def __init__(self, database: Database, hear: Hear) -> None:
        self._database, self._hear = database, hear
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._listen(), name="listen")

    async def stop(self) -> None:
        await end(self._task)

    async def _listen(self) -> None:
        pause = 0.1
        while True:
            try:
                connection = await self._database.connect("listen", statement_timeout_ms=5_000, command_timeout=5.0)
                pause = 0.1
                try:
                    await self._hear_from(connection)
                finally:
                    connection.terminate()
                log.warning("connection for hints lost; ticks go on")
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                log.warning("not listening for hints; ticks go on", error=type(error).__name__)
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 — jitter, not a secret
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _hear_from(self, connection: asyncpg.Connection) -> None:
        """Until the connection ends."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(NOTIFY_CHANNEL, self._received)
        while not await woken(lost, within=ASK_EVERY):
            # A peer that vanished without a word is noticed by a question it does not answer.
            await connection.execute("SELECT 1")

    def _received(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self._hear(str(payload))
