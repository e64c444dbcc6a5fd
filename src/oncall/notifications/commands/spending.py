"""What was spent today on a channel that costs money, counted in the transaction that records the message."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.values import Outcome
from oncall.notifications.rules.spending import cost_of
from oncall.notifications.store import spending as store


async def spent_today(tx: AsyncConnection, channel: str, *, now: datetime) -> int:
    """Messages of this day of UTC. Those on the wire at this moment are not among them: so many more may go out."""
    return await store.spent(tx, channel, now.date())


async def count(tx: AsyncConnection, channel: str, outcome: Outcome, *, now: datetime) -> None:
    """What this outcome costs, or that the cap was in its way."""
    sent, refused = cost_of(outcome)
    if sent or refused:
        await store.add(tx, channel, now.date(), sent=sent, refused=refused)
