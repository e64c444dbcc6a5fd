"""What a source of due work is, and how one pass over it goes: gather, decide, write as a set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool, again, in_halves
from oncall.kit.log import get_log

log = get_log("engine")
RowT = TypeVar("RowT")

SET_SIZE = 1_000
OVERDUE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at a source: how many rows it handled, the database's `now`, and the next instant at which something is due."""

    handled: int
    now: datetime
    next_at: datetime | None

    @property
    def lag(self) -> timedelta:
        """Age of the oldest row that is still due; zero if none is."""
        return max(self.now - self.next_at, timedelta(0)) if self.next_at else timedelta(0)


class DueSource(Protocol):
    """Rows that time alone makes interesting."""

    name: str
    every: timedelta

    async def run(self) -> Pass:
        """Handle what is due now, at most one set of it."""
        ...

    async def drain(self, *, timeout: float) -> None:
        """Finish or give back what is in flight; called once, at the end."""
        ...


class DueRows(Protocol[RowT]):
    """What a room says about its due rows; every method works inside the engine's transaction."""

    name: str

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[RowT]:
        """Lock up to `limit` rows due by then: skipping those that others hold, or waiting for them."""
        ...

    async def run(self, tx: AsyncConnection, rows: Sequence[RowT], *, now: datetime) -> None:
        """Decide each row and write all decisions."""
        ...

    async def postpone(self, tx: AsyncConnection, row: RowT, error: Exception, *, now: datetime) -> None:
        """This row cannot be handled: look again later (with back-off), and say why in the row."""
        ...

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        """The earliest instant at which a row is due, past ones included."""
        ...


class SetSource(Generic[RowT]):
    """A source whose work needs no I/O but the database: claimed, decided and written in one transaction."""

    def __init__(self, rows: DueRows[RowT], *, database: Database, clock: Clock, every: timedelta) -> None:
        self.name = rows.name
        self.every = every
        self._rows, self._database, self._clock = rows, database, clock

    async def run(self) -> Pass:
        done = await again(lambda: self._pass(waiting=False))
        if done.handled == 0 and done.lag >= OVERDUE:
            # Somebody has held this row for too long to be skipped once more: wait for the lock, or a storm starves it. In a
            # transaction of its own: a wait that ends in vain takes nobody's work with it.
            return await again(lambda: self._pass(waiting=True))
        return done

    async def _pass(self, *, waiting: bool) -> Pass:
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            handled = await self._claim_and_run(tx, now=now, due_by=now - OVERDUE if waiting else now, waiting=waiting)
            next_at = await self._rows.next_at(tx)
            await failpoints.reach("engine.pre_commit")
        return Pass(handled, now, next_at)

    async def _claim_and_run(self, tx: AsyncConnection, *, now: datetime, due_by: datetime, waiting: bool) -> int:
        claimed = await self._rows.claim(tx, due_by=due_by, limit=SET_SIZE, waiting=waiting)
        await failpoints.reach("engine.post_claim")

        async def decide(rows: Sequence[RowT]) -> None:
            await self._rows.run(tx, rows, now=now)

        async def poisoned(row: RowT, error: Exception) -> None:
            log.error("due row postponed", source=self.name, exc_info=error)
            await self._rows.postpone(tx, row, error, now=now)

        await in_halves(tx, claimed, decide, poisoned)
        return len(claimed)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""


class Engine:
    """All sources of this node, run by hand: what tests and one-shot commands use; the ticker runs them by time."""

    def __init__(self, sources: Sequence[DueSource]) -> None:
        self.sources = sources

    async def run_due(self, *, passes: int = 1_000) -> int:
        """Run every source until none has anything due; returns how many rows were handled."""
        total = 0
        for _ in range(passes):
            handled = sum([(await source.run()).handled for source in self.sources])
            if handled == 0:
                return total
            total += handled
        raise RuntimeError(f"work is still due after {passes} passes: a source makes its own rows due again at once")
