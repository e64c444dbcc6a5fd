"""What a node keeps in memory for speed: never older than a second, and paging depends on none of it; or exact, and paging may."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Column, String, Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import Database, Pool, metadata, nobody_does, notify, one_at_a_time
from oncall.kit.errors import Unavailable
from oncall.kit.log import get_log
from oncall.kit.relying import relied_of
from oncall.kit.tasks import end, woken
from oncall.kit.trouble import Trouble, Unreachable, trouble

log = get_log("compiled")
T = TypeVar("T")

revisions = Table(
    "revisions",
    metadata,
    Column("topic", String, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

BUMP = text(
    "INSERT INTO revisions (topic, revision) VALUES (:topic, 1) ON CONFLICT (topic) DO UPDATE SET revision = revisions.revision + 1"
)
READ = text("SELECT topic, revision FROM revisions")
READ_ONE = text("SELECT revision FROM revisions WHERE topic = :topic")

CONFIGURATION = "configuration"
"""The topic of everything that is edited and compiled: whoever writes it, a person or a calendar, raises its revision."""

CHECK_EVERY = 1.0
TOO_OLD = 3.0
MAX_AGE = 86_400.0
"""Schedules are compiled for a span around now, which moves on: whatever is compiled is made anew once a day."""


async def changed(tx: AsyncConnection, topic: str) -> None:
    """Say, in the transaction that changes it, that what is compiled under `topic` is out of date. Waits for those that decide by it."""
    await one_at_a_time(tx, f"change {topic}")
    await tx.execute(BUMP, {"topic": topic})
    await notify(tx, topic)


class Compiled(Generic[T]):
    """One structure made from the database, loaded anew when its topic's revision moves."""

    def __init__(self, topic: str, load: Callable[[AsyncConnection], Awaitable[T]]) -> None:
        self.topic, self.load = topic, load
        self.value: T | None = None
        self.revision = -1
        self.loaded_at = self.checked_at = float("-inf")


class Exact(Generic[T]):
    """A structure that decides who is woken: as it is in the very transaction that asks, and made anew only when its revision moved, and
    once a day (`MAX_AGE`, by `about`).

    Not to be asked in a transaction that has changed it, whose changes may never be committed.
    """

    def __init__(self, topic: str, load: Callable[[AsyncConnection], Awaitable[T]], about: Callable[[], datetime]) -> None:
        self.topic, self._load, self._about = topic, load, about
        self._made: tuple[int, T] | None = None
        self._made_at: datetime | None = None

    async def of(self, tx: AsyncConnection) -> T:
        relied = relied_of(tx)
        revision = relied.revision(self.topic) if relied else await self._revision(tx)
        about = self._about()
        made = self._made
        if made is None or made[0] != revision or self._is_old(about):
            # What changes in between is in it already, and makes it anew once more.
            made = (revision, await self._load(tx))
            self._made, self._made_at = made, about
        return made[1]

    async def at_hand(self, tx: AsyncConnection) -> tuple[int, T]:
        """As it was when somebody asked last, and its revision: for a statement that undoes itself if there is another by now."""
        if self._made is None or self._is_old(self._about()):
            await self.of(tx)
        assert self._made is not None  # noqa: S101 — by the line above
        return self._made

    async def stays(self, tx: AsyncConnection, value: T) -> bool:
        """Whether this value is still what it was, and stays so until this transaction has ended: whoever changes it then sees what was
        decided by it. Waits for nobody, and asks for no age: what has just been decided by is not wrong for having grown old since.
        """
        if not await nobody_does(tx, f"change {self.topic}"):
            return False
        return self._made is not None and self._made[1] is value and self._made[0] == await self._revision(tx)

    async def _revision(self, tx: AsyncConnection) -> int:
        return (await tx.execute(READ_ONE, {"topic": self.topic})).scalar_one_or_none() or 0

    def _is_old(self, about: datetime) -> bool:
        """Also if clocks were put back to before it was made."""
        return self._made_at is None or not 0 <= (about - self._made_at).total_seconds() <= MAX_AGE


