"""The form of a service by which anybody reports a problem: opened, given another address, closed."""

import secrets

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId
from oncall.services.commands.services import get_service
from oncall.services.store import report_forms as store
from oncall.services.store import services as service_store
from oncall.services.values import NoReportForm, Service


async def open_form(tx: AsyncConnection, id: ServiceId) -> str:
    """Under a new address; the one it had is good no more."""
    await get_service(tx, id)
    key = secrets.token_urlsafe(24)
    await store.set_key(tx, id, key)
    return key


async def get_form(tx: AsyncConnection, id: ServiceId) -> str:
    await get_service(tx, id)
    key = await store.find_key(tx, id)
    if key is None:
        raise NoReportForm("This service has no report form; PUT opens one.")
    return key


async def close_form(tx: AsyncConnection, id: ServiceId) -> None:
    await get_service(tx, id)
    await store.set_key(tx, id, None)


async def find_form(tx: AsyncConnection, key: str) -> Service | None:
    """Whose form it is."""
    id = await store.find_service(tx, key)
    return (await service_store.get_services(tx, [id]))[id] if id else None
