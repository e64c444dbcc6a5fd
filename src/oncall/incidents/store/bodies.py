"""SQL about how long raw bodies are kept. What it does lies in the database, since only the owner of a table may change its partitions."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import Step

KEEP = text("SELECT did, name, body_count FROM keep_event_bodies(:now, :keep, :ahead)")


async def keep_bodies(tx: AsyncConnection, *, keep: timedelta, ahead: int, now: datetime) -> list[Step]:
    """The next step, if there is one to take; months that were left to DEFAULT come before it."""
    rows = await tx.execute(KEEP, {"now": now, "keep": keep, "ahead": ahead})
    return [Step(r.did, r.name, r.body_count) for r in rows]
