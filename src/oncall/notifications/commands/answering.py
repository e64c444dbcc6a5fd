"""What can be asked about a message that somebody answers."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import notify
from oncall.kit.ids import NotificationId, new_id
from oncall.notifications.rules import notice_of_answer
from oncall.notifications.store import answering as store
from oncall.notifications.store import bundles
from oncall.notifications.store import notices as notice_store
from oncall.notifications.values import NoticeId, Way
from oncall.notifications.values.answering import MessageSent
from oncall.notifications.values.travelling import Printed


async def find_message(tx: AsyncConnection, id: NotificationId) -> MessageSent | None:
    """To whom it went; None if there is none with this id, or it was never tried."""
    return await store.find_message(tx, id)


async def find_list(tx: AsyncConnection, id: NotificationId) -> list[Printed]:
    """What this message listed, in the order of incidents, each time that it went out; empty if it was about one incident alone."""
    return await bundles.list_of(tx, id)


async def confirm(tx: AsyncConnection, sent: MessageSent, said: str, *, name: str, now: datetime) -> None:
    """Tell whoever answered this message what came of it, at the address where they did; once, however often they answer."""
    id = NoticeId(new_id())
    notice = notice_of_answer(sent.user_id, said, topic=f"answer/{sent.id}", now=now)
    if await notice_store.add_notices(tx, [(id, name, notice)], now=now):
        await notice_store.add_messages(tx, [(id, Way(sent.contact_method_id, sent.channel, sent.address, 1, now, now))], now=now)
        await notify(tx, f"notifications.{sent.channel}")
