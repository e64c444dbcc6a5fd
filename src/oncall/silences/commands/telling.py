"""Whoever changes what mutes says so."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.compiled import changed
from oncall.silences.ports import OnMutingChanged
from oncall.silences.values import MUTING


async def muting_changed(tx: AsyncConnection, told: OnMutingChanged, *, now: datetime) -> None:
    """What is kept is out of date, and what is held, or goes out, is looked at again."""
    await changed(tx, MUTING)
    await told(tx, now=now)
