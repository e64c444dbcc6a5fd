"""REST for SLAs."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.desk.commands import slas as commands
from oncall.desk.schemas.slas import SlaEdit, SlaIn, SlaOut
from oncall.desk.values import SlaId
from oncall.desk.values.slas import Sla
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag

router = APIRouter(prefix="/api/v1/slas", tags=["service desk"])


def _show(sla: Sla, response: Response) -> SlaOut:
    set_etag(response, sla.version)
    return SlaOut.of(sla)


@router.post("", status_code=201)
async def create_sla(body: SlaIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> SlaOut:
    return _show(await commands.create_sla(tx, body.settings(), now=await now_in(request, tx)), response)


@router.get("")
async def list_slas(_: Reader, tx: ReadTx, page: Paging) -> Listed[SlaOut]:
    shown, cursor = page.cut(await commands.list_slas(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[SlaOut.of(sla) for sla in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_sla(id: SlaId, response: Response, _: Reader, tx: ReadTx) -> SlaOut:
    return _show(await commands.get_sla(tx, id), response)


@router.put("/{id}")
async def update_sla(id: SlaId, body: SlaEdit, response: Response, _: Admin, tx: WriteTx, version: IfMatch) -> SlaOut:
    """What was promised to an incident before stays as it was promised, until its priority changes or it is reopened."""
    return _show(await commands.update_sla(tx, id, body.settings(), expected_version=version), response)


@router.delete("/{id}", status_code=204)
async def delete_sla(id: SlaId, _: Admin, tx: WriteTx) -> None:
    """One that no service and no incident has."""
    await commands.delete_sla(tx, id)
