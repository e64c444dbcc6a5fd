"""What can be asked about a message that somebody answers."""

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId
from oncall.notifications.store import answering as store
from oncall.notifications.store import bundles
from oncall.notifications.values.answering import MessageSent
from oncall.notifications.values.travelling import Printed


async def find_message(tx: AsyncConnection, id: NotificationId) -> MessageSent | None:
    """To whom it went; None if there is none with this id, or it was never tried."""
    return await store.find_message(tx, id)


async def find_list(tx: AsyncConnection, id: NotificationId) -> list[Printed]:
    """What this message listed, in the order of incidents, each time that it went out; empty if it was about one incident alone."""
    return await bundles.list_of(tx, id)
