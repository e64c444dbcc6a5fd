"""Check-ins: stored before they are answered, a few at a time, so that they and everything else leave each other room."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.rules import hash_key
from oncall.heartbeats import rules
from oncall.heartbeats.commands.writing import write
from oncall.heartbeats.store import heartbeats as store
from oncall.heartbeats.store import history
from oncall.heartbeats.store.heartbeats import Found
from oncall.heartbeats.values import CheckedIn, GetNotAllowed, UnknownHeartbeatKey
from oncall.incidents.compiled import Judging
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool, wait_for_locks
from oncall.kit.errors import Unavailable
from oncall.kit.ids import ServiceId, new_id
from oncall.kit.metrics import HEARTBEATS
from oncall.kit.trouble import Trouble, again, trouble

T = TypeVar("T")

AT_ONCE = 3
"""Half of the pool: whoever looks something up has the other half, and a thousand jobs that end at midnight take turns."""

PATIENCE = 8.0
"""Seconds for which a check-in waits its turn before its sender is told to come again."""

LOCKED, TRIES = timedelta(seconds=2), 3
"""How long a check-in waits for its heartbeat, and how often: whoever sends it waits for all of it."""

KEY = re.compile(r"[a-z0-9]{32}")
"""What cannot be a key is not looked up."""

BUSY = "Too many check-ins are waiting; send this one again shortly."


class CheckIns:
    """Takes check-ins, each in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, judging: Judging) -> None:
        self._database, self._clock, self._judging = database, clock, judging
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def by_key(self, key: str, *, by_get: bool = False) -> CheckedIn:
        """Stored when this returns. Raises UnknownHeartbeatKey, or GetNotAllowed where the heartbeat has not opted in."""
        if not KEY.fullmatch(key):
            raise UnknownHeartbeatKey

        async def find(tx: AsyncConnection) -> Found:
            found = await store.find_by_key(tx, hash_key(key))
            if found is None:
                raise UnknownHeartbeatKey
            if by_get and not found.allow_get:
                raise GetNotAllowed
            return found

        checked_in = await self._take(find, "GET" if by_get else "POST")
        if checked_in is None:
            raise UnknownHeartbeatKey  # deleted a moment ago
        return checked_in

    async def by_name(self, service_id: ServiceId, name: str, *, via: str) -> CheckedIn | None:
        """The service's heartbeat of that name, as other tools' APIs name them; None if it has none."""
        return await self._take(lambda tx: store.find_by_name(tx, service_id, name), via)

    async def _take(self, find: Callable[[AsyncConnection], Awaitable[Found | None]], via: str) -> CheckedIn | None:
        async def transaction() -> CheckedIn | None:
            async with self._database.transaction(Pool.API) as tx:
                await wait_for_locks(tx, at_most=LOCKED)
                found = await find(tx)
                return await check_in(tx, found, via, self._judging, now=await self._clock.now(tx)) if found else None

        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable(BUSY) from None
        try:
            checked_in = await _once_more(lambda: again(transaction, tries=TRIES))
        finally:
            self._turns.release()
        if checked_in:
            HEARTBEATS.labels("checked_in").inc()
        return checked_in


async def check_in(tx: AsyncConnection, found: Found, via: str, judging: Judging, *, now: datetime) -> CheckedIn | None:
    """Nearly always one conditional update; what changes more than the clock is decided under the heartbeat's lock."""
    id = new_id()
    quick = await store.check_in(tx, found.id, id, via, now=now)
    if quick:
        return quick
    beat = await store.find_heartbeat(tx, found.id, lock=True)
    if beat is None:
        return None
    outcome = rules.check_in(beat, now=now)
    await history.keep_check_in(tx, beat.id, outcome.heartbeat.check_in_count, id, via, now=now)
    await write(tx, [outcome], judging, now=now)
    after = outcome.heartbeat
    return CheckedIn(after.settings.name, rules.state_of(after, now=now), rules.expires_at(after))


async def _once_more(run: Callable[[], Awaitable[T]]) -> T:
    """After a lost connection: a check-in that is stored twice does no harm, and few senders come again."""
    try:
        return await run()
    except (DBAPIError, OSError) as error:
        if trouble(error) is not Trouble.UNREACHABLE:
            raise
    return await run()
