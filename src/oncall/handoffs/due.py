"""What time alone makes due in handoffs: people are to be told of their shifts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.engine import was_lately
from oncall.handoffs.commands import shifts
from oncall.handoffs.commands.shifts import Due

RETRY = timedelta(minutes=5)
WATCH_EVERY, MARGIN = timedelta(seconds=10), timedelta(seconds=20)
"""How often all schedules are looked through for new and edited ones: what an edit begins at once is announced so much late at most. The
margin is longer than an edit takes to be committed."""


class DueHandoffs:
    """Every schedule at its next handoff, or notice before one; and every few minutes, since schedules are edited."""

    name = "handoffs"

    def __init__(self) -> None:
        self._watched_at: datetime | None = None

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[Due]:
        if not was_lately(self._watched_at, WATCH_EVERY, now=due_by):
            await shifts.watch_all(tx, since=due_by - WATCH_EVERY - MARGIN, now=due_by)
            self._watched_at = due_by
        return await shifts.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)

    async def run(self, tx: AsyncConnection, rows: Sequence[Due], *, now: datetime) -> None:
        await shifts.tell_due(tx, rows, now=now)

    async def postpone(self, tx: AsyncConnection, row: Due, error: Exception, *, now: datetime) -> None:  # noqa: ARG002 — the log has it
        await shifts.postpone(tx, row[0], until=now + RETRY)

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        return await shifts.next_at(tx)
