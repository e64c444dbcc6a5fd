"""What an incident may be another of: offered before a duplicate is logged, and at the first diagnosis."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.commands.records import get_records
from oncall.incidents.rules.similar import ranked
from oncall.incidents.store import similar as store
from oncall.incidents.values.similar import Similar
from oncall.kit.ids import IncidentId, ServiceId

COMPARED = 100


async def similar_incidents(
    tx: AsyncConnection, title: str, service_id: ServiceId, *, but: IncidentId | None = None, limit: int = 10
) -> Sequence[Similar]:
    """The incidents whose titles are most like this one: past and open ones of the service, and open ones of all others. `but`: the one
    that is asked about.
    """
    found = await store.alike(tx, title, service_id, but=but, limit=COMPARED)
    return ranked(found, await get_records(tx, [one.incident.id for one in found]), limit=limit)
