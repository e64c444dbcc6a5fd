"""What higher rooms plug into the sender."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId, UserId
from oncall.notifications.values import Step


class OnUndeliverable(Protocol):
    """Called in the recording transaction before a message of a page is marked failed: may let its incident escalate early.

    It locks the incident first and asks `step_is_lost` then: no other message of the same step has arrived or still may.
    """

    async def __call__(
        self, tx: AsyncConnection, at: Step, *, step_is_lost: Callable[[], Awaitable[bool]], reason: str, now: datetime
    ) -> None: ...


class OpenSealed(Protocol):
    """What a sealed code or address says; raises `kit.sealing.CannotOpen`."""

    def __call__(self, sealed: bytes) -> bytes: ...


class MakeLinks(Protocol):
    """The links of one message: (acknowledge, resolve, escalate) of a page; of a list, which is acknowledged as it was printed, the first
    alone.
    """

    def __call__(self, at: Step | UUID, user_id: UserId) -> tuple[str, str, str]: ...


class GiveReplyCodes(Protocol):
    """Called in the transaction that claims messages of pages, with the address of each: what their receivers answer with."""

    async def __call__(
        self, tx: AsyncConnection, messages: Mapping[NotificationId, str], *, now: datetime
    ) -> Mapping[NotificationId, str]: ...


class OnSent(Protocol):
    """Called in the recording transaction when a provider has taken a message, under an id of its own."""

    async def __call__(self, tx: AsyncConnection, id: NotificationId, *, channel: str, provider_id: str, now: datetime) -> None: ...
