"""What the imitated APIs ask: alerts by their own ids, in one service, and what became of an event."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store import events as event_store
from oncall.incidents.store import lookup as store
from oncall.incidents.values import AlertFound, AlertSearch, Body, BodyGone, EventSeen, UnknownEvent
from oncall.kit.ids import EventId, IntegrationId, ServiceId


async def find_alerts(
    tx: AsyncConnection, service_id: ServiceId, asked: AlertSearch, *, limit: int = 1, offset: int = 0
) -> Sequence[AlertFound]:
    """The alerts of a service that are asked for, newest first unless `asked` says otherwise."""
    return await store.find_alerts(tx, service_id, asked, limit=limit, offset=offset)


async def find_event_of(tx: AsyncConnection, integration_id: IntegrationId, id: EventId) -> EventSeen | None:
    """An event, for the integration it came through and for nobody else."""
    found = await event_store.find_seen(tx, id)
    return found if found and found.integration_id == integration_id else None


async def get_body_of(tx: AsyncConnection, integration_id: IntegrationId, id: EventId) -> Body:
    """The bytes an event came in, for the integration it came through and for nobody else."""
    found = await event_store.find_event(tx, id)
    if found is None or found[0].integration_id != integration_id:
        raise UnknownEvent("No event with this id came through this integration.")
    if found[1] is None:
        raise BodyGone("The body of this event is kept no longer: paste it as `body`, or take a later event.")
    return found[1]
