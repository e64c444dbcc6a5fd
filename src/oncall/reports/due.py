"""What time has reports do: a week is looked ahead for the gauges of coverage, so that no scrape has to; what is over is measured."""

from datetime import datetime, timedelta

from oncall.contacts.values import Urgency
from oncall.engine import Pass
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.log import get_log
from oncall.kit.metrics import COVERAGE_HOLES, COVERAGE_SERVICES, COVERAGE_UNCOVERED
from oncall.reports.commands.coverage import Prover
from oncall.reports.commands.measures import measure
from oncall.reports.values.coverage import Coverage, HoleKind

log = get_log("coverage")
AHEAD_DAYS = 7
SET_SIZE = 1_000


class CoverageWatch:
    """A source that is due every quarter of an hour, on every node that does due work."""

    name = "coverage"
    every = timedelta(minutes=15)

    def __init__(self, prover: Prover, *, database: Database, clock: Clock) -> None:
        self._prover, self._database, self._clock = prover, database, clock
        self._due: datetime | None = None

    async def run(self) -> Pass:
        async with self._database.transaction(Pool.ENGINE, read_only=True) as tx:
            now = await self._clock.now(tx)
        # A clock that jumped back must not keep the gauges as they were.
        if self._due is not None and self._due - self.every <= now < self._due:
            return Pass(0, now, self._due)
        show(await self._prover.prove(days=AHEAD_DAYS))
        self._due = now + self.every
        return Pass(0, now, self._due)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""


def show(coverage: Coverage) -> None:
    """What the gauges say from now on."""
    nobody = coverage.of(HoleKind.NOBODY)
    for urgency in Urgency:
        its = [hole for hole in nobody if hole.urgency is urgency]
        COVERAGE_HOLES.labels(urgency.value).set(len(its))
        COVERAGE_SERVICES.labels(urgency.value).set(len({hole.service_id for hole in its}))
        COVERAGE_UNCOVERED.labels(urgency.value).set(sum(hole.length.total_seconds() for hole in its))
    if nobody:
        first = nobody[0]
        log.warning("nobody would be reached", holes=len(nobody), first_service=first.service, first_at=first.start.isoformat())


class Measuring:
    """A source that measures incidents once they are over, so that no report has to read their timelines; late by a minute, no report is
    wrong for that."""

    name = "measures"
    every = timedelta(seconds=60)

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._due: datetime | None = None

    async def run(self) -> Pass:
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            if self._due is not None and self._due - self.every <= now < self._due:
                return Pass(0, now, self._due)
            measured = await measure(tx, limit=SET_SIZE)
        self._due = now if measured == SET_SIZE else now + self.every
        return Pass(measured, now, self._due)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""
