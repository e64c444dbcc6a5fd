"""REST for groups of services."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import new_id
from oncall.services.commands import groups as commands
from oncall.services.schemas.catalogue import GroupEdit, GroupIn, GroupShown
from oncall.services.values.groups import Group, ServiceGroupId

router = APIRouter(prefix="/api/v1/service-groups", tags=["services"])


def _show(group: Group, response: Response) -> GroupShown:
    set_etag(response, group.version)
    return GroupShown.model_validate(group)


@router.post("", status_code=201)
async def create_service_group(body: GroupIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> GroupShown:
    now = await now_in(request, tx)
    return _show(await commands.create_group(tx, body.to_group(ServiceGroupId(new_id())), now=now), response)


@router.get("")
async def list_service_groups(_: Reader, tx: ReadTx, page: Paging) -> Listed[GroupShown]:
    shown, cursor = page.cut(await commands.list_groups(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[GroupShown.model_validate(group) for group in shown], next_cursor=cursor)


@router.get("/{group_id}")
async def get_service_group(group_id: ServiceGroupId, response: Response, _: Reader, tx: ReadTx) -> GroupShown:
    return _show(await commands.get_group(tx, group_id), response)


@router.put("/{group_id}")
async def update_service_group(
    group_id: ServiceGroupId, body: GroupEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> GroupShown:
    edited = await commands.update_group(tx, body.to_group(group_id), expected_version=version)
    await request.app.state.on_service_group_changed(tx)
    return _show(edited, response)


@router.delete("/{group_id}", status_code=204)
async def delete_service_group(group_id: ServiceGroupId, _: Admin, tx: WriteTx) -> None:
    await commands.delete_group(tx, group_id)
