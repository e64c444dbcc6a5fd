"""How late this process's event loop is: a loop that something blocks sends no page and answers no request."""

import asyncio

from oncall.kit.log import get_log
from oncall.kit.metrics import LOOP_LAG
from oncall.kit.tasks import end

log = get_log("engine")

EVERY = 0.25
LATE = 2.0
REMEMBERED = 5.0


class Pulse:
    """One task that wakes four times a second and notices when it could not."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._felt_at = self._late_at = float("-inf")

    def start(self) -> None:
        self._felt_at = asyncio.get_running_loop().time()
        self._task = asyncio.create_task(self._feel(), name="pulse")

    async def stop(self) -> None:
        await end(self._task)
        self._task = None

    def was_late(self) -> bool:
        """Whether the loop stood still for 2 seconds within the last 5, even if it has only just come round to this question."""
        now = asyncio.get_running_loop().time()
        return self._task is not None and (now - self._felt_at > EVERY + LATE or now - self._late_at < REMEMBERED)

    async def _feel(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(EVERY)
            now = loop.time()
            lag = max(now - self._felt_at - EVERY, 0.0)
            self._felt_at = now
            LOOP_LAG.set(lag)
            if lag > LATE:
                self._late_at = now
                log.error("the event loop was blocked", seconds=round(lag, 1))
