"""REST for categories."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Reader, Responder
from oncall.desk.commands import categories as commands
from oncall.desk.schemas.categories import BranchOut, CategoryEdit, CategoryIn, CategoryOut, TreeOut
from oncall.desk.values import CategoryId
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag

router = APIRouter(prefix="/api/v1/categories", tags=["service desk"])


def _show(placed: commands.Placed, response: Response) -> CategoryOut:
    set_etag(response, placed[0].version)
    return CategoryOut.of(*placed)


@router.post("", status_code=201)
async def create_category(body: CategoryIn, request: Request, response: Response, caller: Responder, tx: WriteTx) -> CategoryOut:
    """Admins, and people of the service desk."""
    now = await now_in(request, tx)
    return _show(await commands.create_category(tx, body.name, body.parent_id, by=caller, now=now), response)


@router.get("")
async def list_categories(_: Reader, tx: ReadTx, page: Paging) -> Listed[CategoryOut]:
    """One by one, each with its path."""
    found = await commands.list_categories(tx, after=page.after, limit=page.limit + 1)
    shown, cursor = page.cut([CategoryOut.of(*placed) for placed in found])
    return Listed(items=shown, next_cursor=cursor)


@router.get("/tree")
async def get_tree(_: Reader, tx: ReadTx) -> TreeOut:
    """All of them at once, below one another."""
    return TreeOut(items=[BranchOut.of(branch) for branch in await commands.tree_of_categories(tx)])


@router.get("/{id}")
async def get_category(id: CategoryId, response: Response, _: Reader, tx: ReadTx) -> CategoryOut:
    return _show(await commands.get_category(tx, id), response)


@router.put("/{id}")
async def update_category(
    *, id: CategoryId, body: CategoryEdit, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> CategoryOut:
    """Rename it, or move it with all that is below it."""
    edited = await commands.update_category(tx, id, body.name, body.parent_id, by=caller, expected_version=version)
    return _show(edited, response)


@router.delete("/{id}", status_code=204)
async def delete_category(id: CategoryId, caller: Responder, tx: WriteTx) -> None:
    """One under which nothing is filed, and below which there is none."""
    await commands.delete_category(tx, id, by=caller)
