"""What errors of the database mean, and what to do about them: halve, do it all again, or say that nobody is there."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

T = TypeVar("T")


class Unreachable(ConnectionError):
    """No connection can be had: nobody answers, or whoever answers does not let us in or cannot serve. `__cause__` says which."""


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE behind an error of SQLAlchemy or asyncpg, if there is one."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    cause = getattr(origin, "__cause__", None)
    state = getattr(origin, "sqlstate", None) or getattr(cause, "sqlstate", None)
    return str(state) if state else None


def constraint_name(error: BaseException) -> str | None:
    """The constraint or unique index that refused a row."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(getattr(origin, "__cause__", None) or origin, "constraint_name", None)
    return str(name) if name else None


LOCK_TIMED_OUT, STATEMENT_TIMED_OUT = "55P03", "57014"
"""SQLSTATEs of our own limits."""

CHECK_VIOLATION = "23514"
SCHEMA_CHANGED = "0A000"
"""What a prepared statement gave has another shape now; it is prepared anew."""


class Trouble(StrEnum):
    """What to do about a database error."""

    BAD_DATA = "bad_data"  # roll back and halve: one row of the set is at fault
    CONFLICT = "conflict"  # the whole set again: somebody else was there at the same time
    UNREACHABLE = "unreachable"  # connection lost, or the server cannot serve: again with the same ids, else say so
    OTHER = "other"


class ConcurrentChange(Exception):
    """What was read unlocked had changed when it was to be written: do the whole transaction again."""


@contextmanager
def racing(*constraints: str) -> Iterator[None]:
    """A row that another transaction inserted first is nobody's bad data: what violates one of these is a ConcurrentChange."""
    try:
        yield
    except DBAPIError as error:
        if constraint_name(error) not in constraints:
            raise
        raise ConcurrentChange(f"somebody else was first: {constraint_name(error)}") from error


UNREACHABLE = (OSError, TimeoutError, PoolTimeout, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError)


def trouble(error: BaseException) -> Trouble:
    """Sort an error by its SQLSTATE (class 08, 53, 57P and 25006 mean this server cannot serve us now)."""
    if isinstance(error, ConcurrentChange):
        return Trouble.CONFLICT
    # What asyncpg cannot send is some row's fault, although it calls it a misuse of its interface.
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return Trouble.BAD_DATA
    # Before any look at what caused it: behind asyncio's TimeoutError stands a CancelledError.
    if isinstance(error, UNREACHABLE):
        return Trouble.UNREACHABLE
    state = sqlstate(error)
    if state is not None:
        if state == CHECK_VIOLATION and constraint_name(error) is None:
            return Trouble.CONFLICT  # the row's partition was made meanwhile
        if state[:2] in {"22", "23", "54"}:
            return Trouble.BAD_DATA
        if state[:2] == "40" or state in {LOCK_TIMED_OUT, SCHEMA_CHANGED}:
            return Trouble.CONFLICT
        if state[:2] in {"08", "53", "58"} or state[:3] == "57P" or state in {"25006", STATEMENT_TIMED_OUT}:
            return Trouble.UNREACHABLE
        return Trouble.OTHER
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Trouble.UNREACHABLE
    origin = error.orig if isinstance(error, DBAPIError) else error
    return Trouble.UNREACHABLE if isinstance(getattr(origin, "__cause__", None), UNREACHABLE) else Trouble.OTHER


async def again(run: Callable[[], Awaitable[T]], *, tries: int = 5) -> T:
    """Run a whole transaction, and again with jitter when it met another one (deadlock, serialisation, lock time-out)."""
    for attempt in range(1, tries + 1):
        try:
            return await run()
        except (DBAPIError, ConcurrentChange) as error:
            if trouble(error) is not Trouble.CONFLICT or attempt == tries:
                raise
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 — jitter, not a secret
    raise AssertionError("unreachable: the last try returns or raises")
