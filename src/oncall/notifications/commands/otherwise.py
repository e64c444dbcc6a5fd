"""How a person is reached when a message to them is lost."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import notify
from oncall.notifications.store import sending
from oncall.notifications.values import Claimed, Step


async def reach_otherwise(tx: AsyncConnection, lost: Claimed, step: Step, reason: str, *, at: datetime) -> str:
    """What stands in for a lost message is due, else the person's next one if they have nothing else; its reason says which."""
    channels = await sending.let_stand_in(tx, [lost.id], step, at=at)
    said = f"{reason}; {' and '.join(channels)}, which stands in for it, is due now" if channels else reason
    if not channels and (later := await sending.hasten(tx, lost, step, at=at)):
        channels, said = [later], f"{reason}; {later}, which was to follow later, is due now"
    for channel in channels:
        await notify(tx, f"notifications.{channel}")
    return said
