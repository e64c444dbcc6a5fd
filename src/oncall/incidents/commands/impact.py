"""What the outage of a service does to others, and what is open where its own may come from."""

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store import impact as store
from oncall.incidents.values.impact import MOST_OPEN, Impact
from oncall.kit.ids import ServiceId
from oncall.services.commands.dependencies import surroundings


async def impact_of(tx: AsyncConnection, id: ServiceId) -> Impact:
    around = await surroundings(tx, id)
    where = [id, *(one.id for one in around.dependencies.reached)]
    return Impact(around, await store.open_on(tx, where, most=MOST_OPEN))
