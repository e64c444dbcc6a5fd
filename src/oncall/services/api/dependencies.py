"""REST for what a service depends on."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.kit.http import IfMatch, Listed, PagingIfAsked, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ServiceId
from oncall.services.commands import dependencies as commands
from oncall.services.schemas.catalogue import DependenciesIn, DependencyIn, ServiceKnown, shown_dependencies
from oncall.services.values.dependencies import Dependencies

router = APIRouter(prefix="/api/v1/services/{service_id}/dependencies", tags=["services"])


def _show(found: Dependencies, response: Response) -> Listed[ServiceKnown]:
    set_etag(response, found.version)
    return shown_dependencies(found)


@router.get("")
async def list_dependencies(service_id: UUID, response: Response, _: Reader, tx: ReadTx, page: PagingIfAsked) -> Listed[ServiceKnown]:
    """What a service depends on directly: a hundred at most."""
    found = await commands.list_dependencies(tx, ServiceId(service_id))
    set_etag(response, found.version)
    shown, cursor = page.part(found.on)
    return Listed(items=[ServiceKnown.of(one) for one in shown], next_cursor=cursor)


@router.put("")
async def set_dependencies(
    *, service_id: UUID, body: DependenciesIn, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> Listed[ServiceKnown]:
    """Replace all of them. What would make services depend on each other in a circle is refused, and the circle is named."""
    now = await now_in(request, tx)
    found = await commands.set_dependencies(tx, ServiceId(service_id), body.depends_on, expected_version=version, now=now)
    return _show(found, response)


@router.post("")
async def add_dependency(
    service_id: UUID, body: DependencyIn, request: Request, response: Response, _: Admin, tx: WriteTx
) -> Listed[ServiceKnown]:
    """One more; a second time is no error. Answers all there are."""
    now = await now_in(request, tx)
    return _show(await commands.add_dependency(tx, ServiceId(service_id), body.id, now=now), response)


@router.delete("/{depends_on_id}", status_code=204)
async def remove_dependency(service_id: UUID, depends_on_id: UUID, request: Request, _: Admin, tx: WriteTx) -> None:
    now = await now_in(request, tx)
    await commands.remove_dependency(tx, ServiceId(service_id), ServiceId(depends_on_id), now=now)
