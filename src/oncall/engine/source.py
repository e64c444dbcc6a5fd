"""What a source of due work is, and how one pass over it goes: gather, decide, write as a set."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool, in_halves, wait_for_locks
from oncall.kit.log import get_log
from oncall.kit.trouble import STATEMENT_TIMED_OUT, ConcurrentChange, Trouble, again, sqlstate, trouble

log = get_log("engine")
RowT = TypeVar("RowT")

SET_SIZE = 1_000
SHRINK = 10
TRIES = 2
OVERDUE = timedelta(seconds=2)
PATIENCE = timedelta(seconds=1)
"""How long a pass waits for any lock: less than an acknowledgement waits for the rows that the pass itself holds."""
SHORT_PATIENCE = timedelta(milliseconds=100)
"""How long one waits that is done again with care: whoever keeps a row locked holds up all paging meanwhile."""


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


Decide = Callable[[AsyncConnection, Sequence[RowT], datetime], Awaitable[int]]
NextAt = Callable[[AsyncConnection], Awaitable[datetime | None]]


async def look(database: Database, clock: Clock, next_at: NextAt) -> Pass | None:
    """None if something is due; else the pass that has nothing to do, which most are: without a transaction, and with no lock taken."""
    async with database.look(Pool.ENGINE) as tx:
        now = await clock.now(tx)
        at = await next_at(tx)
    return None if at is not None and at <= now else Pass(0, now, at)


def was_lately(at: datetime | None, within: timedelta, *, now: datetime) -> bool:
    """For what a node does from time to time. After a clock that jumped back nothing was done lately: it must not silence anything."""
    return at is not None and timedelta(0) <= now - at < within


class SetSource(Generic[RowT]):
    """A source whose work needs no I/O but the database: claimed, decided and written in one transaction."""

    def __init__(
        self, rows: DueRows[RowT], *, database: Database, clock: Clock, every: timedelta, looks: bool = True, relies: bool = False
    ) -> None:
        """Unless it `looks` first at what is next, a pass always claims: for rows whose claim looks after more than what is due. One that
        `relies` on what seldom changes (`kit/relying.py`) must not change any of it.
        """
        self.name = rows.name
        self.every = every
        self._rows, self._database, self._clock, self._looks, self._relies = rows, database, clock, looks, relies
        self._size = SET_SIZE
        self._next_at: datetime | None = None

    async def run(self) -> Pass:
        """One set of what is due. Rows that others hold are skipped, until they are overdue."""
        is_due = self._next_at is not None and self._next_at <= self._clock.about()  # as the last pass said it would be
        done = None if is_due or not self._looks else await look(self._database, self._clock, self._rows.next_at)
        done = done or await self._claimed()
        self._next_at = done.next_at
        return done

    async def _claimed(self) -> Pass:
        size = self._size
        try:
            quick = await self._at_once(size) if self._relies else None
            done = quick if quick is not None else await again(lambda: self._pass(size), tries=TRIES)
        except (DBAPIError, ConcurrentChange) as error:
            if trouble(error) is not Trouble.CONFLICT and sqlstate(error) != STATEMENT_TIMED_OUT:
                raise
            return await self._with_less(error)
        self._size = min(size * SHRINK, SET_SIZE)
        if done.lag < OVERDUE or done.handled >= size:
            return done
        return await self._wait_for_overdue(done)

    async def _at_once(self, size: int) -> Pass | None:
        """As nearly every pass goes: by what is remembered, and with nothing to go back to. None if it fails: then it is done with care."""
        try:
            async with self._database.relying(Pool.ENGINE, at_most=SHORT_PATIENCE) as tx:
                return await self._run(tx, size, self._decide_all)
        except Exception as error:
            if trouble(error) is Trouble.UNREACHABLE:
                raise
            known = trouble(error) is Trouble.CONFLICT
            log.info("set once more, with care", source=self.name, error=type(error).__name__, exc_info=None if known else error)
            return None

    async def _pass(self, size: int, *, waiting: bool = False) -> Pass:
        async with self._database.transaction(Pool.ENGINE) as tx:
            await wait_for_locks(tx, at_most=PATIENCE)
            return await self._run(tx, size, self._decide, waiting=waiting)

    async def _run(self, tx: AsyncConnection, size: int, decide: Decide[RowT], *, waiting: bool = False) -> Pass:
        now = await self._clock.now(tx)
        claimed = await self._rows.claim(tx, due_by=now - OVERDUE if waiting else now, limit=size, waiting=waiting)
        await failpoints.reach("engine.post_claim")
        handled = await decide(tx, claimed, now)
        next_at = await self._rows.next_at(tx)
        await failpoints.reach("engine.pre_commit")
        return Pass(handled, now, next_at)

    async def _decide_all(self, tx: AsyncConnection, claimed: Sequence[RowT], now: datetime) -> int:
        if claimed:
            await self._rows.run(tx, claimed, now=now)
        return len(claimed)

    async def _decide(self, tx: AsyncConnection, claimed: Sequence[RowT], now: datetime) -> int:
        """Decide all as a set; whoever spoils it is postponed alone. Returns how many are dealt with."""
        stuck: list[RowT] = []

        async def decide(rows: Sequence[RowT]) -> None:
            await self._rows.run(tx, rows, now=now)

        async def poisoned(row: RowT, error: Exception) -> None:
            log.error("due row postponed", source=self.name, exc_info=error)

            async def postpone(_: Sequence[RowT]) -> None:
                await self._rows.postpone(tx, row, error, now=now)

            async def leave(row: RowT, worse: Exception) -> None:
                log.error("not even postponed; the row stays due", source=self.name, exc_info=worse)
                stuck.append(row)

            await in_halves(tx, [row], postpone, leave)

        await in_halves(tx, claimed, decide, poisoned)
        return len(claimed) - len(stuck)

    async def _wait_for_overdue(self, done: Pass) -> Pass:
        """What is still due is locked, and has been for too long to be skipped once more: stand in line for it, or a storm starves it.

        In a transaction of its own: a wait that ends in vain takes nobody's work with it.
        """
        try:
            waited = await self._pass(SET_SIZE, waiting=True)
        except (DBAPIError, ConcurrentChange) as error:
            if trouble(error) is not Trouble.CONFLICT:
                raise
            log.warning("overdue rows are locked by somebody else", source=self.name, lag=done.lag.total_seconds())
            return done
        return Pass(done.handled + waited.handled, waited.now, waited.next_at)

    async def _with_less(self, error: Exception) -> Pass:
        """A set that met the same lock again, or took too long, is tried in smaller ones, so that it is not the end of all paging.

        Down to the one row that meets it by itself, which is postponed.
        """
        log.warning("set failed as a whole", source=self.name, size=self._size, error=type(error).__name__, sqlstate=sqlstate(error))
        if self._size > 1:
            self._size //= SHRINK
            return await self._claimed()
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            rows = await self._rows.claim(tx, due_by=now, limit=1, waiting=False)
            for row in rows:
                await self._rows.postpone(tx, row, error, now=now)
            next_at = await self._rows.next_at(tx)
        return Pass(len(rows), now, next_at)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""


class Engine:
    """All sources of this node, run by hand: what tests and one-shot commands use; the ticker runs them by time."""

    def __init__(self, sources: Sequence[DueSource]) -> None:
        self.sources = sources
        self.next_at: datetime | None = None
        """When something will be due, as the last pass knew it; None if nothing is planned."""

    async def run_due(self, *, passes: int = 1_000) -> int:
        """Run every source until none has anything due; returns how many rows were handled."""
        total = 0
        for _ in range(passes):
            done = [await source.run() for source in self.sources]
            handled = sum(one.handled for one in done)
            if handled == 0:
                self.next_at = min((one.next_at for one in done if one.next_at is not None), default=None)
                return total
            total += handled
        raise RuntimeError(f"work is still due after {passes} passes: a source makes its own rows due again at once")
