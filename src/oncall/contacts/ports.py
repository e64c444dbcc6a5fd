"""What higher rooms plug into the removal of people and their addresses."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ContactMethodId, UserId


class OnContactRemoved(Protocol):
    """Called in the transaction that removes one address of a user; what was still to be sent there is not, and nobody waits for it."""

    async def __call__(self, tx: AsyncConnection, user_id: UserId, contact_method_id: ContactMethodId, *, now: datetime) -> None: ...
