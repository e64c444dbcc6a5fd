"""REST for who is told of an incident, of a service, or of all services of a team."""

from fastapi import APIRouter, Request

from oncall.access.api import Reader, Responder
from oncall.communications.commands import subscribing as commands
from oncall.communications.schemas.subscribers import SubscriberIn, SubscriberOut
from oncall.communications.values.subscribers import Followed, SubscriberId
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands import verbs
from oncall.kit.http import AckTx, AgainRoute, Listed, PageOf, Paging, ReadTx, now_in
from oncall.kit.ids import ServiceId, TeamId

router = APIRouter(prefix="/api/v1", tags=["subscribers"], route_class=AgainRoute)


@router.post("/incidents/{incident}/subscribers", status_code=201)
async def subscribe_to_incident(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: SubscriberIn) -> SubscriberOut:
    """Told of status updates of this incident. An e-mail address gets one question first, and nothing more unless it agrees."""
    return await _subscribe(request, caller, tx, await commands.followed_incident(tx, ref), body)


@router.get("/incidents/{incident}/subscribers")
async def list_subscribers_of_incident(ref: Ref, caller: Reader, tx: ReadTx, page: Paging) -> Listed[SubscriberOut]:
    return await _listed(tx, await commands.followed_incident(tx, ref), caller, page)


@router.delete("/incidents/{incident}/subscribers/{id}", status_code=204)
async def unsubscribe_from_incident(ref: Ref, id: SubscriberId, _: Responder, tx: AckTx) -> None:
    await commands.remove(tx, await commands.followed_incident(tx, ref), id)


@router.post("/services/{service_id}/subscribers", status_code=201)
async def subscribe_to_service(service_id: ServiceId, request: Request, caller: Responder, tx: AckTx, body: SubscriberIn) -> SubscriberOut:
    """Told of status updates of every incident of this service, and of those published on its pages."""
    return await _subscribe(request, caller, tx, await commands.followed_service(tx, service_id), body)


@router.get("/services/{service_id}/subscribers")
async def list_subscribers_of_service(service_id: ServiceId, caller: Reader, tx: ReadTx, page: Paging) -> Listed[SubscriberOut]:
    return await _listed(tx, await commands.followed_service(tx, service_id), caller, page)


@router.delete("/services/{service_id}/subscribers/{id}", status_code=204)
async def unsubscribe_from_service(service_id: ServiceId, id: SubscriberId, _: Responder, tx: AckTx) -> None:
    await commands.remove(tx, await commands.followed_service(tx, service_id), id)


@router.post("/teams/{team_id}/subscribers", status_code=201)
async def subscribe_to_team(team_id: TeamId, request: Request, caller: Responder, tx: AckTx, body: SubscriberIn) -> SubscriberOut:
    """Told of status updates of every incident of this team's services."""
    return await _subscribe(request, caller, tx, await commands.followed_team(tx, team_id), body)


@router.get("/teams/{team_id}/subscribers")
async def list_subscribers_of_team(team_id: TeamId, caller: Reader, tx: ReadTx, page: Paging) -> Listed[SubscriberOut]:
    return await _listed(tx, await commands.followed_team(tx, team_id), caller, page)


@router.delete("/teams/{team_id}/subscribers/{id}", status_code=204)
async def unsubscribe_from_team(team_id: TeamId, id: SubscriberId, _: Responder, tx: AckTx) -> None:
    await commands.remove(tx, await commands.followed_team(tx, team_id), id)


async def _subscribe(request: Request, caller: Responder, tx: AckTx, followed: Followed, body: SubscriberIn) -> SubscriberOut:
    by, _ = await verbs.actor_for(tx, caller, None)
    channels, now = request.app.state.channels, await now_in(request, tx)
    one = await commands.subscribe(tx, followed, body.kind, body.address, body.audience, channels=channels, caller=caller, by=by, now=now)
    return SubscriberOut.of(one)


async def _listed(tx: ReadTx, followed: Followed, caller: Reader, page: PageOf) -> Listed[SubscriberOut]:
    shown, cursor = page.cut(await commands.list_subscribers(tx, followed, caller=caller, after=page.after, limit=page.limit + 1))
    return Listed(items=[SubscriberOut.of(one) for one in shown], next_cursor=cursor)
