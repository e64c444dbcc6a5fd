"""An incident as other programs are told of it: as GET shows it."""

from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.verbs import get_incidents, overview
from oncall.incidents.schemas.incidents import IncidentOut
from oncall.kit.ids import IncidentId
from oncall.services.commands import get_services
from oncall.webhooks.values import Described


async def describe(tx: AsyncConnection, ids: Collection[IncidentId]) -> Mapping[IncidentId, Described]:
    """What is planned next is left out: it changes with every look, and nobody is told when it does."""
    incidents = await get_incidents(tx, ids)
    services = await get_services(tx, sorted({incident.service_id for incident in incidents}))
    return {
        seen.incident.id: Described(
            services[seen.incident.service_id].team_id,
            seen.incident.service_id,
            seen.incident.urgency.value,
            seen.incident.severity.value,
            IncidentOut.of(seen).model_dump(mode="json", exclude={"pending_actions"}),
        )
        for seen in await overview(tx, incidents)
    }
