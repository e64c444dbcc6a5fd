"""REST for maintenance windows and their calendar."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Reader, Responder
from oncall.kit.http import IfMatch, Instant, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ServiceId
from oncall.silences.api.changing import OnChanged
from oncall.silences.commands import windows as commands
from oncall.silences.schemas.windows import CalendarEntry, WindowEdit, WindowIn, WindowShown
from oncall.silences.values.windows import WindowId

router = APIRouter(prefix="/api/v1/maintenance-windows", tags=["muting"])

MONTH = timedelta(days=31)


def _show(seen: commands.WindowSeen, response: Response | None = None) -> WindowShown:
    if response is not None:
        set_etag(response, seen.window.version)
    return WindowShown.of(seen.window, seen.occurrence, state=seen.state, matches_everything=seen.matches_everything)


@router.post("", status_code=201)
async def create_window(
    body: WindowIn, request: Request, response: Response, caller: Responder, on_changed: OnChanged, tx: WriteTx
) -> WindowShown:
    now = await now_in(request, tx)
    return _show(await commands.create_window(tx, body.settings(), caller=caller, on_changed=on_changed, now=now), response)


@router.get("")
async def list_windows(request: Request, _: Reader, tx: ReadTx, page: Paging, service_id: ServiceId | None = None) -> Listed[WindowShown]:
    """In order of creation; with a service those that name it."""
    found = await commands.list_windows(tx, after=page.after, limit=page.limit + 1, service_id=service_id, now=await now_in(request, tx))
    shown, cursor = page.cut(found)
    return Listed(items=[_show(seen) for seen in shown], next_cursor=cursor)


@router.get("/calendar")
async def get_calendar(
    *,
    request: Request,
    _: Reader,
    tx: ReadTx,
    since: Annotated[Instant | None, Query(description="Now unless it is said.")] = None,
    until: Annotated[Instant | None, Query(description="31 days after since unless it is said; a year after it at most.")] = None,
    service_id: ServiceId | None = None,
) -> Listed[CalendarEntry]:
    """Every occurrence that touches `[since, until)`, in order of its start, freezes included; all on one page. With a service: of the
    windows that name it, and of those that name none."""
    since = since or await now_in(request, tx)
    found = await commands.calendar(tx, since=since, until=until or since + MONTH, service_id=service_id)
    return Listed(items=[CalendarEntry.of(window, occurrence) for window, occurrence in found])


@router.get("/{id}")
async def get_window(id: WindowId, request: Request, response: Response, _: Reader, tx: ReadTx) -> WindowShown:
    return _show(commands.seen(await commands.get_window(tx, id), now=await now_in(request, tx)), response)


@router.put("/{id}")
async def update_window(
    *,
    id: WindowId,
    body: WindowEdit,
    request: Request,
    response: Response,
    _: Responder,
    on_changed: OnChanged,
    tx: WriteTx,
    version: IfMatch,
) -> WindowShown:
    now = await now_in(request, tx)
    edited = await commands.update_window(tx, id, body.settings(), expected_version=version, on_changed=on_changed, now=now)
    return _show(edited, response)


@router.post("/{id}/end")
async def end_window(id: WindowId, request: Request, response: Response, _: Responder, on_changed: OnChanged, tx: WriteTx) -> WindowShown:
    """The occurrence that runs ends now, and only that one; a second time is no error, when none runs is one (409)."""
    return _show(await commands.end_window(tx, id, on_changed=on_changed, now=await now_in(request, tx)), response)


@router.delete("/{id}", status_code=204)
async def delete_window(id: WindowId, request: Request, _: Responder, on_changed: OnChanged, tx: WriteTx) -> None:
    await commands.delete_window(tx, id, on_changed=on_changed, now=await now_in(request, tx))
