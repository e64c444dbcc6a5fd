"""REST for silences and maintenance windows."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Reader, Responder
from oncall.kit.errors import Invalid
from oncall.kit.http import IfMatch, Instant, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ServiceId, new_id
from oncall.silences.commands import silences as commands
from oncall.silences.commands import windows
from oncall.silences.schemas import ExtendIn, OccurrenceOut, SilenceIn, SilenceOut, WindowIn, WindowOut
from oncall.silences.values import SilenceId, SilenceState, WindowId

router = APIRouter(prefix="/api/v1", tags=["muting"])

LONGEST_CALENDAR = timedelta(days=366)


@router.post("/silences", status_code=201)
async def create_silence(body: SilenceIn, request: Request, response: Response, caller: Responder, tx: WriteTx) -> SilenceOut:
    """From now on alerts that match page nobody, until it ends; what is pending for them is held back."""
    now = await now_in(request, tx)
    silence = body.to_silence(SilenceId(new_id()), await commands.author_of(tx, caller), now=now)
    made = await commands.create_silence(tx, silence, request.app.state.on_muting_changed, now=now)
    set_etag(response, made.version)
    return SilenceOut.of(made, now=now)


@router.get("/silences")
async def list_silences(
    *, request: Request, _: Reader, tx: ReadTx, page: Paging, state: SilenceState | None = None, service_id: UUID | None = None
) -> Listed[SilenceOut]:
    """In order of creation; those that are over stay listed."""
    now, service = await now_in(request, tx), ServiceId(service_id) if service_id else None
    found = await commands.list_silences(tx, after=page.after, service_id=service, state=state, limit=page.limit + 1, now=now)
    shown, cursor = page.cut(found)
    return Listed(items=[SilenceOut.of(silence, now=now) for silence in shown], next_cursor=cursor)


@router.get("/silences/{silence_id}")
async def get_silence(silence_id: UUID, request: Request, response: Response, _: Reader, tx: ReadTx) -> SilenceOut:
    silence = await commands.get_silence(tx, SilenceId(silence_id))
    set_etag(response, silence.version)
    return SilenceOut.of(silence, now=await now_in(request, tx))


@router.put("/silences/{silence_id}")
async def update_silence(
    *, silence_id: UUID, body: SilenceIn, request: Request, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> SilenceOut:
    """Replace what it says; who made it stays."""
    now = await now_in(request, tx)
    wanted = body.to_silence(SilenceId(silence_id), await commands.author_of(tx, caller), now=now)
    edited = await commands.update_silence(tx, wanted, request.app.state.on_muting_changed, expected_version=version, now=now)
    set_etag(response, edited.version)
    return SilenceOut.of(edited, now=now)


@router.post("/silences/{silence_id}/expire")
async def expire_silence(silence_id: UUID, request: Request, response: Response, _: Responder, tx: WriteTx) -> SilenceOut:
    """It ends now, and what still fires pages. Once more is no error."""
    now = await now_in(request, tx)
    over = await commands.expire_silence(tx, SilenceId(silence_id), request.app.state.on_muting_changed, now=now)
    set_etag(response, over.version)
    return SilenceOut.of(over, now=now)


@router.post("/silences/{silence_id}/extend")
async def extend_silence(silence_id: UUID, body: ExtendIn, request: Request, response: Response, _: Responder, tx: WriteTx) -> SilenceOut:
    """It ends later than planned."""
    now, id = await now_in(request, tx), SilenceId(silence_id)
    planned = (await commands.get_silence(tx, id)).ends_at
    longer = await commands.extend_silence(tx, id, body.end(planned), request.app.state.on_muting_changed, now=now)
    set_etag(response, longer.version)
    return SilenceOut.of(longer, now=now)


@router.delete("/silences/{silence_id}", status_code=204)
async def delete_silence(silence_id: UUID, request: Request, _: Responder, tx: WriteTx) -> None:
    """As if it had never been; to keep the record of it, expire it instead."""
    now = await now_in(request, tx)
    await commands.delete_silence(tx, SilenceId(silence_id), request.app.state.on_muting_changed, now=now)


@router.post("/maintenance-windows", status_code=201)
async def create_window(body: WindowIn, request: Request, response: Response, _: Responder, tx: WriteTx) -> WindowOut:
    """What opens inside it is recorded and pages nobody; what still fires at its end pages then."""
    made = await windows.create_window(
        tx, body.to_window(WindowId(new_id())), request.app.state.on_muting_changed, now=await now_in(request, tx)
    )
    set_etag(response, made.version)
    return WindowOut.of(made)


@router.get("/maintenance-windows")
async def list_windows(_: Reader, tx: ReadTx, page: Paging, service_id: UUID | None = None) -> Listed[WindowOut]:
    service = ServiceId(service_id) if service_id else None
    shown, cursor = page.cut(await windows.list_windows(tx, after=page.after, service_id=service, limit=page.limit + 1))
    return Listed(items=[WindowOut.of(window) for window in shown], next_cursor=cursor)


@router.get("/maintenance-windows/calendar")
async def get_calendar(_: Reader, tx: ReadTx, since: Instant, until: Instant, service_id: UUID | None = None) -> Listed[OccurrenceOut]:
    """Every occurrence that touches `[since, until)`, freezes included, in order; of a service, those that may concern it."""
    if not since < until <= since + LONGEST_CALENDAR:
        raise Invalid("until must be after since, and by a year at most.", field="until")
    found = await windows.calendar(tx, since, until, service_id=ServiceId(service_id) if service_id else None)
    rows = [
        OccurrenceOut(window_id=w.id, name=w.name, kind=w.kind, service_ids=w.service_ids, start=one.starts_at, end=one.ends_at)
        for w, one in found
    ]
    return Listed(items=rows)


@router.get("/maintenance-windows/{window_id}")
async def get_window(window_id: UUID, response: Response, _: Reader, tx: ReadTx) -> WindowOut:
    window = await windows.get_window(tx, WindowId(window_id))
    set_etag(response, window.version)
    return WindowOut.of(window)


@router.put("/maintenance-windows/{window_id}")
async def update_window(
    *, window_id: UUID, body: WindowIn, request: Request, response: Response, _: Responder, tx: WriteTx, version: IfMatch
) -> WindowOut:
    now, wanted = await now_in(request, tx), body.to_window(WindowId(window_id))
    edited = await windows.update_window(tx, wanted, request.app.state.on_muting_changed, expected_version=version, now=now)
    set_etag(response, edited.version)
    return WindowOut.of(edited)


@router.post("/maintenance-windows/{window_id}/end")
async def end_window(window_id: UUID, request: Request, response: Response, _: Responder, tx: WriteTx) -> WindowOut:
    """The occurrence that is running ends now; those to come stay."""
    now = await now_in(request, tx)
    ended = await windows.end_window(tx, WindowId(window_id), request.app.state.on_muting_changed, now=now)
    set_etag(response, ended.version)
    return WindowOut.of(ended)


@router.delete("/maintenance-windows/{window_id}", status_code=204)
async def delete_window(window_id: UUID, request: Request, _: Responder, tx: WriteTx) -> None:
    now = await now_in(request, tx)
    await windows.delete_window(tx, WindowId(window_id), request.app.state.on_muting_changed, now=now)
