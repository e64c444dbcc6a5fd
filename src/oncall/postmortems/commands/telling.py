"""How people are told of what they promised or owe: by their own rules for low urgency, and never by a call."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.commands import load_reach
from oncall.notifications.commands import send_notices
from oncall.notifications.values import NewNotice

CALLS = "voice"


async def tell(tx: AsyncConnection, notices: Sequence[NewNotice], *, now: datetime) -> None:
    """Send what was not sent before. Whose rules know nothing but calls gets a mail."""
    if not notices:
        return
    reach = await load_reach(tx, sorted({notice.user_id for notice in notices}))
    quiet = {id: replace(one, methods=tuple(way for way in one.methods if way.channel != CALLS)) for id, one in reach.items()}
    await send_notices(tx, notices, quiet, now=now)
