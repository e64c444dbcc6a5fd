"""Incidents as a source of due work: escalations, acknowledgement time-outs, retries and closures."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands import escalate
from oncall.incidents.values import Incident

BACK_OFF = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))


class DueIncidents:
    """The rows behind `incidents.next_at`."""

    name = "incidents"

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[Incident]:
        return await escalate.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)

    async def run(self, tx: AsyncConnection, rows: Sequence[Incident], *, now: datetime) -> None:
        await escalate.run_due(tx, rows, now=now)

    async def postpone(self, tx: AsyncConnection, row: Incident, error: Exception, *, now: datetime) -> None:
        """Look again after 5 s, 30 s, 2 min and then every 5 min; the row says why."""
        delay = BACK_OFF[min(row.failures, len(BACK_OFF) - 1)]
        await escalate.postpone(tx, row, now=now, delay=delay, error=error)

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        return await escalate.next_due_at(tx)
