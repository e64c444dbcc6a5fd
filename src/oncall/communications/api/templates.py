"""REST for templates of status updates."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Reader, Responder
from oncall.communications.commands import templates as commands
from oncall.communications.schemas.updates import TemplateEdit, TemplateIn, TemplateOut
from oncall.communications.values.updates import TemplateId
from oncall.kit.http import AgainRoute, IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ServiceId, TeamId

router = APIRouter(prefix="/api/v1/status-update-templates", tags=["status updates"], route_class=AgainRoute)


@router.post("", status_code=201)
async def create_template(body: TemplateIn, request: Request, response: Response, caller: Responder, tx: WriteTx) -> TemplateOut:
    """For admins, and for managers of the team whose it is to be."""
    made = await commands.create_template(tx, body.template(), caller=caller, now=await now_in(request, tx))
    set_etag(response, made.version)
    return TemplateOut.model_validate(made)


@router.get("")
async def list_templates(
    *, _: Reader, tx: ReadTx, page: Paging, team_id: TeamId | None = None, service_id: ServiceId | None = None
) -> Listed[TemplateOut]:
    found = await commands.list_templates(tx, after=page.after, team_id=team_id, service_id=service_id, limit=page.limit + 1)
    shown, cursor = page.cut(found)
    return Listed(items=[TemplateOut.model_validate(one) for one in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_template(id: TemplateId, response: Response, _: Reader, tx: ReadTx) -> TemplateOut:
    found = await commands.get_template(tx, id)
    set_etag(response, found.version)
    return TemplateOut.model_validate(found)


@router.put("/{id}")
async def update_template(
    *, id: TemplateId, body: TemplateEdit, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> TemplateOut:
    edited = await commands.update_template(tx, id, body.template(), expected_version=version, caller=caller)
    set_etag(response, edited.version)
    return TemplateOut.model_validate(edited)


@router.delete("/{id}", status_code=204)
async def delete_template(id: TemplateId, caller: Responder, tx: WriteTx) -> None:
    await commands.delete_template(tx, id, caller=caller)
