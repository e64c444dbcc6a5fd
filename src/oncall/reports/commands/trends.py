"""What comes again and again: gathered in one statement, compared off the event loop."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId, TeamId
from oncall.reports.rules.trends import trends_of
from oncall.reports.store import trends as store
from oncall.reports.values.measures import USUAL, BadRange
from oncall.reports.values.trends import LONGEST, MOST_INCIDENTS, Happened, TooMuch, Trends


async def get_trends(
    tx: AsyncConnection,
    *,
    since: datetime | None,
    until: datetime | None,
    service_id: ServiceId | None,
    team_id: TeamId | None,
    limit: int,
    now: datetime,
) -> Trends:
    """Of a range (the last 30 days, unless it is said). Raises BadRange, TooMuch."""
    end = until or now
    start = since or end - USUAL
    found = await happened_in(tx, since=start, until=end, service_id=service_id, team_id=team_id)
    return await asyncio.to_thread(partial(trends_of, found, since=start, until=end, limit=limit))


async def happened_in(
    tx: AsyncConnection, *, since: datetime, until: datetime, service_id: ServiceId | None, team_id: TeamId | None = None
) -> list[Happened]:
    """Incidents that opened in a range and are over. Raises BadRange, TooMuch."""
    if not timedelta(0) < until - since <= LONGEST:
        raise BadRange(f"until must be later than since, by {LONGEST.days} days at most.", field="until")
    found = await store.happened(tx, since=since, until=until, service_id=service_id, team_id=team_id, limit=MOST_INCIDENTS + 1)
    if len(found) > MOST_INCIDENTS:
        raise TooMuch(f"More than {MOST_INCIDENTS:,} incidents are in this range: ask for a shorter one, or a service.", field="since")
    return found
