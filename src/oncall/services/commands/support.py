"""The support hours of services, read by whoever decides about pages: nothing is read where no service has any."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.commands.calendars import get_calendars
from oncall.kit.ids import ServiceId
from oncall.services.commands.services import get_services
from oncall.services.values import Service


async def get_supported(tx: AsyncConnection, ids: list[ServiceId], *, keeping: bool = False, now: datetime) -> Mapping[ServiceId, Service]:
    """Those of the services that exist, with their support hours. `keeping`: incidents will be opened on them, and whoever edits a calendar
    meanwhile is to find those.
    """
    return await with_hours(tx, await get_services(tx, ids), keeping=keeping, now=now)


async def with_hours(
    tx: AsyncConnection, services: Mapping[ServiceId, Service], *, keeping: bool = False, now: datetime
) -> Mapping[ServiceId, Service]:
    """The same services, with the calendars of those that have support hours; one statement, if there are any."""
    wanted = {service.support_hours_id for service in services.values() if service.support_hours_id is not None}
    if not wanted:
        return services
    calendars = await get_calendars(tx, sorted(wanted), keeping=keeping, now=now)
    return {id: replace(one, hours=calendars[one.support_hours_id]) if one.support_hours_id else one for id, one in services.items()}
