"""What plugs into the callbacks of providers."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId
from oncall.replies.values import ReceiptState


class OnReceipt(Protocol):
    """Called for each word of a provider about a message that exists, in whatever order and however often it comes."""

    async def __call__(self, tx: AsyncConnection, id: NotificationId, state: ReceiptState, *, detail: str, now: datetime) -> None: ...
