"""What higher rooms plug into changes of what the service desk agreed on."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class OnCalendarChanged(Protocol):
    """Called in the transaction that changed the hours of a calendar: whoever waits for it to open looks again."""

    async def __call__(self, tx: AsyncConnection, *, now: datetime) -> None: ...
