"""The one statement of intake's own: events are stored by the room of incidents."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

IMPATIENT = text("SET LOCAL lock_timeout = '100ms'")


async def wait_briefly_for_locks(tx: AsyncConnection) -> None:
    """For the rest of this transaction give up soon on a row that somebody else keeps locked."""
    await tx.execute(IMPATIENT)
