"""REST for incidents: see them, acknowledge, resolve, and read what happened."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from oncall.access.api import Reader, Responder
from oncall.desk.values import Closure, Priority
from oncall.desk.values.slas import Mark
from oncall.escalation.values import EscalationState
from oncall.incidents.commands import ranking, verbs
from oncall.incidents.schemas.incidents import AlertOut, EntryOut, EventOut, IncidentDone, IncidentOut, NotificationOut, Numbered, VerbIn
from oncall.incidents.values import Incident, Status, UnknownIncident
from oncall.kit.errors import Invalid
from oncall.kit.http import AckTx, AgainRoute, DedupKey, Listed, Paging, PagingIfAsked, ReadTx, now_in, set_etag
from oncall.kit.ids import ServiceId
from oncall.notifications import list_for_incident
from oncall.timeline import list_entries

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)


async def _ref(incident: Annotated[str, Path(max_length=40, description="Id or number of the incident.")]) -> UUID | int:
    try:
        return int(incident) if incident.isascii() and incident.isdecimal() and len(incident) < 19 else UUID(incident)
    except ValueError:
        raise UnknownIncident("There is no incident with this id or number.") from None


Ref = Annotated[UUID | int, Depends(_ref)]


@router.get("")
async def list_incidents(
    request: Request,
    _: Reader,
    tx: ReadTx,
    page: Paging,
    status: Annotated[list[Status] | None, Query()] = None,
    escalation_state: Annotated[list[EscalationState] | None, Query()] = None,
    service_id: ServiceId | None = None,
    dedup_key: DedupKey | None = None,
    priority: Annotated[list[Priority] | None, Query()] = None,
    closure: Annotated[list[Closure] | None, Query()] = None,
    order: Annotated[Literal["newest", "rank"], Query(description="`rank`: the queue of those that are open, with reasons.")] = "newest",
    sla: Annotated[Mark | None, Query(description="Only those of which a promise is at risk now, or is or was broken.")] = None,
) -> Listed[IncidentOut]:
    """Newest first, or the queue: open ones by priority, time left by their SLA, affected users and age. Several values of one filter mean
    any of them; the queue knows no filter but `service_id`.
    """
    if order == "rank":
        return await _queue(request, tx, page, service_id, [status, escalation_state, dedup_key, priority, closure, sla])
    found = await verbs.list_incidents(
        tx,
        before=page.after,
        statuses=status,
        states=escalation_state,
        service_ids=None if service_id is None else [service_id],
        dedup_key=dedup_key,
        priorities=priority,
        closures=closure,
        sla=sla,
        limit=page.limit + 1,
    )
    shown, cursor = page.cut(found)
    return Listed(items=await incidents_out(tx, shown), next_cursor=cursor)


async def _queue(
    request: Request, tx: ReadTx, page: Paging, service_id: ServiceId | None, filters: Sequence[object]
) -> Listed[IncidentOut]:
    if any(filters):
        raise Invalid("The queue (`order=rank`) is of all that are open: of the filters it knows `service_id` alone.", field="order")
    services = None if service_id is None else [service_id]
    now = await now_in(request, tx)
    found = await ranking.list_queue(tx, service_ids=services, after=page.after, limit=page.limit + 1, now=now)
    shown, cursor = page.cut([incident for incident, _ in found])
    ranks = {incident.id: rank for incident, rank in found}
    return Listed(items=[IncidentOut.of(seen, ranks[seen.incident.id]) for seen in await verbs.overview(tx, shown)], next_cursor=cursor)


@router.get("/{incident}")
async def get_incident(ref: Ref, response: Response, _: Reader, tx: ReadTx) -> IncidentOut:
    [seen] = await verbs.overview(tx, [await verbs.get_incident(tx, ref)])
    set_etag(response, seen.record.version if seen.record else 1)
    return IncidentOut.of(seen)


@router.post("/{incident}/acknowledge")
async def acknowledge(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: VerbIn | None = None) -> IncidentDone:
    """Somebody has it: nothing pending is sent any more. A second acknowledgement is no error and says who was first; one by
    whoever has it says that they are still on it, and the acknowledgement time-out begins anew. One that was merged
    into another acknowledges that one, which is then the answer.
    """
    by, user_id = await verbs.actor_for(tx, caller, body.user_id if body else None)
    return await done_out(tx, await verbs.acknowledge(tx, ref, by=by, owner_id=user_id, now=await now_in(request, tx)))


@router.get("/{incident}/timeline")
async def get_timeline(ref: Ref, _: Reader, tx: ReadTx, page: PagingIfAsked) -> Listed[EntryOut]:
    """Everything that happened, in order, each with who, through what, and why."""
    found = await verbs.get_incident(tx, ref)
    shown, cursor = page.cut(await list_entries(tx, found.id, after=page.after, limit=page.limit + 1))
    return Listed(items=[EntryOut.of(recorded) for recorded in shown], next_cursor=cursor)


@router.get("/{incident}/notifications")
async def get_notifications(ref: Ref, _: Reader, tx: ReadTx, page: PagingIfAsked) -> Listed[NotificationOut]:
    """Every message of every page, with every try."""
    found = await verbs.get_incident(tx, ref)
    shown, cursor = page.cut(await list_for_incident(tx, found.id, after=page.after, limit=page.limit + 1))
    return Listed(items=[NotificationOut.of(n) for n in shown], next_cursor=cursor)


@router.get("/{incident}/alerts")
async def list_alerts(ref: Ref, request: Request, _: Reader, tx: ReadTx, page: Paging) -> Listed[AlertOut]:
    """What its monitors say, alert by alert: labels, links, details."""
    shown, cursor = page.cut(await verbs.list_alerts(tx, ref, after=page.after, limit=page.limit + 1))
    now = await now_in(request, tx)
    return Listed(items=[AlertOut.of(alert, now=now) for alert in shown], next_cursor=cursor)


@router.get("/{incident}/events")
async def list_events(ref: Ref, _: Reader, tx: ReadTx, page: Paging) -> Listed[EventOut]:
    """Every event that reached it, in order, each with its decision."""
    shown, cursor = page.cut(await verbs.list_events(tx, ref, after=page.after, limit=page.limit + 1))
    return Listed(items=[EventOut.model_validate(event) for event in shown], next_cursor=cursor)


async def incidents_out(tx: ReadTx, incidents: Sequence[Incident]) -> list[IncidentOut]:
    return [IncidentOut.of(seen) for seen in await verbs.overview(tx, incidents)]


async def done_out(tx: AckTx, done: verbs.Done) -> IncidentDone:
    shown = (await incidents_out(tx, [done.incident]))[0]
    instead_of = Numbered.model_validate(done.asked) if done.asked else None
    return IncidentDone(**shown.model_dump(), changed=done.changed, cancelled_pages=done.cancelled, instead_of=instead_of)
