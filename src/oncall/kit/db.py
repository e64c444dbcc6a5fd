"""PostgreSQL: pools and transactions. Nothing else commits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, MetaData, event, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from structlog.stdlib import BoundLogger

from oncall.kit.clock import BEGUN
from oncall.kit.relying import Memory, Relied
from oncall.kit.straight import Connection, Straight, StraightEngine
from oncall.kit.trouble import ConcurrentChange, Trouble, Unreachable, trouble

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

CONNECT_TIMEOUT = 5.0
NOTIFY_CHANNEL = "oncall"


class Pool(StrEnum):
    """Reserved capacity: a storm on one pool cannot take a connection from another."""

    API = "api"
    ACKS = "acks"
    ENGINE = "engine"
    INTAKE = "intake"


# Connections each process may hold, statement_timeout in ms, and the client's own limit in seconds (asyncpg waits for ever otherwise).
SIZES: dict[Pool, tuple[int, int, float]] = {
    Pool.API: (6, 5_000, 8.0),
    Pool.ACKS: (3, 3_000, 5.0),
    Pool.ENGINE: (6, 10_000, 15.0),
    Pool.INTAKE: (3, 5_000, 8.0),
}
BY_KEYS = {"enable_seqscan": "off", "random_page_cost": "1.1"}
"""For statements that look up keys by their index: a plan that is made while a table is small, and kept, must be one for when it is large;
and what they look up is mostly in memory.
"""
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
"""For those that go one way for any values: to plan them anew each time costs more than they do."""
SETTINGS: dict[Pool, dict[str, str]] = {Pool.API: {}, Pool.ACKS: BY_KEYS, Pool.ENGINE: BY_KEYS, Pool.INTAKE: BY_KEYS | PLANNED_ONCE}

LISTENERS = 1
CONNECTIONS_PER_PROCESS = sum(size for size, _, _ in SIZES.values()) + LISTENERS


def id_column(name: str = "id") -> Column[Any]:
    return Column(name, PG_UUID(as_uuid=True), primary_key=True)


def instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def version_column() -> Column[int]:
    """Raised by edits only; the ETag of an editable resource."""
    return Column("version", Integer, nullable=False, server_default="1")


def seq_column() -> Column[int]:
    """Append order, for records that are only ever added to."""
    return Column("seq", BigInteger, Identity(always=True), nullable=False)


def plain_dsn(url: str) -> str:
    """The URL as asyncpg reads it (libpq's parameters, several hosts and target_session_attrs included)."""
    scheme, rest = url.split("://", 1)
    parts = urlsplit(f"{'postgresql' if scheme.startswith('postgres') else scheme}://{rest}")
    query = dict(parse_qsl(parts.query))
    query.setdefault("target_session_attrs", "read-write")
    return urlunsplit(parts._replace(query=urlencode(query)))


class Database:
    """All connections of one process. Open it once; `close()` gives everything back."""

    def __init__(self, url: str, *, sizes: dict[Pool, tuple[int, int, float]] | None = None) -> None:
        self.dsn = plain_dsn(url)
        self._kept: dict[Pool, Straight] = {}
        self._memory = Memory()
        self._engines: dict[Pool, StraightEngine] = {pool: self._engine(pool, *(sizes or SIZES)[pool]) for pool in Pool}

    async def connect(
        self,
        name: str,
        *,
        statement_timeout_ms: int = 5_000,
        command_timeout: float | None = 8.0,
        lock_timeout_ms: int = 3_000,
        settings: Mapping[str, str] | None = None,
    ) -> asyncpg.Connection:
        """A connection of its own with every time-out set; used by the pools, LISTEN and migrations. Raises Unreachable."""
        self._memory.forget()
        try:
            return await asyncpg.connect(
                self.dsn,
                timeout=CONNECT_TIMEOUT,
                connection_class=Connection,
                command_timeout=command_timeout,
                server_settings={
                    "application_name": f"oncall {name}",
                    "timezone": "UTC",
                    # Our statements are small; compiling one, or asyncpg's look-up of types, costs more than running it (50 ms and more).
                    "jit": "off",
                    "statement_timeout": str(statement_timeout_ms),
                    "lock_timeout": str(lock_timeout_ms),
                    "idle_in_transaction_session_timeout": "10000",
                    **(settings or {}),
                },
            )
        except TimeoutError as error:
            raise Unreachable(f"no answer within {CONNECT_TIMEOUT:g} s") from error
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            # SQLAlchemy passes on what happens here as it is, so that each of these would be a stranger to all who catch errors.
            raise Unreachable(str(error) or type(error).__name__) from error

    def _engine(self, pool: Pool, size: int, statement_timeout_ms: int, command_timeout: float) -> StraightEngine:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: self.connect(
                pool,
                statement_timeout_ms=statement_timeout_ms,
                command_timeout=command_timeout,
                # Whoever keeps a row locked would hold up the events of everybody else.
                lock_timeout_ms=1_000 if pool is Pool.INTAKE else 3_000,
                settings=SETTINGS[pool],
            ),
            hide_parameters=True,  # an error's text goes to the log, what monitors say does not
            pool_size=size,
            max_overflow=0,
            pool_timeout=3.0,
            # The hot path holds its connection from batch to batch; a reset at each release would double its round trips.
            pool_reset_on_return=None if pool is Pool.INTAKE else "rollback",
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        return StraightEngine(engine.sync_engine)

    @asynccontextmanager
    async def transaction(self, pool: Pool = Pool.API, *, read_only: bool = False) -> AsyncIterator[AsyncConnection]:
        """BEGIN, and COMMIT at the end of the block (ROLLBACK if it raised). The commit has happened when the block is left."""
        async with self._engines[pool].connect() as tx:
            if read_only:
                await tx.execution_options(postgresql_readonly=True)  # said with BEGIN
            async with tx.begin():
                yield tx

    @asynccontextmanager
    async def relying(self, pool: Pool, *, at_most: timedelta = timedelta(seconds=1)) -> AsyncIterator[AsyncConnection]:
        """A transaction that takes what seldom changes as it is remembered, if that is so at its beginning; ConcurrentChange is raised, and
        nothing committed, if it is not so at its end. It must not change any of it itself. For a lock it waits `at_most` so long.
        """
        async with self.transaction(pool) as tx:
            assert isinstance(tx, Straight)  # noqa: S101 — all of ours are
            begun = (await tx.execute(BEGUN, {"milliseconds": _milliseconds(at_most)})).all()
            relied = tx.relied = Relied(self._memory, begun[0].at, {row.topic: row.revision for row in begun if row.topic})
            yield tx
            if not relied.is_confirmed:
                await _confirm(tx, relied)
        relied.remember()

    @asynccontextmanager
    async def by_themselves(self, pool: Pool) -> AsyncIterator[AsyncConnection]:
        """Each statement of the block is a transaction of its own, committed when it has been executed. For those that are all or nothing
        by themselves: three round trips fewer. The connection is kept for the next block. For a lock they wait no longer than a tenth of a
        second, since so long all who come after them wait too.
        """
        tx = self._kept.pop(pool, None)
        if tx is None or not tx.is_alive():
            if tx is not None:
                await tx.close()
            tx = await self._by_itself(pool)
        try:
            yield tx
        finally:
            if pool in self._kept:
                await tx.invalidate()  # nobody else shall have its time-outs
                await tx.close()
            else:
                self._kept[pool] = tx

    async def _by_itself(self, pool: Pool) -> Straight:
        tx = self._engines[pool].connect()
        tx.is_by_itself = True
        await tx.start()
        try:
            await tx.execute(LOCKS_BY_THEMSELVES)
        except BaseException:
            await tx.close()
            raise
        return tx

    @asynccontextmanager
    async def look(self, pool: Pool) -> AsyncIterator[AsyncConnection]:
        """For a look whether there is anything to do: each statement of the block by itself, and none of them writes."""
        tx = self._engines[pool].connect()
        tx.is_by_itself = True
        async with tx:
            yield tx

    def in_use(self) -> dict[str, int]:
        """Connections checked out now, by pool."""
        return {pool.value: engine.pool.checkedout() for pool, engine in self._engines.items()}  # type: ignore[attr-defined]

    async def close(self) -> None:
        for tx in self._kept.values():
            await tx.close()
        await asyncio.gather(*(engine.dispose() for engine in self._engines.values()))


def _refuse_closed(connection: Any, *_: object) -> None:
    """Whoever takes a connection that its server has closed meanwhile gets another instead: costs no round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


@asynccontextmanager
async def savepoint(tx: AsyncConnection) -> AsyncIterator[None]:
    """What fails inside is undone, and only that. As SQLAlchemy's `begin_nested`, without its cost."""
    await tx.execute(SAVEPOINT)
    try:
        yield
    except Exception as error:
        if trouble(error) is not Trouble.UNREACHABLE:
            await tx.execute(ROLLBACK_TO)
            await tx.execute(RELEASE)  # or whoever is around us would go back only to here
        raise
    await tx.execute(RELEASE)


@asynccontextmanager
async def beside(tx: AsyncConnection, log: BoundLogger, said: str, **about: object) -> AsyncIterator[None]:
    """What hangs on something that happened and must never undo it: if it fails, only it is undone, and `said` is logged.

    A conflict or a lost connection is of the whole transaction, which is done again.
    """
    try:
        async with savepoint(tx):
            yield
    except Exception as error:
        if trouble(error) in {Trouble.CONFLICT, Trouble.UNREACHABLE}:
            raise
        log.exception(said, **about)


async def in_halves(
    tx: AsyncConnection,
    rows: Sequence[T],
    run: Callable[[Sequence[T]], Awaitable[None]],
    poisoned: Callable[[T, Exception], Awaitable[None]],
) -> None:
    """Handle a set in a savepoint; if that fails, each half by itself, down to the single row, which `poisoned` gets.

    A conflict or a lost connection is nobody's fault and ends the transaction instead.
    """
    if not rows:
        return
    try:
        async with savepoint(tx):
            await run(rows)
    except Exception as error:
        if trouble(error) in {Trouble.CONFLICT, Trouble.UNREACHABLE}:
            raise
        if len(rows) == 1:
            await poisoned(rows[0], error)
            return
        middle = len(rows) // 2
        await in_halves(tx, rows[:middle], run, poisoned)
        await in_halves(tx, rows[middle:], run, poisoned)


async def wait_for_locks(tx: AsyncConnection, *, at_most: timedelta) -> None:
    """Until the end of this transaction, give up waiting for a lock (with a conflict) after that time instead of the pool's."""
    await tx.execute(LOCK_TIMEOUT, {"milliseconds": _milliseconds(at_most)})


def _milliseconds(time: timedelta) -> str:
    return str(round(time.total_seconds() * 1000))


async def one_at_a_time(tx: AsyncConnection, what: str) -> None:
    """Wait until no other transaction does the same thing; ends with this one."""
    await tx.execute(ADVISORY_LOCK, {"what": what})


async def nobody_does(tx: AsyncConnection, what: str) -> bool:
    """Whether no other transaction does this thing `one_at_a_time`; then none begins until the end of this one. Waits for nobody."""
    return bool((await tx.execute(SHARED_LOCK, {"what": what})).scalar_one())


async def _confirm(tx: AsyncConnection, relied: Relied) -> None:
    on = relied.on
    if not (await tx.execute(STILL_SO, {"topics": list(on), "revisions": list(on.values())})).scalar_one():
        raise ConcurrentChange("what it relied on was changed meanwhile")
    relied.confirm(on)


STILL_SO = text("""
    SELECT NOT EXISTS (
        SELECT FROM unnest(CAST(:topics AS text[]), CAST(:revisions AS bigint[])) AS o (topic, revision)
        WHERE o.revision <> coalesce((SELECT r.revision FROM revisions r WHERE r.topic = o.topic), 0))
""")
SAVEPOINT, RELEASE, ROLLBACK_TO = text("SAVEPOINT half"), text("RELEASE SAVEPOINT half"), text("ROLLBACK TO SAVEPOINT half")
LOCKS_BY_THEMSELVES = text("SELECT set_config('lock_timeout', '100', false)")
LOCK_TIMEOUT = text("SELECT set_config('lock_timeout', :milliseconds, true)")
ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('oncall ' || :what, 0))")
SHARED_LOCK = text("SELECT pg_try_advisory_xact_lock_shared(hashtextextended('oncall ' || :what, 0))")
NOTIFY = text("SELECT pg_notify(:channel, :topic)")


async def notify(tx: AsyncConnection, topic: str) -> None:
    """Tell every node, once this transaction has committed, that `topic` has news. A hint: nothing depends on it."""
    await tx.execute(NOTIFY, {"channel": NOTIFY_CHANNEL, "topic": topic})
