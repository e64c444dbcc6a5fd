"""REST for silences."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Reader, Responder
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ServiceId
from oncall.silences.api.changing import OnChanged
from oncall.silences.commands import silences as commands
from oncall.silences.schemas.silences import ExtendIn, SilenceEdit, SilenceIn, SilenceShown
from oncall.silences.values.muting import State
from oncall.silences.values.silences import Silence, SilenceId

router = APIRouter(prefix="/api/v1/silences", tags=["muting"])


def _show(silence: Silence, response: Response | None = None, *, now: datetime) -> SilenceShown:
    if response is not None:
        set_etag(response, silence.version)
    seen = commands.seen(silence, now=now)
    return SilenceShown.of(silence, state=seen.state, matches_everything=seen.matches_everything)


@router.post("", status_code=201)
async def create_silence(
    body: SilenceIn, request: Request, response: Response, caller: Responder, on_changed: OnChanged, tx: WriteTx
) -> SilenceShown:
    now = await now_in(request, tx)
    return _show(await commands.create_silence(tx, body.settings(), caller=caller, on_changed=on_changed, now=now), response, now=now)


@router.get("")
async def list_silences(
    *,
    request: Request,
    _: Reader,
    tx: ReadTx,
    page: Paging,
    state: Annotated[list[State] | None, Query()] = None,
    service_id: ServiceId | None = None,
) -> Listed[SilenceShown]:
    """Newest first, those that have expired as well. Several states mean any of them."""
    now = await now_in(request, tx)
    found = await commands.list_silences(tx, before=page.after, limit=page.limit + 1, states=state, service_id=service_id, now=now)
    shown, cursor = page.cut(found)
    return Listed(items=[_show(silence, now=now) for silence in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_silence(id: SilenceId, request: Request, response: Response, _: Reader, tx: ReadTx) -> SilenceShown:
    return _show(await commands.get_silence(tx, id), response, now=await now_in(request, tx))


@router.put("/{id}")
async def update_silence(
    *,
    id: SilenceId,
    body: SilenceEdit,
    request: Request,
    response: Response,
    _: Responder,
    on_changed: OnChanged,
    tx: WriteTx,
    version: IfMatch,
) -> SilenceShown:
    """Edit one that is not over; without `starts_at` it keeps the one it has."""
    now = await now_in(request, tx)
    edited = await commands.update_silence(tx, id, body.settings(), expected_version=version, on_changed=on_changed, now=now)
    return _show(edited, response, now=now)


@router.post("/{id}/expire")
async def expire_silence(
    id: SilenceId, request: Request, response: Response, _: Responder, on_changed: OnChanged, tx: WriteTx
) -> SilenceShown:
    """It ends now, and stays in the list; a second time is no error."""
    now = await now_in(request, tx)
    return _show(await commands.expire_silence(tx, id, on_changed=on_changed, now=now), response, now=now)


@router.post("/{id}/extend")
async def extend_silence(
    *, id: SilenceId, body: ExtendIn, request: Request, response: Response, _: Responder, on_changed: OnChanged, tx: WriteTx
) -> SilenceShown:
    """It ends at the later `ends_at`, or later `by` so much."""
    now = await now_in(request, tx)
    extended = await commands.extend_silence(tx, id, ends_at=body.ends_at, by=body.by, on_changed=on_changed, now=now)
    return _show(extended, response, now=now)


@router.delete("/{id}", status_code=204)
async def delete_silence(id: SilenceId, request: Request, _: Responder, on_changed: OnChanged, tx: WriteTx) -> None:
    """It is gone from the list, too; to end one and keep it, expire it."""
    await commands.delete_silence(tx, id, on_changed=on_changed, now=await now_in(request, tx))
