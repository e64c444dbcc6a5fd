"""What can be asked about health."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.health import store
from oncall.health.values import OVERDUE, Audit, Fault, Red
from oncall.incidents.values import Decision
from oncall.notifications.commands import verify_ledger
from oncall.notifications.values import Link

INVARIANTS = frozenset({"no_next_at", "incidents_overdue", "notifications_overdue", "failing"})
"""What must never be; the other findings are states an operator must see, but the pager itself does its work."""


async def audit(tx: AsyncConnection, *, now: datetime) -> list[Red]:
    """Everything that is red right now; nothing if all is well."""
    return await store.findings(tx, now=now, overdue=OVERDUE)


MOST = 100
"""Of each kind of fault that are told: what is wrong so often has one cause."""

NAMES_AN_ALERT = (Decision.OPENED, Decision.REOPENED, Decision.DEDUPLICATED, Decision.GROUPED, Decision.BROKE_THROUGH)


async def examine(tx: AsyncConnection, *, kept: Link | None, now: datetime) -> Audit:
    """What every minute's audit finds of the invariants, and all that only reading whole tables can find. Writes nothing."""
    reds = [Fault(red.reason, red.sentence) for red in await audit(tx, now=now) if red.reason in INVARIANTS]
    faults = await store.faults(tx, known=[*Decision], with_alert=NAMES_AN_ALERT, limit=MOST)
    end, broken = await verify_ledger(tx, kept=kept, limit=MOST, now=now)
    return Audit((*reds, *faults, *(Fault("delivery_ledger", sentence) for sentence in broken)), end)
