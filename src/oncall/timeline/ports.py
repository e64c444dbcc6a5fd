"""What higher rooms plug into the timeline."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.timeline.values import Entry


class OnEntries(Protocol):
    """Called in the transaction that added these entries (each with its id), while anybody listens; must not fail for what it does not
    like, or what happened would be undone.
    """

    async def __call__(self, tx: AsyncConnection, added: Sequence[tuple[UUID, Entry]]) -> None: ...
