"""Everything that may mute, as one structure that is kept."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.silences.commands.windows import with_recurrence
from oncall.silences.rules.mutings import Mutings
from oncall.silences.store import silences as silence_store
from oncall.silences.store import windows as window_store

A_DAY = timedelta(days=1)


async def load_mutings(tx: AsyncConnection, *, now: datetime) -> Mutings:
    """All that mutes now, or will; whoever keeps it asks each time what is active."""
    windows = await window_store.not_over(tx, since=now - A_DAY)
    return Mutings(await silence_store.not_over(tx, now=now), [with_recurrence(window) for window in windows])
