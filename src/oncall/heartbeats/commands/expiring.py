"""Heartbeats and time: what is silent for too long expires, and no silence counts while nobody could listen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.heartbeats import rules
from oncall.heartbeats.commands.writing import write
from oncall.heartbeats.store import heartbeats as store
from oncall.heartbeats.store import history
from oncall.heartbeats.values import UNHEARD_AFTER, Heartbeat
from oncall.incidents.commands.alerts import alerts_over
from oncall.incidents.compiled import Judging


async def listen(tx: AsyncConnection, judging: Judging, *, without_a_break: bool, now: datetime) -> timedelta | None:
    """A node says that it takes check-ins. If none had said so for a while, every silence that may be our fault is counted anew from
    now, in the same transaction; returns for how long nobody could check in then, else None.

    `without_a_break`: this very node took check-ins all the time since it last said so, whatever the database's clock does.
    """
    before = await history.heard_until(tx)
    if before is None or without_a_break or now - before <= UNHEARD_AFTER:
        await history.listen(tx, now=now)
        return None
    before = await history.heard_until(tx, lock=True)
    if before is None or now - before <= UNHEARD_AFTER:
        return None  # another node was first, and has done it
    outcomes = [(beat, rules.excuse(beat, down_from=before, up_at=now)) for beat in await store.lock_counting(tx)]
    await write(tx, [outcome for beat, outcome in outcomes if outcome.heartbeat != beat], judging, now=now)
    await history.listen(tx, now=now)
    return now - before


async def somebody_listens(tx: AsyncConnection, *, now: datetime) -> bool:
    """Whether a node takes check-ins; while none does nothing expires, since nothing could be heard."""
    at = await history.heard_until(tx)
    return at is not None and now - at <= UNHEARD_AFTER


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[Heartbeat]:
    return await store.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)


async def run_due(tx: AsyncConnection, due: Sequence[Heartbeat], judging: Judging, *, now: datetime) -> None:
    """Decide locked heartbeats whose `next_at` has come, and write them, their history and their events as a set."""
    watched = [beat for beat in due if rules.watches(beat, now=now)]
    over = await alerts_over(tx, [rules.alert_key(beat.id) for beat in watched])
    since = {beat.id: over.get(rules.alert_key(beat.id)) for beat in watched}
    await write(tx, [rules.decide_due(beat, now=now, over_since=since.get(beat.id)) for beat in due], judging, now=now)


async def postpone(tx: AsyncConnection, beat: Heartbeat, *, until: datetime, error: Exception) -> None:
    await store.postpone(tx, beat.id, next_at=until, error=f"{type(error).__name__}: {error}"[:500])


async def next_due_at(tx: AsyncConnection) -> datetime | None:
    return await store.next_at(tx)
