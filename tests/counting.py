"""How many statements something takes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.straight import Connection, Rows


@asynccontextmanager
async def counting(tx: AsyncConnection) -> AsyncIterator[list[str]]:
    """The statements that are sent meanwhile: SQLAlchemy's own, and those that go straight to the driver."""
    sent: list[str] = []
    run = Connection.run

    def count(*of: object) -> None:
        sent.append(str(of[2]))

    async def counted(self: Connection, sql: str, args: Sequence[object]) -> Rows:
        sent.append(sql)
        return await run(self, sql, args)

    event.listen(tx.sync_connection, "before_cursor_execute", count)
    Connection.run = counted  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        Connection.run = run  # type: ignore[method-assign]
        event.remove(tx.sync_connection, "before_cursor_execute", count)
