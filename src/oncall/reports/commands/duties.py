"""How long people are on call: schedules are loaded once, then resolved off the event loop, without the database."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.kit.limits import TooMany
from oncall.reports.commands.measures import range_of
from oncall.reports.rules.duties import days_of, duties_of, stretches_of
from oncall.reports.values.duties import MOST_DAYS, Duties, TooManySchedules
from oncall.reports.values.measures import MOST_LINES, Apart
from oncall.schedules.commands import load_schedules, rendered, schedule_ids
from oncall.schedules.values import Schedule, Tile
from oncall.schedules.values.fairness import Person
from oncall.teams.commands import get_users, names_of

TRY_AGAIN = 10
RUNNING = "Time on call is being added up on this node for somebody else, and once at a time is enough work for it: try again."


class Adder:
    """Adds up time on call, for one who asks at a time on each node."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._is_running = False

    async def ask(self, apart: Apart, *, since: datetime | None, until: datetime | None, team_id: TeamId | None) -> Duties:
        """Of a range (the last 30 days, unless it is said). Raises TooMany while another one is added up, BadRange, TooManySchedules."""
        if self._is_running:
            raise TooMany(RUNNING, retry_after=TRY_AGAIN)
        self._is_running = True
        try:
            return await self._add_up(apart, since, until, team_id)
        finally:
            self._is_running = False

    async def _add_up(self, apart: Apart, since: datetime | None, until: datetime | None, team_id: TeamId | None) -> Duties:
        async with self._open() as tx:
            start, end = range_of(since, until, now=await self._clock.now(tx), whole_seconds=True)
            schedules = await _load(tx, team_id, since=start, until=end)
        tiles: list[Sequence[Tile]] = [await rendered(schedule, start, end) for schedule in schedules.values()]
        stretches = await asyncio.to_thread(stretches_of, tiles)
        async with self._open() as tx:
            people = await _people(tx, sorted(stretches))
        lines = await asyncio.to_thread(duties_of, stretches, people, by_week=apart is Apart.WEEK)
        return Duties(start, end, apart, len(schedules), lines[:MOST_LINES], len(lines) > MOST_LINES)

    def _open(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._database.transaction(Pool.API, read_only=True)


async def _load(tx: AsyncConnection, team_id: TeamId | None, *, since: datetime, until: datetime) -> Mapping[ScheduleId, Schedule]:
    ids = await schedule_ids(tx, team_id=team_id)
    if days_of(until - since, len(ids)) > MOST_DAYS:
        most = max(MOST_DAYS // len(ids), 1)
        raise TooManySchedules(
            f"There are {len(ids):,} schedules; of so many {most} days are added up at most: ask for a shorter range, or for a team.",
            field="since",
        )
    return await load_schedules(tx, ids, since=since, until=until)


async def _people(tx: AsyncConnection, ids: Sequence[UserId]) -> Mapping[UserId, Person]:
    """Those who were removed are counted in UTC."""
    living, names = await get_users(tx, ids), await names_of(tx, ids)
    return {id: Person(names.get(id, "(removed)"), living[id].time_zone if id in living else "UTC", frozenset()) for id in ids}
