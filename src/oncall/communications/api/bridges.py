"""REST for bridges, and for what services and teams say of their rooms."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Reader, Responder
from oncall.communications.commands import bridges as commands
from oncall.communications.commands import settings
from oncall.communications.schemas.bridges import BridgeIn, BridgeOut, RoomSettingsIn, RoomSettingsOut
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands.verbs import actor_for
from oncall.kit.http import AckTx, AgainRoute, IfMatch, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ServiceId, TeamId

router = APIRouter(prefix="/api/v1", tags=["rooms"], route_class=AgainRoute)


@router.get("/incidents/{incident}/bridge")
async def get_bridge(ref: Ref, response: Response, _: Reader, tx: ReadTx) -> BridgeOut:
    incident, bridge = await commands.get_bridge(tx, ref)
    set_etag(response, bridge.version if bridge else 0)
    return BridgeOut.of(incident.id, bridge)


@router.put("/incidents/{incident}/bridge")
async def set_bridge(
    *, ref: Ref, body: BridgeIn, request: Request, response: Response, caller: Responder, tx: AckTx, version: IfMatch
) -> BridgeOut:
    """Open a bridge, or another one instead; `"url": null` closes it. It is told in the room, and closes when the incident is resolved."""
    by, _ = await actor_for(tx, caller, None)
    now = await now_in(request, tx)
    incident, bridge = await commands.set_bridge(tx, ref, body.url, expected_version=version, by=by, now=now)
    set_etag(response, bridge.version if bridge else 0)
    return BridgeOut.of(incident.id, bridge)


@router.get("/services/{service_id}/room")
async def get_service_room(service_id: ServiceId, response: Response, _: Reader, tx: ReadTx) -> RoomSettingsOut:
    """What the service itself says; what is null, its team says."""
    said = await settings.get_settings(tx, service_id=service_id)
    set_etag(response, said.version)
    return RoomSettingsOut.model_validate(said)


@router.put("/services/{service_id}/room")
async def set_service_room(
    *, service_id: ServiceId, body: RoomSettingsIn, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> RoomSettingsOut:
    """Where the incidents of this service are talked about: bridges, and the Slack channel that shows their rooms."""
    saved = await settings.set_settings(tx, body.settings(), service_id=service_id, expected_version=version, caller=caller)
    set_etag(response, saved.version)
    return RoomSettingsOut.model_validate(saved)


@router.get("/teams/{team_id}/room")
async def get_team_room(team_id: TeamId, response: Response, _: Reader, tx: ReadTx) -> RoomSettingsOut:
    said = await settings.get_settings(tx, team_id=team_id)
    set_etag(response, said.version)
    return RoomSettingsOut.model_validate(said)


@router.put("/teams/{team_id}/room")
async def set_team_room(
    *, team_id: TeamId, body: RoomSettingsIn, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> RoomSettingsOut:
    """The same for all services of the team that say nothing themselves."""
    saved = await settings.set_settings(tx, body.settings(), team_id=team_id, expected_version=version, caller=caller)
    set_etag(response, saved.version)
    return RoomSettingsOut.model_validate(saved)
