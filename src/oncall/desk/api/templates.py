"""REST for incident templates."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.desk.commands import templates as commands
from oncall.desk.schemas.templates import TemplateEdit, TemplateIn, TemplateOut
from oncall.desk.values.templates import Template, TemplateId
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import new_id

router = APIRouter(prefix="/api/v1/incident-templates", tags=["incident templates"])


def _show(template: Template, response: Response) -> TemplateOut:
    set_etag(response, template.version)
    return TemplateOut.of(template)


@router.post("", status_code=201)
async def create_template(body: TemplateIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> TemplateOut:
    wanted = body.to_template(TemplateId(new_id()), now=await now_in(request, tx))
    return _show(await commands.create_template(tx, wanted), response)


@router.get("")
async def list_templates(_: Reader, tx: ReadTx, page: Paging) -> Listed[TemplateOut]:
    shown, cursor = page.cut(await commands.list_templates(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[TemplateOut.of(one) for one in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_template(id: TemplateId, response: Response, _: Reader, tx: ReadTx) -> TemplateOut:
    return _show(await commands.get_template(tx, id), response)


@router.put("/{id}")
async def update_template(
    *, id: TemplateId, body: TemplateEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> TemplateOut:
    wanted = body.to_template(id, now=await now_in(request, tx))
    return _show(await commands.update_template(tx, wanted, expected_version=version), response)


@router.delete("/{id}", status_code=204)
async def delete_template(id: TemplateId, _: Admin, tx: WriteTx) -> None:
    """Incidents that were logged by it stay what they are."""
    await commands.delete_template(tx, id)
