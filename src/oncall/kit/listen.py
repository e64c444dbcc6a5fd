"""Hears NOTIFY on a connection of its own and passes topics on. Hints only: nothing is lost while it is down."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import asyncpg

from oncall.kit.db import NOTIFY_CHANNEL, Database
from oncall.kit.log import get_log
from oncall.kit.tasks import end

log = get_log("listen")
Hear = Callable[[str], None]


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
        delay = 0.1
        while True:
            try:
                connection = await self._database.connect("listen", statement_timeout_ms=5_000, command_timeout=5.0)
                try:
                    await connection.add_listener(NOTIFY_CHANNEL, self._received)
                    delay = 0.1
                    while not connection.is_closed():
                        # A peer that vanished without a word is noticed by a question it does not answer.
                        await connection.execute("SELECT 1")
                        await asyncio.sleep(5)
                finally:
                    connection.terminate()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("not listening for hints; ticks go on", error=type(error).__name__)
            await asyncio.sleep(random.uniform(0, delay))  # noqa: S311 — jitter, not a secret
            delay = min(delay * 2, 5.0)

    def _received(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self._hear(str(payload))
