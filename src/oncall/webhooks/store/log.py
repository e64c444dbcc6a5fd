"""SQL about the log of deliveries: read, delivered again, pruned."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId
from oncall.webhooks.values import Attempt, Delivery, DeliveryId, DeliveryStatus, TryOutcome, WebhookId

# By webhook_deliveries_log_idx.
LIST = text("""
    SELECT id, incident_id, type, status, reason, next_at, created_at, finished_at FROM webhook_deliveries
    WHERE webhook_id = :webhook_id AND id < :before AND (CAST(:statuses AS text[]) IS NULL OR status = ANY(CAST(:statuses AS text[])))
        AND (CAST(:incident_id AS uuid) IS NULL OR incident_id = :incident_id)
    ORDER BY id DESC LIMIT :limit
""")
FIND = text("""
    SELECT id, incident_id, type, status, reason, next_at, created_at, finished_at FROM webhook_deliveries
    WHERE webhook_id = :webhook_id AND id = :id
""")
ATTEMPTS = text("""
    SELECT delivery_id, number, at, outcome, code, detail FROM webhook_attempts WHERE delivery_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY delivery_id, number
""")
# By itself: it neither waits for what is newer nor holds that up.
AGAIN = text("""
    UPDATE webhook_deliveries SET status = 'pending', reason = :reason, next_at = :now, finished_at = NULL, give_up_at = :give_up_at,
        lane = id, tries_before = attempt
    WHERE webhook_id = :webhook_id AND id = :id AND next_at IS NULL RETURNING id
""")
DELETE_ALL = text("DELETE FROM webhook_deliveries WHERE webhook_id = :webhook_id")
# By webhook_deliveries_finished_at_idx; then what was written while its webhook was deleted.
PRUNE = text("""
    DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE finished_at < :before ORDER BY finished_at LIMIT :limit FOR UPDATE SKIP LOCKED)
""")
PRUNE_ORPHANS = text("""
    DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries d
        WHERE d.next_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.id = d.webhook_id) LIMIT :limit FOR UPDATE SKIP LOCKED)
""")


async def list_deliveries(
    tx: AsyncConnection,
    webhook_id: WebhookId,
    *,
    before: UUID,
    statuses: Sequence[DeliveryStatus] | None,
    incident_id: IncidentId | None,
    limit: int,
) -> list[Delivery]:
    """Newest first."""
    words = [status.value for status in statuses] if statuses else None
    params = {"webhook_id": webhook_id, "before": before, "statuses": words, "incident_id": incident_id, "limit": limit}
    return await _with_attempts(tx, (await tx.execute(LIST, params)).all())


async def find_delivery(tx: AsyncConnection, webhook_id: WebhookId, id: DeliveryId) -> Delivery | None:
    found = await _with_attempts(tx, (await tx.execute(FIND, {"webhook_id": webhook_id, "id": id})).all())
    return found[0] if found else None


async def deliver_again(
    tx: AsyncConnection, webhook_id: WebhookId, id: DeliveryId, *, reason: str, now: datetime, give_up_at: datetime
) -> bool:
    """False if it is still under way, or gone."""
    params = {"webhook_id": webhook_id, "id": id, "reason": reason, "now": now, "give_up_at": give_up_at}
    return (await tx.execute(AGAIN, params)).first() is not None


async def delete_all(tx: AsyncConnection, webhook_id: WebhookId) -> None:
    await tx.execute(DELETE_ALL, {"webhook_id": webhook_id})


async def prune(tx: AsyncConnection, *, before: datetime, limit: int) -> int:
    """How many were deleted."""
    old = await tx.execute(PRUNE, {"before": before, "limit": limit})
    orphans = await tx.execute(PRUNE_ORPHANS, {"limit": limit})
    return old.rowcount + orphans.rowcount


async def _with_attempts(tx: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Delivery]:
    tries: dict[UUID, list[Attempt]] = {r.id: [] for r in rows}
    if tries:
        for a in await tx.execute(ATTEMPTS, {"ids": list(tries)}):
            tries[a.delivery_id].append(Attempt(a.number, a.at, TryOutcome(a.outcome), a.code, a.detail))
    return [
        Delivery(
            DeliveryId(r.id),
            IncidentId(r.incident_id) if r.incident_id else None,
            r.type,
            DeliveryStatus(r.status),
            r.reason,
            r.next_at,
            r.created_at,
            r.finished_at,
            tuple(tries[r.id]),
        )
        for r in rows
    ]
