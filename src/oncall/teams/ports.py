"""What higher rooms plug into the removal of people."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import UserId


class OnUserRemoved(Protocol):
    """Called in the transaction that removes a user; what was still to be sent to them is not, and nobody waits for it."""

    async def __call__(self, tx: AsyncConnection, user_id: UserId, *, now: datetime) -> None: ...
