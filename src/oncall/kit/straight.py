"""Statements written as text go straight to the driver, past what SQLAlchemy does around each: on the hot path that was most of the cost.

They run on the connection, and in the transaction, that SQLAlchemy holds, so both kinds of statement can be mixed; statements built of
tables go SQLAlchemy's way. Only `kit.db` uses this.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, MultipleResultsFound, NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from oncall.kit.relying import Lookup, Relied

GOODBYE_TIMEOUT = 0.2
STATEMENTS_KEPT = 1_000
"""More than there are: each is prepared once per connection."""


class Row(asyncpg.Record):  # type: ignore[misc]  # asyncpg has no types
    """A row whose columns are attributes, as SQLAlchemy's are; but no column may be named as a method: keys, values, items, get."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Rows:
    """What a statement gave, with the names that SQLAlchemy's results have; `rowcount` is how many rows it wrote, or returned."""

    __slots__ = ("_rows", "_status")

    def __init__(self, rows: Sequence[Any], status: str) -> None:
        self._rows, self._status = rows, status

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    @property
    def rowcount(self) -> int:
        count = self._status.rpartition(" ")[2]
        return int(count) if count.isdecimal() else -1

    def all(self) -> Sequence[Any]:
        return self._rows

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        if len(self._rows) > 1:
            raise MultipleResultsFound("one row at most was expected")
        return self.first()

    def one(self) -> Any:
        if not self._rows:
            raise NoResultFound("a row was expected")
        return self.one_or_none()

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        row = self.one_or_none()
        return None if row is None else row[0]

    def scalars(self) -> "Rows":
        return Rows([row[0] for row in self._rows], self._status)


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that keeps what it has prepared, and is given up at once: a peer that has gone silent would hold each polite farewell
    for seconds.
    """

    __slots__ = ("_prepared",)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._prepared: dict[str, Any] = {}

    async def run(self, sql: str, args: Sequence[object]) -> Rows:
        statement = self._prepared.get(sql)
        if statement is None:
            if len(self._prepared) >= STATEMENTS_KEPT:
                self._prepared.clear()
            statement = self._prepared[sql] = await self.prepare(sql, record_class=Row)
        try:
            rows = await statement.fetch(*args)
        except asyncpg.InvalidCachedStatementError:
            self._prepared.clear()  # the schema was changed: whoever tries again has them prepared anew
            raise
        return Rows(rows, statement.get_statusmsg())

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ARG002 — asyncpg's signature
        try:
            await super().close(timeout=GOODBYE_TIMEOUT)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self.terminate()


class Straight(AsyncConnection):
    """SQLAlchemy's connection, but for statements that are written as text and run once."""

    is_by_itself = False
    """Whether each statement is a transaction of its own."""
    relied: Relied | None = None
    """What its transaction takes as remembered; None: it asks anew each time."""

    async def execute(self, statement: Any, parameters: Any = None, **more: Any) -> Any:
        """Raises what SQLAlchemy raises, with asyncpg's error as its `orig`; what is no answer of the server's, as asyncpg raises it."""
        if not isinstance(statement, TextClause) or isinstance(parameters, list):
            return await super().execute(statement, parameters, **more)
        if self.relied is not None and isinstance(statement, Lookup):
            return await self._look_up(statement, parameters, self.relied)
        return await self._run(statement, parameters)

    async def _look_up(self, lookup: Lookup, parameters: Mapping[str, Any], relied: Relied) -> Rows:
        ids = list(dict.fromkeys(parameters[lookup.ids]))
        rows, unknown = relied.known(lookup, ids)
        if unknown:
            more = (await self._run(lookup, {**parameters, lookup.ids: unknown})).all()
            relied.keep(lookup, unknown, more)
            rows += more
        return Rows(rows, f"SELECT {len(rows)}")

    async def _run(self, statement: TextClause, parameters: Any) -> Rows:
        sql, names = _compiled(statement.text)
        given: Mapping[str, object] = parameters or {}
        try:
            driver = await self._begun()
            return await driver.run(sql, [given[name] for name in names])
        except asyncpg.PostgresError as error:
            if isinstance(error, asyncpg.PostgresConnectionError):
                await self.invalidate()
            error.detail = None  # it repeats what monitors said, and goes to the log
            kind = IntegrityError if isinstance(error, asyncpg.IntegrityConstraintViolationError) else DBAPIError
            raise kind(sql, None, error, hide_parameters=True) from error
        except BaseException as error:
            # Nobody knows what is still on its way on this connection; but a value that could not be sent has not left.
            if not isinstance(error, ValueError | KeyError):
                await self.invalidate()
            raise

    def is_alive(self) -> bool:
        """Whether, as far as one knows without asking, there is somebody at the other end."""
        sync = self.sync_connection
        if sync is None or sync.closed or sync.invalidated:
            return False
        driver: Any = sync.connection.driver_connection
        return not driver.is_closed()

    async def _begun(self) -> Connection:
        """The driver's connection, in a transaction if it should be in one: SQLAlchemy itself sends BEGIN only with a first statement."""
        sync = self.sync_connection
        if sync is None or sync.in_transaction() is self.is_by_itself:
            raise AssertionError("a statement outside of a transaction would be committed by itself")
        adapted: Any = sync.connection.dbapi_connection
        driver: Connection = adapted.driver_connection
        if self.is_by_itself and driver.is_in_transaction():
            raise asyncpg.InterfaceError("a transaction of somebody else was left open here; nothing is written into it")
        if not adapted._started and not self.is_by_itself:
            # As SQLAlchemy would do it, with its own marks, so that both sides know of the same transaction.
            begun = driver.transaction(readonly=adapted.readonly)
            await begun.start()
            adapted._transaction, adapted._started = begun, True
        return driver


class StraightEngine(AsyncEngine):
    """An engine whose connections are straight."""

    _connection_cls = Straight

    def connect(self) -> Straight:
        connection = super().connect()
        assert isinstance(connection, Straight)  # noqa: S101 — by the line above
        return connection


@lru_cache(maxsize=STATEMENTS_KEPT)
def _compiled(text: str) -> tuple[str, tuple[str, ...]]:
    """The statement with `$1`, `$2` for its names, and the names in that order."""
    compiled = TextClause(text).compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call]
    return f"{compiled}", tuple(getattr(compiled, "positiontup", None) or ())
