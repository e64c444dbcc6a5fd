"""The log of deliveries: read it, deliver one again, send a test."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import notify
from oncall.kit.ids import IncidentId, new_id
from oncall.webhooks import rules
from oncall.webhooks.commands.editing import get_webhook
from oncall.webhooks.commands.listening import TOPIC
from oncall.webhooks.store import deliveries, log
from oncall.webhooks.values import (
    TEST_TYPE,
    TRIED_FOR,
    Delivery,
    DeliveryId,
    DeliveryStatus,
    NewDelivery,
    NotNow,
    UnknownDelivery,
    Webhook,
    WebhookId,
)

NEWEST = UUID(int=2**128 - 1)


async def list_deliveries(
    tx: AsyncConnection,
    webhook_id: WebhookId,
    *,
    before: UUID | None,
    statuses: Sequence[DeliveryStatus] | None,
    incident_id: IncidentId | None,
    limit: int,
) -> list[Delivery]:
    """Newest first."""
    await get_webhook(tx, webhook_id)
    return await log.list_deliveries(tx, webhook_id, before=before or NEWEST, statuses=statuses, incident_id=incident_id, limit=limit)


async def get_delivery(tx: AsyncConnection, webhook_id: WebhookId, id: DeliveryId) -> Delivery:
    found = await log.find_delivery(tx, webhook_id, id)
    if found is None:
        raise UnknownDelivery
    return found


async def redeliver(tx: AsyncConnection, webhook_id: WebhookId, id: DeliveryId, *, by: str, now: datetime) -> Delivery:
    """The same message with the same id once more, for 48 hours more; by itself, so it waits for nothing and nothing waits for it."""
    webhook = await get_webhook(tx, webhook_id, lock=True)
    current = await get_delivery(tx, webhook_id, id)
    _check_enabled(webhook)
    if not await log.deliver_again(tx, webhook_id, id, reason=f"delivered again by {by}", now=now, give_up_at=now + TRIED_FOR):
        raise NotNow(f"This delivery is {current.status.value}: it can be delivered again once that is over.")
    await notify(tx, TOPIC)
    return await get_delivery(tx, webhook_id, id)


async def send_test(tx: AsyncConnection, webhook_id: WebhookId, *, by: str, now: datetime) -> Delivery:
    """An event that says it is a test, by the way of every other."""
    webhook = await get_webhook(tx, webhook_id, lock=True)
    _check_enabled(webhook)
    id = DeliveryId(new_id())
    body = rules.body_of_test(webhook, id, by=by, now=now)
    await deliveries.add_deliveries(tx, [NewDelivery(id, webhook_id, None, id, TEST_TYPE, body)], now=now, give_up_at=now + TRIED_FOR)
    await notify(tx, TOPIC)
    return await get_delivery(tx, webhook_id, id)


def _check_enabled(webhook: Webhook) -> None:
    if not webhook.settings.enabled:
        raise NotNow(f"Nothing is sent to this webhook ({webhook.off_because}): edit it with enabled: true first.")
