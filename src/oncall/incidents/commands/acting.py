"""What a person does with one incident: it is locked, what becomes of it is decided, and that is written and told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.commands.inhibiting import source_over
from oncall.incidents.commands.updating import tell
from oncall.incidents.commands.verbs import Done, end_of, get_incident
from oncall.incidents.rules import returning, snoozing
from oncall.incidents.rules.inhibiting import counts_as_source
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.acting import Change
from oncall.kit import failpoints
from oncall.kit.actors import Actor
from oncall.kit.db import notify
from oncall.kit.ids import UserId
from oncall.kit.metrics import INCIDENTS
from oncall.notifications import cancel_for


@dataclass(frozen=True, slots=True)
class Locked:
    """An incident nobody else changes now. `named` is the one that was asked for, which may have been merged into it."""

    incident: Incident
    named: Incident


async def unacknowledge(tx: AsyncConnection, ref: UUID | int, *, by: Actor, reason: str | None, now: datetime) -> Done:
    """Nobody has it after all: triggered again, its policy begins anew at once."""
    its = await lock(tx, ref)
    return await carry_out(tx, its, returning.unacknowledge(its.incident, by, reason=reason, now=now), by=by, now=now)


async def reopen(tx: AsyncConnection, ref: UUID | int, *, by: Actor, reason: str | None, now: datetime) -> Done:
    """It is not over after all. Whoever opens another of its group at this very moment was first: then it is decided again."""
    its = await lock(tx, ref)
    taken = await _group_taken_by(tx, its.incident)
    change = returning.reopen_by_hand(its.incident, by, reason=reason, group_taken_by=taken, now=now)
    return await carry_out(tx, its, change, by=by, now=now)


async def snooze(
    tx: AsyncConnection,
    ref: UUID | int,
    *,
    by: Actor,
    owner_id: UserId | None,
    duration: timedelta | None,
    until: datetime | None,
    reason: str | None,
    now: datetime,
) -> Done:
    """Whoever has it puts it off for so long, or until then."""
    ends = snoozing.until_of(duration, until, now=now)
    return await snooze_until(tx, ref, by=by, owner_id=owner_id, until=ends, reason=reason, now=now)


async def snooze_until(
    tx: AsyncConnection, ref: UUID | int, *, by: Actor, owner_id: UserId | None, until: datetime, reason: str | None, now: datetime
) -> Done:
    """Nothing is paged until then, and what is pending is cancelled."""
    its = await lock(tx, ref)
    change = snoozing.snooze(its.incident, by, owner=owner_id, until=until, reason=reason, now=now)
    return await carry_out(tx, its, change, by=by, now=now)


async def _group_taken_by(tx: AsyncConnection, incident: Incident) -> int | None:
    if incident.status is not Status.RESOLVED or incident.group_key is None:
        return None
    key = incident.service_id, incident.group_key
    open = (await store.gathering(tx, [key])).get(key)
    return (await get_incident(tx, open)).number if open is not None else None


async def lock(tx: AsyncConnection, ref: UUID | int) -> Locked:
    """The incident that has the alerts of the one asked for, also if that was merged at this very moment."""
    named = await get_incident(tx, ref)
    end = await end_of(tx, named)
    while True:
        locked = (await store.lock_incidents(tx, [end.id]))[end.id]
        if locked.merged_into_id is None:
            return Locked(locked, named)
        end = await end_of(tx, locked)


async def carry_out(tx: AsyncConnection, its: Locked, change: Change | None, *, by: Actor, now: datetime) -> Done:
    """Write what was decided; None: there was nothing to change."""
    before, asked = its.incident, its.named if its.named.id != its.incident.id else None
    if change is None:
        return Done(before, changed=False, cancelled=0, asked=asked)
    await store.save_incidents(tx, [change.incident])
    if change.incident.snapshot != before.snapshot:
        await store.save_snapshot(tx, change.incident)
    cancelled = (await cancel_for(tx, [before.id])).get(before.id, 0) if change.cancels else 0
    named_as = f" (as #{asked.number}, which was merged into it)" if asked else ""
    detail: dict[str, object] = {"cancelled": cancelled}
    await tell(tx, [timeline.Entry(before.id, now, change.kind, by, f"{change.reason}{named_as}", detail)], now=now)
    if counts_as_source(before, None, now=now) and not counts_as_source(change.incident, None, now=now):
        await source_over(tx, [before.id], now=now)
    await notify(tx, "incidents")
    INCIDENTS.labels(change.kind.value).inc()
    await failpoints.reach("ack.pre_commit")
    return Done(await get_incident(tx, before.id), changed=True, cancelled=cancelled, asked=asked)
