"""Receipts: what providers tell of a message is kept, and stops nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId
from oncall.notifications.rules.receipts import furthest, status_after
from oncall.notifications.store import receipts as store
from oncall.notifications.values.receipts import Receipt, ReceiptState, UnknownMessage
from oncall.notifications.values.receiving import Received


async def receive(tx: AsyncConnection, message: NotificationId | str, receipt: Receipt, *, channel: str, now: datetime) -> Received:
    """Keep what a provider says of a message, named by our id or by the provider's own. Its caller has checked who says so.

    Twice the same, or what comes after something further, changes nothing. No escalation waits for a receipt, or ends by one.
    """
    id = await store.find_by_provider(tx, message, channel=channel) if isinstance(message, str) else message
    there = await store.lock(tx, id, channel=channel) if id else None
    if id is None or there is None:
        raise UnknownMessage
    status, known = there
    await store.add(tx, id, receipt, now=now)
    best = furthest(known, receipt.state)
    if best is known:
        return Received(id, status, changed=False)
    after = status_after(status, best)
    await store.save(tx, id, after, best)
    return Received(id, after, changed=True)


async def furthest_told(tx: AsyncConnection, ids: Sequence[NotificationId]) -> Mapping[NotificationId, ReceiptState]:
    """How far each of these messages came, as far as anybody told."""
    return await store.furthest(tx, ids) if ids else {}
