"""A room is shown elsewhere, step by step: what comes next, and what became of it. Nobody calls out here."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.values import FailedTemporarily, Outcome, Sent
from oncall.communications.rules import mirrors as rules
from oncall.communications.store import mirrors as store
from oncall.communications.values.mirrors import Begin, LeaveOut, Mirror, Planned
from oncall.incidents.commands.verbs import get_incident


async def claim(tx: AsyncConnection, *, now: datetime, lease: timedelta, limit: int) -> tuple[Sequence[Mirror], datetime | None]:
    """Rooms that are behind, each for one node at a time; and when the next one is due."""
    return await store.claim(tx, now=now, lease_until=now + lease, limit=limit), await store.next_at(tx)


async def next_at(tx: AsyncConnection) -> datetime | None:
    """When the next one is due."""
    return await store.next_at(tx)


async def plan(tx: AsyncConnection, mirror: Mirror, *, lease: timedelta, now: datetime) -> Planned | None:
    """The next call to make, what needs none passed over; None when all was told (it rests then), or it is another's by now."""
    while True:
        next = await store.next_entry(tx, mirror, now=now)
        if next is None:
            await store.rest(tx, mirror, now=now)
            return None
        step = rules.plan_step(next, now=now)
        if not isinstance(step, LeaveOut):
            break
        mirror = replace(mirror, mirrored_seq=next.entry.seq)
        if not await store.move(tx, mirror, lease_until=now + lease):
            return None
    if mirror.thread is None:
        incident = await get_incident(tx, mirror.incident_id)
        return Planned(mirror, Begin(f"#{incident.number} {incident.title}: what is said in its room"), None, None, now)
    return Planned(mirror, step, next.entry, next.entry.message_id, now)


async def record(tx: AsyncConnection, planned: Planned, outcome: Outcome, *, lease: timedelta, now: datetime) -> Mirror | None:
    """The mirror to go on with; None after a failure, which is tried again later, or if another has it by now."""
    mirror = planned.mirror
    if not isinstance(outcome, Sent):
        asked = outcome.retry_after if isinstance(outcome, FailedTemporarily) else None
        pause = rules.pause_after(mirror.failures + 1, asked=asked)
        await store.fail(tx, mirror, error=outcome.detail, next_at=now + pause)
        return None
    if planned.entry is None:
        moved = replace(mirror, thread=outcome.provider_id, failures=0)
    else:
        moved = replace(mirror, mirrored_seq=planned.entry.seq, failures=0)
    if not await store.move(tx, moved, lease_until=now + lease):
        return None
    if planned.message_id is not None and outcome.provider_id:
        await store.name_message(tx, planned.message_id, outcome.provider_id)
    return moved
