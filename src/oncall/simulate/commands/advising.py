"""Which change of a service would have helped: what happened says what might have, and a replay of each whether it would."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from oncall.access.values import Caller
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import ServiceId
from oncall.reports.commands.trends import happened_in
from oncall.reports.values.measures import USUAL
from oncall.services.commands import get_service
from oncall.silences.commands.muting import list_muters
from oncall.silences.values.windows import WindowSettings
from oncall.simulate.commands.proposals import Proposal
from oncall.simulate.commands.replaying import Asked, Replays
from oncall.simulate.rules.advising import best_first, changes_of, judge, settings_of
from oncall.simulate.store import records as store
from oncall.simulate.values.advising import MOST_EVENTS, Advice, Advised, Change, Rejected


class Adviser:
    """Tries changes one after the other, in the place of a replay: one of either at a time on each node."""

    def __init__(self, database: Database, clock: Clock, replays: Replays) -> None:
        self._database, self._clock, self._replays = database, clock, replays

    async def advise(self, service_id: ServiceId, *, since: datetime | None, until: datetime | None, caller: Caller) -> Advised:
        """Of a range (the last 30 days, unless it is said). Raises UnknownService, and what a replay raises."""
        async with self._database.transaction(Pool.API, read_only=True) as tx:
            end = until or await self._clock.now(tx)
            start = since or end - USUAL
            service = await get_service(tx, service_id)
            happened = await happened_in(tx, since=start, until=end, service_id=service_id)
            acted = await store.acted_on(tx, service_id, since=start, until=end)
            windows = [settings_of(window) for window in (await list_muters(tx, since=start)).windows]
        changes = await asyncio.to_thread(partial(changes_of, service, happened, since=start))
        asked = [Asked(start, end, service_id, _proposing(change, windows), most=MOST_EVENTS) for change in changes]
        found = await self._replays.replay_each(asked, caller=caller)
        judged = [judge(change, one.compared, acted.keys(), acted) for change, one in zip(changes, found, strict=True)]
        return Advised(
            start,
            end,
            service,
            len(happened),
            len(acted),
            best_first([one for one in judged if isinstance(one, Advice)]),
            [one for one in judged if isinstance(one, Rejected)],
            windows,
        )


def _proposing(change: Change, windows: Sequence[WindowSettings]) -> Proposal:
    if change.window is not None:
        return Proposal(windows=[*windows, change.window])
    return Proposal(services={change.service.id: lambda _: change.service})
