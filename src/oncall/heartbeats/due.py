"""What time alone makes due in heartbeats: silences that are too long, ends of pauses; and that this node says it listens."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.engine import Pass
from oncall.heartbeats.commands import expiring
from oncall.heartbeats.values import UNHEARD_AFTER, Heartbeat
from oncall.incidents.compiled import Judging
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.log import get_log
from oncall.kit.stopwatch import Stopwatch
from oncall.kit.trouble import again

log = get_log("heartbeats")

BACK_OFF = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))


class DueHeartbeats:
    """The rows behind `heartbeats.next_at`, as long as some node takes check-ins."""

    name = "heartbeats"

    def __init__(self, judging: Judging) -> None:
        self._judging = judging
        self._is_heard = False

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[Heartbeat]:
        # A row overdue is asked for as of a moment ago: that makes nobody deaf.
        self._is_heard = await expiring.somebody_listens(tx, now=due_by)
        return await expiring.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting) if self._is_heard else []

    async def run(self, tx: AsyncConnection, rows: Sequence[Heartbeat], *, now: datetime) -> None:
        await expiring.run_due(tx, rows, self._judging, now=now)

    async def postpone(self, tx: AsyncConnection, row: Heartbeat, error: Exception, *, now: datetime) -> None:
        """Look again after 5 s, 30 s, 2 min and then every 5 min; the row says why."""
        delay = BACK_OFF[min(row.failures, len(BACK_OFF) - 1)]
        await expiring.postpone(tx, row, until=now + delay, error=error)

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        return await expiring.next_due_at(tx) if self._is_heard else None


class Listening:
    """A node that takes check-ins says so every two seconds: a silence of monitors is told from a deafness of ours by that."""

    name = "listening"
    every = timedelta(seconds=2)

    def __init__(self, judging: Judging, *, database: Database, clock: Clock) -> None:
        self._judging, self._database, self._clock = judging, database, clock
        self._said: Stopwatch | None = None

    async def run(self) -> Pass:
        without_a_break = self._said is not None and self._said.seconds <= UNHEARD_AFTER.total_seconds()
        said = Stopwatch()
        now, unheard = await again(lambda: self._say(without_a_break=without_a_break))
        self._said = said
        if unheard is not None:
            log.warning("no check-in could be taken for a while; silences are counted anew", seconds=round(unheard.total_seconds()))
        return Pass(0, now, None)

    async def _say(self, *, without_a_break: bool) -> tuple[datetime, timedelta | None]:
        async with self._database.transaction(Pool.API) as tx:  # where check-ins come in: if that is closed, nobody listens
            now = await self._clock.now(tx)
            return now, await expiring.listen(tx, self._judging, without_a_break=without_a_break, now=now)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""
