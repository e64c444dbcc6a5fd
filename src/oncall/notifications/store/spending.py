"""SQL about what was spent: one row for each channel and day, by its primary key."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SPENT = text("SELECT sent FROM spending WHERE channel = :channel AND day = :day")
ADD = text("""
    INSERT INTO spending AS s (channel, day, sent, refused) VALUES (:channel, :day, :sent, :refused)
    ON CONFLICT (channel, day) DO UPDATE SET sent = s.sent + :sent, refused = s.refused + :refused
""")


async def spent(tx: AsyncConnection, channel: str, day: date) -> int:
    found: int | None = (await tx.execute(SPENT, {"channel": channel, "day": day})).scalar_one_or_none()
    return found or 0


async def add(tx: AsyncConnection, channel: str, day: date, *, sent: int, refused: int) -> None:
    await tx.execute(ADD, {"channel": channel, "day": day, "sent": sent, "refused": refused})
