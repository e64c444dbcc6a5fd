"""What higher rooms plug into changes of what mutes."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class OnMutingChanged(Protocol):
    """Called in the transaction that made, edited, ended or deleted something that mutes: what it concerns is looked at again."""

    async def __call__(self, tx: AsyncConnection, *, now: datetime) -> None: ...
