"""What higher rooms plug into changes of services and integrations."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

CheckMapping = Callable[[Mapping[str, object]], None]
"""Raises a refusal that says what is wrong with a mapping, in words for whoever wrote it."""


class OnServiceChanged(Protocol):
    """Called in the transaction that changed what may hold a service's incidents: they are looked at again."""

    async def __call__(self, tx: AsyncConnection, *, now: datetime) -> None: ...
