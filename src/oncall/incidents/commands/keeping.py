"""How long what monitors sent is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store import bodies
from oncall.incidents.values import Step

AHEAD = 2
"""Months beyond this one that have a partition: so long the engine may be away before bodies go to DEFAULT, where they are as safe."""

SHARED = timedelta(minutes=1)
"""Longer than a body is shared by events that come after its own: it is kept for the last of them."""


async def keep_bodies(tx: AsyncConnection, *, keep: timedelta, now: datetime) -> Sequence[Step]:
    """One step towards a partition for each month to come and none that is wholly older than `keep`; nothing once all is done, or while
    another node is at it. Locks for moments, so one step is one transaction.
    """
    return await bodies.keep_bodies(tx, keep=keep + SHARED, ahead=AHEAD, now=now)
