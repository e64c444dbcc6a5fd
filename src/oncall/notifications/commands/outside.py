"""One message to an address that belongs to nobody who has an account."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import notify
from oncall.kit.ids import ContactMethodId, NotificationId, new_id
from oncall.notifications.store import notices as notice_store
from oncall.notifications.values import NewNotice, NoticeId, Way


async def send_outside(tx: AsyncConnection, notice: NewNotice, *, name: str, channel: str, address: str, now: datetime) -> NotificationId:
    """Its `user_id` is that of whoever is meant, in the room that asked. It goes after every page of high urgency."""
    id = NoticeId(new_id())
    await notice_store.add_notices(tx, [(id, name, notice)], now=now)
    way = Way(ContactMethodId(notice.user_id), channel, address, 1, now, now)
    [message] = await notice_store.add_messages(tx, [(id, way)], now=now)
    await notify(tx, f"notifications.{channel}")
    return message
