"""What people do with incidents: acknowledge, resolve; and how they see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.access.rules import actor_of
from oncall.access.values import Caller, NotYours
from oncall.desk.commands.promises import get_promises
from oncall.desk.commands.records import get_records
from oncall.desk.rules.closing import closure_of
from oncall.desk.values import Closure, Priority
from oncall.desk.values.slas import Mark
from oncall.escalation.rules import goes_on_acknowledged
from oncall.escalation.values import EscalationState
from oncall.incidents.commands import joining
from oncall.incidents.commands.alerts import over_at
from oncall.incidents.commands.beside import bridges_of
from oncall.incidents.commands.inhibiting import source_over
from oncall.incidents.commands.updating import tell
from oncall.incidents.rules import life, timers
from oncall.incidents.rules.affirming import affirm
from oncall.incidents.rules.assigned import next_step
from oncall.incidents.rules.filing import resolved_as
from oncall.incidents.rules.promising import next_mark
from oncall.incidents.rules.roles import owed
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import event_lists
from oncall.incidents.store import events as event_store
from oncall.incidents.store import incidents as store
from oncall.incidents.store import merging as merging_store
from oncall.incidents.store import roles as role_store
from oncall.incidents.values import (
    AlertCounts,
    AlertSeen,
    Body,
    EventSeen,
    Incident,
    Overview,
    Status,
    UnknownActor,
    UnknownEvent,
    UnknownIncident,
)
from oncall.incidents.values.alerts import EventFilter
from oncall.kit import failpoints
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import EventId, IncidentId, ServiceId, UserId
from oncall.kit.metrics import INCIDENTS
from oncall.notifications import cancel_for
from oncall.services.commands import get_services
from oncall.teams.commands import get_users


@dataclass(frozen=True, slots=True)
class Done:
    """The incident as it is now, whether this call changed it, and how many pending messages that cancelled. `asked` is the one that was
    named, where it had been merged into this one.
    """

    incident: Incident
    changed: bool
    cancelled: int
    asked: Incident | None = None


async def acknowledge(tx: AsyncConnection, ref: UUID | int, *, by: Actor, owner_id: UserId | None, now: datetime) -> Done:
    """Somebody has it: one conditional update, and what is pending is cancelled in the same transaction. A second one is no error.

    One that was merged into another is that one now, also if it was merged at this very moment. Whoever has it already is still on it.
    """
    named = await get_incident(tx, ref)
    incident = await end_of(tx, named)
    while True:
        named_as = "" if incident.id == named.id else f", as #{named.number}, which was merged into it"
        reason = f"acknowledged by {by.name} through {by.via}{named_as}"
        changed = await _acknowledge(tx, incident, by=by, owner_id=owner_id, reason=reason, now=now)
        end = incident if changed else await end_of(tx, await get_incident(tx, incident.id))
        if end.id == incident.id:
            break
        incident = end
    if changed:
        done = await _done(tx, incident.id, changed, timeline.Kind.ACKNOWLEDGED, by, reason, now=now)
    else:
        done = await _affirm(tx, end, by, now=now)
    await joining.acknowledged(tx, incident.id, by, now=now)
    return done if incident.id == named.id else replace(done, asked=named)


async def _acknowledge(tx: AsyncConnection, incident: Incident, *, by: Actor, owner_id: UserId | None, reason: str, now: datetime) -> bool:
    """False if there was nothing to acknowledge. What of it goes on after that is worked out with the row locked."""
    if not goes_on_acknowledged(incident.snapshot):
        if await store.acknowledge(tx, incident.id, by=by, owner_id=owner_id, reason=reason, now=now):
            return True
        incident = await get_incident(tx, incident.id)
        if not goes_on_acknowledged(incident.snapshot):
            return False  # else it was given another policy at this very moment
    locked = (await store.lock_incidents(tx, [incident.id]))[incident.id]
    after = life.acknowledge(locked, by, owner=owner_id, now=now)
    await store.save_incidents(tx, [after] if after is not locked else [])
    return after is not locked


async def _affirm(tx: AsyncConnection, incident: Incident, by: Actor, *, now: datetime) -> Done:
    """It was acknowledged before: by the same person, it is time to resolve it that begins anew."""
    if affirm(incident, by, now=now) is not None:
        incident = (await store.lock_incidents(tx, [incident.id]))[incident.id]
    change = affirm(incident, by, now=now)
    if change is None:
        return Done(incident, changed=False, cancelled=0)
    await store.save_incidents(tx, [change.incident])
    await timeline.add(tx, [timeline.Entry(incident.id, now, change.kind, by, change.reason)])
    return Done(change.incident, changed=True, cancelled=0)


async def resolve(tx: AsyncConnection, ref: UUID | int, *, by: Actor, watched: timedelta | None = None, now: datetime) -> Done:
    """The service is restored: everything stops, and its open alerts count as resolved. `watched`: for so long at least the same problem
    reopens it.
    """
    incident = await get_incident(tx, ref)
    reason = f"resolved by {by.name} through {by.via}"
    changed = await store.resolve(tx, incident.id, by=by, reason=reason, watched=watched, now=now)
    if changed:
        await alert_store.resolve_alerts_of(tx, [incident.id], now=now)
        await source_over(tx, [incident.id], now=now)
    return await _done(tx, incident.id, changed, timeline.Kind.RESOLVED, by, reason, now=now)


async def _done(tx: AsyncConnection, id: IncidentId, changed: bool, kind: timeline.Kind, by: Actor, reason: str, *, now: datetime) -> Done:
    if not changed:
        return Done(await get_incident(tx, id), changed=False, cancelled=0)
    cancelled = (await cancel_for(tx, [id], acknowledged=kind is timeline.Kind.ACKNOWLEDGED)).get(id, 0)
    await tell(tx, [timeline.Entry(id, now, kind, by, reason, {"cancelled": cancelled})], now=now)
    INCIDENTS.labels(kind.value).inc()
    await failpoints.reach("ack.pre_commit")
    return Done(await get_incident(tx, id), changed=True, cancelled=cancelled)


async def end_of(tx: AsyncConnection, incident: Incident) -> Incident:
    """The one that has its alerts now: itself, unless it was merged."""
    if incident.merged_into_id is None:
        return incident
    return await get_incident(tx, (await merging_store.ends(tx, [incident.id]))[incident.id].id)


async def get_incident(tx: AsyncConnection, ref: UUID | int) -> Incident:
    """By id or by number."""
    found = await store.find_incident(tx, ref)
    if found is None:
        raise UnknownIncident("There is no incident with this id or number.")
    return found


async def get_incidents(tx: AsyncConnection, ids: Collection[IncidentId]) -> list[Incident]:
    """Those of them that exist, with one statement for any number."""
    return await store.get_incidents(tx, ids) if ids else []


async def list_graded(tx: AsyncConnection, *, after: IncidentId | None, limit: int) -> list[Incident]:
    """Open incidents that have a priority or are major, in the order of their ids."""
    return await store.list_graded(tx, after=after or UUID(int=0), limit=limit)


async def list_alerts(tx: AsyncConnection, ref: UUID | int, *, after: UUID | None, limit: int) -> list[AlertSeen]:
    """The alerts of an incident, in order of their first event."""
    incident = await get_incident(tx, ref)
    return await alert_store.list_alerts(tx, incident.id, after=after or UUID(int=0), limit=limit)


async def list_events(tx: AsyncConnection, ref: UUID | int, *, after: UUID | None, limit: int) -> list[EventSeen]:
    """The events of an incident, in order of receipt."""
    incident = await get_incident(tx, ref)
    return await event_store.list_events(tx, incident.id, after=after or UUID(int=0), limit=limit)


async def get_event(tx: AsyncConnection, id: EventId) -> tuple[EventSeen, Body | None]:
    """An event with the bytes it came in, or with None once they are gone."""
    found = await event_store.find_event(tx, id)
    if found is None:
        raise UnknownEvent("There is no event with this id.")
    return found


async def list_incidents(
    tx: AsyncConnection,
    *,
    before: UUID | None,
    statuses: Sequence[Status] | None = None,
    states: Sequence[EscalationState] | None = None,
    service_ids: Sequence[ServiceId] | None = None,
    dedup_key: str | None = None,
    priorities: Sequence[Priority] | None = None,
    closures: Sequence[Closure] | None = None,
    sla: Mark | None = None,
    limit: int,
) -> list[Incident]:
    """Newest first."""
    return await store.list_incidents(
        tx,
        before=before or UUID(int=2**128 - 1),
        statuses=statuses,
        states=states,
        service_ids=service_ids,
        dedup_key=dedup_key,
        priorities=priorities,
        closures=closures,
        sla=sla,
        limit=limit,
    )


async def list_all_events(tx: AsyncConnection, asked: EventFilter, *, before: UUID | None, limit: int) -> list[EventSeen]:
    """What came in, newest first, whether or not it became an incident."""
    return await event_lists.list_newest(tx, asked, before=before or UUID(int=2**128 - 1), limit=limit)


async def overview(tx: AsyncConnection, incidents: Sequence[Incident]) -> list[Overview]:
    """Incidents as people see them; a few statements for any number."""
    services = await get_services(tx, sorted({i.service_id for i in incidents}))
    owners = await get_users(tx, {i.owner_id for i in incidents if i.owner_id})
    counts = await alert_store.counts(tx, [i.id for i in incidents])
    records = await get_records(tx, [i.id for i in incidents])
    promises = await get_promises(tx, [id for id, its in records.items() if its.sla_id])
    bridges = await bridges_of(tx, [i.id for i in incidents])
    over = await over_at(tx, [i.id for i in incidents if i.status in {Status.TRIGGERED, Status.ACKNOWLEDGED}])
    holders = await role_store.list_holders(tx, [i.id for i in incidents]) if incidents else []
    return [
        Overview(
            i,
            next_step(i),
            services[i.service_id].name,
            owners[i.owner_id].name if i.owner_id and i.owner_id in owners else None,
            counts.get(i.id, AlertCounts()),
            timers.pending_actions(i, over_at=over.get(i.id), marks=next_mark(promises.get(i.id))),
            records.get(i.id),
            closure_of(resolved_as(i, counts.get(i.id)), records.get(i.id), i.process),
            promises.get(i.id),
            owed(i, [holder for holder in holders if holder.incident_id == i.id]),
            bridges.get(i.id),
        )
        for i in incidents
    ]


async def actor_for(tx: AsyncConnection, caller: Caller, user_id: UserId | None) -> tuple[Actor, UserId | None]:
    """Who does something over the API: the person an admin names, the person the key belongs to, else the key itself."""
    user_id = user_id or caller.user_id
    if user_id is None:
        return actor_of(caller), None
    if not caller.may_act_for(user_id):
        raise NotYours("Only an admin's key may act on behalf of another person.")
    user = (await get_users(tx, [user_id])).get(user_id)
    if user is None:
        raise UnknownActor("There is no user with this user_id.")
    return Actor(ActorKind.USER, user.id, user.name, "api"), user_id
