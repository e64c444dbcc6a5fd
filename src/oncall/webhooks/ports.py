"""What higher rooms plug into webhooks."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId, ServiceId, UserId
from oncall.webhooks.values import Described, Notice


class Describe(Protocol):
    """Incidents as they are in this transaction; a few statements for any number."""

    async def __call__(self, tx: AsyncConnection, ids: Collection[IncidentId]) -> Mapping[IncidentId, Described]: ...


class TellPeople(Protocol):
    """Called in the transaction that disabled a webhook: these people are to know."""

    async def __call__(self, tx: AsyncConnection, notice: Notice, people: Collection[UserId], *, now: datetime) -> None: ...


class CheckServices(Protocol):
    """Raises a refusal that names the field unless all these services exist."""

    async def __call__(self, tx: AsyncConnection, ids: Collection[ServiceId], *, field: str) -> None: ...
