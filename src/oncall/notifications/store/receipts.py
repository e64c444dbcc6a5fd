"""SQL about receipts: inserted and read, never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId
from oncall.notifications.values import Status
from oncall.notifications.values.receipts import Receipt, ReceiptState

# By the primary key, or by attempts_provider_idx (provider_id) WHERE provider_id IS NOT NULL.
LOCK = text("""
    SELECT id, status, receipt FROM notifications WHERE id = :id AND channel = :channel FOR NO KEY UPDATE
""")
BY_PROVIDER = text("""
    WITH named AS MATERIALIZED (SELECT notification_id, at FROM attempts WHERE provider_id = :provider_id)
    SELECT n.id FROM named JOIN notifications n ON n.id = named.notification_id
    WHERE n.channel = :channel ORDER BY named.at DESC LIMIT 1
""")
ADD = text("""
    INSERT INTO receipts (notification_id, state, at, detail, received_at) VALUES (:id, :state, :at, :detail, :now)
    ON CONFLICT DO NOTHING
""")
FURTHEST = text("SELECT id, receipt FROM notifications WHERE id = ANY(:ids) AND receipt IS NOT NULL")
SAVE = text("UPDATE notifications SET status = :status, receipt = :receipt WHERE id = :id")
LIST = text("SELECT notification_id, state, at, detail FROM receipts WHERE notification_id = ANY(:ids) ORDER BY at, received_at, state")


async def find_by_provider(tx: AsyncConnection, provider_id: str, *, channel: str) -> NotificationId | None:
    id: UUID | None = (await tx.execute(BY_PROVIDER, {"provider_id": provider_id, "channel": channel})).scalar_one_or_none()
    return NotificationId(id) if id else None


async def lock(tx: AsyncConnection, id: NotificationId, *, channel: str) -> tuple[Status, ReceiptState | None] | None:
    """How it stands, and the furthest receipt so far."""
    row = (await tx.execute(LOCK, {"id": id, "channel": channel})).one_or_none()
    return (Status(row.status), ReceiptState(row.receipt) if row.receipt else None) if row else None


async def furthest(tx: AsyncConnection, ids: Sequence[NotificationId]) -> Mapping[NotificationId, ReceiptState]:
    """How far each came, by what was told so far; those of which nothing was told are not among them."""
    return {NotificationId(r.id): ReceiptState(r.receipt) for r in await tx.execute(FURTHEST, {"ids": list(ids)})}


async def add(tx: AsyncConnection, id: NotificationId, receipt: Receipt, *, now: datetime) -> None:
    await tx.execute(ADD, {"id": id, "state": receipt.state, "at": receipt.at, "detail": receipt.detail[:2_000], "now": now})


async def save(tx: AsyncConnection, id: NotificationId, status: Status, receipt: ReceiptState) -> None:
    await tx.execute(SAVE, {"id": id, "status": status, "receipt": receipt})


async def list_of(tx: AsyncConnection, ids: Sequence[NotificationId]) -> Mapping[NotificationId, tuple[Receipt, ...]]:
    found: dict[NotificationId, tuple[Receipt, ...]] = {}
    for r in await tx.execute(LIST, {"ids": list(ids)}) if ids else ():
        id = NotificationId(r.notification_id)
        found[id] = (*found.get(id, ()), Receipt(ReceiptState(r.state), r.at, r.detail))
    return found
