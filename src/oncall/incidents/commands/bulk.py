"""One verb for many incidents: each in a transaction of its own, so that what cannot be done of one undoes nothing of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.incidents.commands import acting, verbs
from oncall.incidents.commands.verbs import Done
from oncall.incidents.rules.bulk import check_said
from oncall.incidents.rules.snoozing import until_of
from oncall.incidents.values.acting import BulkVerb, Each
from oncall.kit.actors import Actor
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.errors import Refusal
from oncall.kit.ids import UserId
from oncall.kit.trouble import ConcurrentChange, Trouble, again, trouble

BUSY = "busy", "Others were changing this incident: send it again."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done with each of them, as it was said."""

    verb: BulkVerb
    user_id: UserId | None = None
    duration: timedelta | None = None
    until: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """The same, with who does it, and one end for all snoozes."""

    verb: BulkVerb
    by: Actor
    owner_id: UserId | None
    until: datetime | None
    reason: str | None


class Bulk:
    """Acts on many incidents, one after the other: whoever acknowledges one of them meanwhile waits for one at most."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def act(self, refs: Sequence[UUID | int], asked: Asked, caller: Caller) -> list[Each]:
        """In the order given. What is wrong with all of them is refused before anything is done."""
        check_said(asked.verb, duration=asked.duration, until=asked.until, reason=asked.reason)
        async with self._database.transaction(Pool.ACKS) as tx:
            by, owner_id = await verbs.actor_for(tx, caller, asked.user_id)
            now = await self._clock.now(tx)
        until = until_of(asked.duration, asked.until, now=now) if asked.verb is BulkVerb.SNOOZE else None
        deed = Deed(asked.verb, by, owner_id, until, asked.reason)
        return [await self._each(ref, deed) for ref in refs]

    async def _each(self, ref: UUID | int, deed: Deed) -> Each:
        async def act() -> Done:
            async with self._database.transaction(Pool.ACKS) as tx:
                return await _do(tx, ref, deed, now=await self._clock.now(tx))

        try:
            done = await again(act, tries=3)
        except Refusal as refusal:
            return Each(ref, problem=(refusal.code, str(refusal)))
        except (DBAPIError, ConcurrentChange) as error:
            if trouble(error) is not Trouble.CONFLICT:
                raise
            return Each(ref, problem=BUSY)
        return Each(ref, done.incident, done.changed, done.cancelled)


async def _do(tx: AsyncConnection, ref: UUID | int, deed: Deed, *, now: datetime) -> Done:
    match deed.verb:
        case BulkVerb.ACKNOWLEDGE:
            return await verbs.acknowledge(tx, ref, by=deed.by, owner_id=deed.owner_id, now=now)
        case BulkVerb.RESOLVE:
            return await verbs.resolve(tx, ref, by=deed.by, now=now)
        case BulkVerb.UNACKNOWLEDGE:
            return await acting.unacknowledge(tx, ref, by=deed.by, reason=deed.reason, now=now)
        case BulkVerb.REOPEN:
            return await acting.reopen(tx, ref, by=deed.by, reason=deed.reason, now=now)
        case BulkVerb.SNOOZE:
            until = deed.until or now
            return await acting.snooze_until(tx, ref, by=deed.by, owner_id=deed.owner_id, until=until, reason=deed.reason, now=now)
        case _:
            assert_never(deed.verb)
