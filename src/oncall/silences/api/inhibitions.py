"""REST for inhibitions."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import new_id
from oncall.silences.api.changing import OnChanged
from oncall.silences.commands import inhibitions as commands
from oncall.silences.schemas.inhibitions import InhibitionEdit, InhibitionIn, InhibitionShown
from oncall.silences.values.inhibitions import Inhibition, InhibitionId

router = APIRouter(prefix="/api/v1/inhibitions", tags=["muting"])


def _show(inhibition: Inhibition, response: Response) -> InhibitionShown:
    set_etag(response, inhibition.version)
    return _shown(inhibition)


def _shown(inhibition: Inhibition) -> InhibitionShown:
    return InhibitionShown.of(inhibition, matches_everything=commands.mutes_everything(inhibition))


@router.post("", status_code=201)
async def create_inhibition(
    body: InhibitionIn, request: Request, response: Response, _: Admin, on_changed: OnChanged, tx: WriteTx
) -> InhibitionShown:
    now = await now_in(request, tx)
    wanted = body.to_inhibition(InhibitionId(new_id()), now=now)
    meant = body.matches_everything
    return _show(await commands.create_inhibition(tx, wanted, is_everything_meant=meant, on_changed=on_changed, now=now), response)


@router.get("")
async def list_inhibitions(_: Reader, tx: ReadTx, page: Paging) -> Listed[InhibitionShown]:
    shown, cursor = page.cut(await commands.list_inhibitions(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[_shown(inhibition) for inhibition in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_inhibition(id: InhibitionId, response: Response, _: Reader, tx: ReadTx) -> InhibitionShown:
    return _show(await commands.get_inhibition(tx, id), response)


@router.put("/{id}")
async def update_inhibition(
    *,
    id: InhibitionId,
    body: InhibitionEdit,
    request: Request,
    response: Response,
    _: Admin,
    on_changed: OnChanged,
    tx: WriteTx,
    version: IfMatch,
) -> InhibitionShown:
    now = await now_in(request, tx)
    wanted = body.to_inhibition(id, now=now)
    edited = await commands.update_inhibition(
        tx, wanted, is_everything_meant=body.matches_everything, expected_version=version, on_changed=on_changed, now=now
    )
    return _show(edited, response)


@router.delete("/{id}", status_code=204)
async def delete_inhibition(id: InhibitionId, request: Request, _: Admin, on_changed: OnChanged, tx: WriteTx) -> None:
    await commands.delete_inhibition(tx, id, on_changed=on_changed, now=await now_in(request, tx))
