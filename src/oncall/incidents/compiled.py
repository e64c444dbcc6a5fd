"""By what events and incidents are judged: kept ready, and exact in each transaction that asks."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.compiled import Exact, revisions_of
from oncall.services.rules.routing import Routing
from oncall.silences.rules.muting import Mutings


@dataclass(frozen=True, slots=True)
class Judging:
    """What a transaction that may page must know of settings, as they are in that very transaction."""

    mutings: Exact[Mutings]
    routing: Exact[Routing]

    async def of(self, tx: AsyncConnection) -> tuple[Routing, Mutings]:
        """Both in one round trip."""
        revisions = await revisions_of(tx, self.routing, self.mutings)
        routing = await self.routing.as_of(tx, revisions[self.routing.topic])
        return routing, await self.mutings.as_of(tx, revisions[self.mutings.topic])