class Compilation:
    """All compiled structures of a node and the task that keeps them fresh."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all: list[Compiled[Any]] = []
        self._asked_at = self._expired_at = float("-inf")
        self._failure: Exception | None = None
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def add(self, topic: str, load: Callable[[AsyncConnection], Awaitable[T]]) -> Compiled[T]:
        compiled = Compiled(topic, load)
        self._all.append(compiled)
        return compiled

    def hear(self, topic: str) -> None:
        """A NOTIFY arrived: check at once if it is about one of ours."""
        if any(compiled.topic == topic for compiled in self._all):
            self._wake.set()

    def expire(self) -> None:
        """This node itself has just changed something: whoever asks next is answered from a fresh check."""
        self._expired_at = time.monotonic()

    def current(self, compiled: Compiled[T]) -> T | None:
        """The structure if it was checked lately, else None: then `await fresh(...)`."""
        # A check that was under way when something changed may have read what was before.
        return compiled.value if compiled.checked_at >= max(time.monotonic() - TOO_OLD, self._expired_at) else None

    async def fresh(self, compiled: Compiled[T]) -> T:
        """The structure, checked against the database if it may be old; raises Unavailable if that cannot be done."""
        value = self.current(compiled)
        return await self.checked_now(compiled) if value is None else value

    async def checked_now(self, compiled: Compiled[T]) -> T:
        """The structure, checked after this call began: for what was not found in it, and may have been made a moment ago elsewhere.

        Those who wait together share one check, so that a flood of wrong keys costs one small read at a time.
        """
        called_at = time.monotonic()
        try:
            await self.refresh()
        except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
            raise Unavailable("The database cannot be reached, and what this node remembers may be out of date.") from error
        if compiled.value is None or compiled.checked_at < called_at:
            raise Unavailable("What this needs cannot be made ready; the log says why.")
        return compiled.value

    async def refresh(self) -> None:
        """Read all revisions with one statement and load again what moved.

        Of those who call while a check is under way one makes the next, and all share what comes of it: a database that is silent must
        not be waited for by one after the other.
        """
        called_at = time.monotonic()
        async with self._lock:
            if self._asked_at > called_at:
                if self._failure is not None:
                    raise Unreachable("the check that began after this call failed") from self._failure
                return
            self._asked_at, self._failure = time.monotonic(), None
            try:
                await self._ask(self._asked_at)
            except Exception as error:
                self._failure = error
                raise

    async def _ask(self, asked_at: float) -> None:
        # From intake's own capacity: without the keys no event is taken, whatever holds up everybody else.
        async with asyncio.timeout(TOO_OLD) as patience, self._database.transaction(Pool.INTAKE, read_only=True) as tx:
            known: Mapping[str, int] = {row.topic: row.revision for row in await tx.execute(READ)}
            patience.reschedule(None)  # it answers; what moved may take longer to load
            for compiled in self._all:
                # The revision is read before the structure: a change in between is noticed at the next check.
                await self._check(tx, compiled, known.get(compiled.topic, 0), asked_at)

    async def _check(self, tx: AsyncConnection, compiled: Compiled[Any], revision: int, asked_at: float) -> None:
        """Load one structure if it moved. One that cannot be made takes no other with it: a bad schedule must not close the intake."""
        if compiled.revision != revision or asked_at - compiled.loaded_at > MAX_AGE:
            try:
                async with tx.begin_nested():
                    compiled.value = await compiled.load(tx)
            except Exception as error:
                if trouble(error) in {Trouble.UNREACHABLE, Trouble.CONFLICT}:
                    raise
                log.exception("cannot be compiled", topic=compiled.topic, load=compiled.load.__qualname__)
                return
            compiled.revision, compiled.loaded_at = revision, asked_at
        compiled.checked_at = asked_at

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_fresh(), name="compiled")

    async def stop(self) -> None:
        await end(self._task)

    async def _keep_fresh(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 — whatever it is, the next check may succeed
                log.warning("cannot check what is compiled", error=type(error).__name__, why=str(error)[:200])
            await woken(self._wake, within=CHECK_EVERY)
