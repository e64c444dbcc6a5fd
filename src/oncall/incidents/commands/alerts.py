"""How people see alerts: listed by what they know of them, and each with its events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store import alert_lists as store
from oncall.incidents.store import events as event_store
from oncall.incidents.values import EventSeen, UnknownAlert
from oncall.incidents.values.alerts import AlertAround, AlertFilter
from oncall.kit.ids import AlertId, IncidentId, ServiceId
from oncall.services.commands import get_services
from oncall.services.commands.integrations import auto_resolving

NEWEST = UUID(int=2**128 - 1)


async def list_alerts(tx: AsyncConnection, asked: AlertFilter, *, before: UUID | None, limit: int) -> list[AlertAround]:
    """Newest first."""
    return await store.list_newest(tx, asked, before=before or NEWEST, limit=limit)


async def get_alert(tx: AsyncConnection, id: AlertId) -> AlertAround:
    found = await store.find_alert(tx, id)
    if found is None:
        raise UnknownAlert("There is no alert with this id.")
    return found


async def list_events_of(tx: AsyncConnection, id: AlertId, *, before: UUID | None, limit: int) -> list[EventSeen]:
    """What its monitor said, newest first."""
    await get_alert(tx, id)
    return await event_store.list_latest_of(tx, id, before=before or NEWEST, limit=limit)


async def names_of(tx: AsyncConnection, service_ids: Sequence[ServiceId]) -> Mapping[ServiceId, str]:
    """What these services are called now; one that was deleted is not among them."""
    return {id: service.name for id, service in (await get_services(tx, sorted(set(service_ids)))).items()}


async def over_at(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, datetime]:
    """When each of these incidents is resolved by silence alone, if its integrations ask for that and nothing more is heard."""
    asked = {id: after for id, _, after in await auto_resolving(tx)}
    return await store.over_at(tx, incident_ids, asked) if asked and incident_ids else {}


async def alerts_over(tx: AsyncConnection, dedup_keys: Sequence[str]) -> Mapping[str, datetime]:
    """Since when no alert with such a key is open; a key that is open, or was never there, is not among them."""
    return await store.ended_at(tx, dedup_keys) if dedup_keys else {}
