"""What time alone makes due in schedules: the past must be written down, and calendars of others must be read again."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.engine import Pass
from oncall.kit.clock import Clock
from oncall.kit.compiled import CONFIGURATION, changed
from oncall.kit.db import Database, Pool
from oncall.kit.errors import Refusal
from oncall.kit.http_client import HttpClient, HttpReply, NoAnswer, NotSent
from oncall.kit.log import get_log
from oncall.kit.outbound import AddressNotAllowed
from oncall.kit.trouble import again
from oncall.schedules.commands import recording, sources
from oncall.schedules.commands.recording import Due
from oncall.schedules.values import CalendarSource
from oncall.schedules.values.calendars import Calendar

log = get_log("schedules")
RETRY = timedelta(minutes=10)
LEASE = timedelta(minutes=5)
AT_ONCE = 32
TAKEN_AT_ONCE = 2
"""So many read and write in the database: it is paged from the same connections."""
CALENDAR_LIMIT = 1_000_000
DEADLINE = 20.0


class DueRecords:
    """Every schedule, every few minutes: what is not written down yet is computed until then, so nothing hangs on the minute."""

    name = "schedules"

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[Due]:
        return await recording.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)

    async def run(self, tx: AsyncConnection, rows: Sequence[Due], *, now: datetime) -> None:
        await recording.record_due(tx, rows, now=now)

    async def postpone(self, tx: AsyncConnection, row: Due, error: Exception, *, now: datetime) -> None:  # noqa: ARG002 — the log has it
        await recording.postpone(tx, row[0], until=now + RETRY)

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        return await recording.next_at(tx)


class CalendarReader:
    """Each calendar about every hour, later after failures: fetched with no transaction open, then taken over as a whole or not at all."""

    name = "calendars"

    def __init__(self, client: HttpClient, *, database: Database, clock: Clock, every: timedelta) -> None:
        self.every = every
        self._client, self._database, self._clock = client, database, clock
        self._turns = asyncio.Semaphore(TAKEN_AT_ONCE)

    async def run(self) -> Pass:
        """Read those that are due, a few at once."""
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            claimed = await sources.claim_due(tx, now=now, lease=LEASE, limit=AT_ONCE)
            next_at = await sources.next_at(tx)
        await asyncio.gather(*(self._read(source) for source in claimed))
        return Pass(len(claimed), now, next_at)

    async def drain(self, *, timeout: float) -> None:
        """A pass reads what it claimed; one that is cut off is read again when its lease ends."""

    async def _read(self, source: CalendarSource) -> None:
        try:
            why = await self._fetch(source)
        except Exception:
            log.exception("a calendar could not be read, which is a defect", source=str(source.id))
            why = "This calendar could not be read because of a defect of ours; it has been logged."
        if why is not None:
            async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
                await sources.note_failure(tx, source, why, now=await self._clock.now(tx))

    async def _fetch(self, source: CalendarSource) -> str | None:
        """Why it failed; None when it is taken over, or still good."""
        headers = {"Accept": "text/calendar, */*;q=0.1"}
        try:
            reply = await self._client.request("GET", source.url, headers=headers, deadline=DEADLINE, limit=CALENDAR_LIMIT + 1)
        except (AddressNotAllowed, NotSent, NoAnswer) as error:
            return str(error)
        if why := _refused(reply):
            return why
        try:
            async with self._turns:
                async with self._database.transaction(Pool.ENGINE, read_only=True) as tx:
                    now = await self._clock.now(tx)
                    zone = await sources.zone_of(tx, source, now=now)
                calendar = await sources.read(reply.body, zone=zone, now=now)
                await again(lambda: self._take_over(source, calendar))
        except Refusal as error:
            return str(error)
        return None

    async def _take_over(self, source: CalendarSource, calendar: Calendar) -> None:
        async with self._database.transaction(Pool.ENGINE) as tx:
            if await sources.take_over(tx, source, calendar, now=await self._clock.now(tx)):
                await changed(tx, CONFIGURATION)


def _refused(reply: HttpReply) -> str | None:
    if 300 <= reply.status < 400:
        return f"The address answers {reply.status}: redirects are not followed, so give the address that it leads to."
    if reply.status != 200:
        return f"The address answers {reply.status}."
    if reply.cut:
        return f"The calendar is larger than {CALENDAR_LIMIT // 1_000_000} MB."
    return None
