"""Tests of contact methods: begun, taken by a provider, and answered by whoever got them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.store import testing as store
from oncall.contacts.values import ContactTest, RangOnSilent
from oncall.kit.ids import ContactMethodId, NotificationId


async def begin_test(tx: AsyncConnection, method: ContactMethodId, id: UUID, message: NotificationId, *, now: datetime) -> None:
    """From now on it is the last one; what was said of earlier ones stays said."""
    await store.begin_test(tx, method, id, message, now=now)


async def note_accepted(tx: AsyncConnection, method: UUID, message: NotificationId, *, now: datetime) -> None:
    """Its provider has taken it."""
    await store.accepted(tx, method, message, now=now)


async def find_test(tx: AsyncConnection, method: ContactMethodId, id: UUID) -> ContactTest | None:
    """None if it is gone, or not the last one any more."""
    return await store.find(tx, method, id)


async def answer_test(
    tx: AsyncConnection, method: ContactMethodId, id: UUID, said: RangOnSilent | None, *, now: datetime
) -> ContactTest | None:
    """It arrived, and somebody says whether it rang; None for `said`: only that it arrived. The first answer ends the round
    trip, the last one counts.
    """
    return await store.answer(tx, method, said, id=id, now=now)


async def answer_message(
    tx: AsyncConnection, method: ContactMethodId, message: NotificationId, said: RangOnSilent | None, *, now: datetime
) -> ContactTest | None:
    """The same where they answer in what they got; None for `said`: only that it arrived. None if this was no test, or another followed."""
    return await store.answer(tx, method, said, notification_id=message, now=now)
