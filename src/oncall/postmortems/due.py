"""What time alone makes due in postmortems: action items are to be done, and postmortems to be written."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.engine import Pass
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.postmortems.commands import action_items, owing
from oncall.postmortems.values.action_items import ActionItem

RETRY = timedelta(minutes=5)


class DueActionItems:
    """Every open action item at its next reminder."""

    name = "action_items"

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[ActionItem]:
        return await action_items.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)

    async def run(self, tx: AsyncConnection, rows: Sequence[ActionItem], *, now: datetime) -> None:
        await action_items.remind_due(tx, rows, now=now)

    async def postpone(self, tx: AsyncConnection, row: ActionItem, error: Exception, *, now: datetime) -> None:
        await action_items.postpone(tx, row, until=now + RETRY, error=error)

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        return await action_items.next_at(tx)


class OwedPostmortems:
    """Looks every hour who owes a postmortem. What was told is known by its topic, so any node may look, and twice."""

    name = "owed_postmortems"
    every = timedelta(minutes=5)
    look_every = timedelta(hours=1)

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._due: datetime | None = None

    async def run(self) -> Pass:
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            # A clock that jumped back more than a period must not silence us.
            if self._due is not None and self._due - self.look_every <= now < self._due:
                return Pass(0, now, self._due)
            await owing.remind(tx, now=now)
        self._due = now + self.look_every
        return Pass(0, now, self._due)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""
