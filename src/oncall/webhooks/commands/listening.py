"""Entries of timelines become deliveries, in the transaction in which things happened."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import beside, notify
from oncall.kit.ids import new_id
from oncall.kit.log import get_log
from oncall.timeline.ports import OnEntries
from oncall.timeline.values import Entry
from oncall.webhooks import rules
from oncall.webhooks.ports import Describe
from oncall.webhooks.store import deliveries
from oncall.webhooks.store import webhooks as store
from oncall.webhooks.values import TRIED_FOR, DeliveryId, EventType, NewDelivery, Subscription

log = get_log("webhooks")

TOPIC = "webhooks"
"""What is poked when there is something to deliver, and the name by which the timeline knows us."""

Told = Sequence[tuple[UUID, Entry, EventType]]


def hearing(describe: Describe) -> OnEntries:
    """What the timeline calls."""

    async def on_entries(tx: AsyncConnection, added: Sequence[tuple[UUID, Entry]]) -> None:
        told = [(id, entry, type) for id, entry in added if (type := rules.type_of(entry))]
        if told:
            await _hear(tx, told, describe)

    return on_entries


async def _hear(tx: AsyncConnection, told: Told, describe: Describe) -> None:
    """What cannot be told is lost for programs, and logged; what happened has happened all the same."""
    async with beside(tx, log, "webhooks are not told of what happened", entries=len(told)):
        subscriptions = await store.subscriptions(tx, list(dict.fromkeys(type for _, _, type in told)))
        if subscriptions:
            await _tell(tx, told, subscriptions, describe)


async def _tell(tx: AsyncConnection, told: Told, subscriptions: Sequence[Subscription], describe: Describe) -> None:
    asked = {type for subscription in subscriptions for type in subscription.event_types}
    concerned = [(id, entry, type) for id, entry, type in told if type in asked]
    incidents = await describe(tx, {entry.incident_id for _, entry, _ in concerned})
    new = []
    for id, entry, type in concerned:
        incident = incidents[entry.incident_id]
        wanting = [one for one in subscriptions if rules.wants(one, type, incident)]
        body = rules.body_of(type, id, entry, incident) if wanting else ""
        new += [
            NewDelivery(DeliveryId(new_id()), one.webhook_id, entry.incident_id, entry.incident_id, type.value, body) for one in wanting
        ]
    if new:
        now = max(entry.at for _, entry, _ in concerned)
        await deliveries.add_deliveries(tx, new, now=now, give_up_at=now + TRIED_FOR)
        await notify(tx, TOPIC)
