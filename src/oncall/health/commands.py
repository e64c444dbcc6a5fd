"""What can be asked about health."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.health import store
from oncall.health.values import OVERDUE, Red

INVARIANTS = frozenset({"no_next_at", "incidents_overdue", "notifications_overdue", "failing"})
"""What must never be; the other findings are states an operator must see, but the pager itself does its work."""


async def audit(tx: AsyncConnection, *, now: datetime) -> list[Red]:
    """Everything that is red right now; nothing if all is well."""
    return await store.findings(tx, now=now, overdue=OVERDUE)
