"""REST for action items: promise, list, edit, finish; and how they stand."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from oncall.access.api import Reader, Responder
from oncall.incidents.commands.verbs import actor_for
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import TeamId, UserId
from oncall.postmortems.commands import action_items
from oncall.postmortems.schemas.action_items import ActionItemEdit, ActionItemIn, ActionItemOut, CountsOut, DropIn
from oncall.postmortems.values import PostmortemId
from oncall.postmortems.values.action_items import ActionItem, ActionItemId, ActionSearch, ActionStatus
from oncall.teams.commands import names_of

router = APIRouter(prefix="/api/v1", tags=["action items"])


async def _shown(request: Request, tx: ReadTx, found: Sequence[ActionItem]) -> list[ActionItemOut]:
    now, names = await now_in(request, tx), await names_of(tx, {item.owner_id for item in found if item.owner_id})
    return [ActionItemOut.of(item, names, now=now) for item in found]


async def _one(request: Request, tx: ReadTx, response: Response, item: ActionItem) -> ActionItemOut:
    set_etag(response, item.version)
    return (await _shown(request, tx, [item]))[0]


@router.post("/postmortems/{id}/action-items", status_code=201)
async def promise(
    *, id: PostmortemId, body: ActionItemIn, request: Request, response: Response, caller: Responder, tx: WriteTx
) -> ActionItemOut:
    """Somebody will do something until then; they are reminded two days before it is due, when it is, and every week until it is done."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    made = await action_items.promise(tx, id, body.promise(), caller=caller, by=by, now=now)
    return await _one(request, tx, response, made)


@router.get("/action-items")
async def list_action_items(
    *,
    request: Request,
    _: Responder,
    tx: ReadTx,
    page: Paging,
    owner: UserId | None = None,
    overdue: bool | None = None,
    status: ActionStatus | None = None,
    team_id: TeamId | None = None,
    postmortem_id: PostmortemId | None = None,
) -> Listed[ActionItemOut]:
    """Across all postmortems, in order of creation."""
    search, now = ActionSearch(owner, overdue, status, team_id, postmortem_id), await now_in(request, tx)
    found = await action_items.list_action_items(tx, search, after=page.after, limit=page.limit + 1, now=now)
    shown, cursor = page.cut(found)
    return Listed(items=await _shown(request, tx, shown), next_cursor=cursor)


@router.get("/action-items/counts")
async def count_action_items(
    *, request: Request, _: Reader, tx: ReadTx, owner: UserId | None = None, team_id: TeamId | None = None
) -> CountsOut:
    """How they stand, by priority."""
    search = ActionSearch(owner_id=owner, team_id=team_id)
    return CountsOut.of(await action_items.count_action_items(tx, search, now=await now_in(request, tx)))


@router.get("/action-items/{id}")
async def get_action_item(id: ActionItemId, request: Request, response: Response, caller: Reader, tx: ReadTx) -> ActionItemOut:
    return await _one(request, tx, response, await action_items.get_action_item(tx, id, caller=caller))


@router.put("/action-items/{id}")
async def update_action_item(
    *, id: ActionItemId, body: ActionItemEdit, request: Request, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> ActionItemOut:
    """Its owner may, and whoever may write its postmortem; so for what follows."""
    now = await now_in(request, tx)
    edited = await action_items.edit_action_item(tx, id, body.promise(), expected_version=version, caller=caller, now=now)
    return await _one(request, tx, response, edited)


@router.post("/action-items/{id}/done")
async def finish_action_item(id: ActionItemId, request: Request, response: Response, caller: Responder, tx: WriteTx) -> ActionItemOut:
    """It is done: nobody is reminded any more."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    done = await action_items.finish(tx, id, ActionStatus.DONE, reason=None, caller=caller, by=by, now=now)
    return await _one(request, tx, response, done)


@router.post("/action-items/{id}/drop")
async def drop_action_item(
    *, id: ActionItemId, body: DropIn, request: Request, response: Response, caller: Responder, tx: WriteTx
) -> ActionItemOut:
    """It is not to be done after all, and here is why."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    dropped = await action_items.finish(tx, id, ActionStatus.DROPPED, reason=body.reason, caller=caller, by=by, now=now)
    return await _one(request, tx, response, dropped)


@router.post("/action-items/{id}/reopen")
async def reopen_action_item(id: ActionItemId, request: Request, response: Response, caller: Responder, tx: WriteTx) -> ActionItemOut:
    """It is to be done after all; its due date stays."""
    return await _one(request, tx, response, await action_items.reopen(tx, id, caller=caller, now=await now_in(request, tx)))
