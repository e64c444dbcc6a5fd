"""What a higher room plugs into changes of what is muted."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class OnMutingChanged(Protocol):
    """Called in the transaction that makes, changes or ends a silence or a window: whatever it touches is looked at again at once."""

    async def __call__(self, tx: AsyncConnection, *, now: datetime) -> None: ...
