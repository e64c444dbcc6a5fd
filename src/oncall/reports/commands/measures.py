"""What can be asked of the record: incidents by groups, and what people were paged."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId, TeamId
from oncall.reports.store import measures as store
from oncall.reports.values.measures import AGAIN_WITHIN, LONGEST, MOST_GROUPS, MOST_LINES, USUAL, Apart, BadRange, By, Loads, Measured

GONE = "(deleted)"
NONE = "(none)"


async def measure(tx: AsyncConnection, *, limit: int) -> int:
    """Measure incidents that are over and were not measured as they ended; how many there were, `limit` at most."""
    return await store.take(tx, limit=limit)


async def count_incidents(
    tx: AsyncConnection,
    by: By,
    *,
    since: datetime | None,
    until: datetime | None,
    again_within: timedelta = AGAIN_WITHIN,
    service_id: ServiceId | None = None,
    team_id: TeamId | None = None,
    now: datetime,
) -> Measured:
    """Incidents that opened in a range (the last 30 days, unless it is said), told apart by something, and all together."""
    start, end = range_of(since, until, now=now)
    found = await store.count(
        tx, by, since=start, until=end, again_within=again_within, service_id=service_id, team_id=team_id, limit=MOST_GROUPS + 2
    )
    total, groups = found[0], found[1:]
    names = await store.names(tx, by, [group.key for group in groups if group.key])
    unnamed = GONE if by in store.NAMES else None
    named = [replace(group, name=names.get(group.key or "", unnamed or group.key or "") if group.key else NONE) for group in groups]
    return Measured(start, end, by, named[:MOST_GROUPS], total, len(groups) > MOST_GROUPS)


async def load_of_people(tx: AsyncConnection, apart: Apart, *, since: datetime | None, until: datetime | None, now: datetime) -> Loads:
    """Who was paged in a range, how often, and how often at night: whoever lost the most sleep first; by week, one after the other."""
    start, end = range_of(since, until, now=now)
    lines = await store.load(tx, since=start, until=end, by_week=apart is Apart.WEEK, limit=MOST_LINES + 1)
    return Loads(start, end, apart, lines[:MOST_LINES], len(lines) > MOST_LINES)


def range_of(since: datetime | None, until: datetime | None, *, now: datetime, whole_seconds: bool = False) -> tuple[datetime, datetime]:
    """The last 30 days, unless it is said. Raises BadRange."""
    end = until or now
    start = since or end - USUAL
    if whole_seconds:
        start, end = start.replace(microsecond=0), end.replace(microsecond=0)
    if not timedelta(0) < end - start <= LONGEST:
        raise BadRange(f"until must be later than since, by {LONGEST.days} days at most.", field="until")
    return start, end
