"""Major incidents: declared by a person, a rule or the gravest priority, and stood down."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.verbs import Done
from oncall.incidents.rules import major as rules
from oncall.incidents.store import major as store
from oncall.incidents.values import Incident
from oncall.incidents.values.acting import Change
from oncall.kit.actors import Actor


async def declare_major(tx: AsyncConnection, incident: Incident, by: Actor, reason: str, *, now: datetime) -> Incident:
    """The locked incident as a major one; one that is already stays as it is, without another word."""
    return await _write(tx, incident, rules.declared(incident, by, reason=reason), by, now=now)


async def stand_down(tx: AsyncConnection, incident: Incident, by: Actor, reason: str, *, now: datetime) -> Incident:
    """The locked incident as one of many again."""
    return await _write(tx, incident, rules.stood_down(incident, by, reason=reason), by, now=now)


async def declare(tx: AsyncConnection, ref: UUID | int, *, by: Actor, reason: str, now: datetime) -> Done:
    its = await lock(tx, ref)
    after = await declare_major(tx, its.incident, by, reason, now=now)
    return Done(after, after.is_major is not its.incident.is_major, 0, its.named if its.named.id != after.id else None)


async def stand(tx: AsyncConnection, ref: UUID | int, *, by: Actor, reason: str, now: datetime) -> Done:
    its = await lock(tx, ref)
    after = await stand_down(tx, its.incident, by, reason, now=now)
    return Done(after, after.is_major is not its.incident.is_major, 0, its.named if its.named.id != after.id else None)


async def _write(tx: AsyncConnection, incident: Incident, change: Change | None, by: Actor, *, now: datetime) -> Incident:
    if change is None:
        return incident
    await store.save_major(tx, change.incident)
    await timeline.add(tx, [timeline.Entry(incident.id, now, change.kind, by, change.reason)])
    return change.incident
