"""What time alone makes due: escalations, acknowledgement time-outs, retries and closures of incidents, marks of what is promised of them,
and the end of raw bodies.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.engine import Pass
from oncall.incidents.commands import escalate, managing
from oncall.incidents.commands.auto_closing import close_silent
from oncall.incidents.commands.auto_resolve import resolve_silent
from oncall.incidents.commands.keeping import keep_bodies
from oncall.incidents.compiled import Judging
from oncall.incidents.values import Incident
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import IncidentId
from oncall.kit.log import get_log
from oncall.kit.metrics import BODIES
from oncall.kit.trouble import Trouble, again, sqlstate, trouble

log = get_log("incidents")

BACK_OFF = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))
FIRST = IncidentId(UUID(int=0))
LOOK_EVERY, LOOK_AGAIN = timedelta(hours=1), timedelta(minutes=1)
"""How often partitions of raw bodies are looked after, and how soon again when somebody held a lock."""


class DueIncidents:
    """The rows behind `incidents.next_at`."""

    name = "incidents"

    def __init__(self, judging: Judging) -> None:
        self._judging = judging

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[Incident]:
        return await escalate.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)

    async def run(self, tx: AsyncConnection, rows: Sequence[Incident], *, now: datetime) -> None:
        await escalate.run_due(tx, rows, self._judging, now=now)

    async def postpone(self, tx: AsyncConnection, row: Incident, error: Exception, *, now: datetime) -> None:
        """Look again after 5 s, 30 s, 2 min and then every 5 min; the row says why."""
        delay = BACK_OFF[min(row.failures, len(BACK_OFF) - 1)]
        await escalate.postpone(tx, row, now=now, delay=delay, error=error)

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        return await escalate.next_due_at(tx)


class DueMarks:
    """The rows behind `incident_records.next_at`, as far as something is promised: a late one delays no page."""

    name = "slas"

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[managing.Due]:
        return await managing.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)

    async def run(self, tx: AsyncConnection, rows: Sequence[managing.Due], *, now: datetime) -> None:
        await managing.run_due(tx, rows, now=now)

    async def postpone(self, tx: AsyncConnection, row: managing.Due, error: Exception, *, now: datetime) -> None:
        """Look again after 5 s, 30 s, 2 min and then every 5 min; the record says why."""
        delay = BACK_OFF[min(row.promises.failures, len(BACK_OFF) - 1)]
        await managing.postpone(tx, row, error, until=now + delay)

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        return await managing.next_due_at(tx)


class SilentReporters:
    """Incidents that their service closes by itself once nobody has objected for so many working days, every minute."""

    name = "auto_close"
    every = timedelta(minutes=1)

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._after = FIRST

    async def run(self) -> Pass:
        now, done = await again(self._close)
        return Pass(done, now, None)

    async def _close(self) -> tuple[datetime, int]:
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            done, last = await close_silent(tx, after=self._after, now=now)
        self._after = last or FIRST
        return now, done

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""


class SilentAlerts:
    """Open alerts whose integration says that they are over some time after their last word, every few seconds."""

    name = "auto_resolve"
    every = timedelta(seconds=10)

    def __init__(self, judging: Judging, *, database: Database, clock: Clock) -> None:
        self._judging, self._database, self._clock = judging, database, clock

    async def run(self) -> Pass:
        now, resolved = await again(self._resolve)
        return Pass(resolved, now, None)

    async def _resolve(self) -> tuple[datetime, int]:
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            return now, await resolve_silent(tx, self._judging, now=now)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""


class KeptBodies:
    """Raw bodies, hourly: partitions are made ahead and dropped by age. If that fails, DEFAULT takes what comes, and nobody is held up."""

    name = "bodies"
    every = timedelta(minutes=1)

    def __init__(self, *, keep: timedelta, database: Database, clock: Clock) -> None:
        self._keep, self._database, self._clock = keep, database, clock
        self._next_at: datetime | None = None

    async def run(self) -> Pass:
        """One step, if it is time; after the last one, and after a failure, the time of the next is set."""
        async with self._database.transaction(Pool.ENGINE, read_only=True) as tx:
            now = await self._clock.now(tx)
        # A clock that jumped back more than a period must not silence us.
        if self._next_at is not None and self._next_at - LOOK_EVERY <= now < self._next_at:
            return Pass(0, now, self._next_at)
        try:
            async with self._database.transaction(Pool.ENGINE) as tx:
                steps = await keep_bodies(tx, keep=self._keep, now=now)
        except Exception as error:  # whatever it was: bodies are taken and pages go out all the same
            BODIES.labels("failed").inc()
            locked = trouble(error) is Trouble.CONFLICT
            log.warning("raw bodies were not looked after; tried again", exc_info=None if locked else error, sqlstate=sqlstate(error))
            self._next_at = now + (LOOK_AGAIN if locked else LOOK_EVERY)
            return Pass(0, now, self._next_at)
        for step in steps:
            BODIES.labels(step.did).inc()
            log.info("raw bodies looked after", step=step.did, partition=step.partition, bodies=step.bodies)
        done = sum(step.did != "left" for step in steps)
        self._next_at = None if done else now + LOOK_EVERY
        return Pass(done, now, self._next_at)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""
