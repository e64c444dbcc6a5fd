"""What can be asked about a message that somebody answers."""

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId
from oncall.notifications.store import answering as store
from oncall.notifications.values.answering import MessageSent


async def find_message(tx: AsyncConnection, id: NotificationId) -> MessageSent | None:
    """To whom it went; None if there is none with this id, or it was never tried."""
    return await store.find_message(tx, id)
