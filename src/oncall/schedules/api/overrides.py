"""REST for single shifts that are changed: overrides and temporary schedules."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Reader, Responder
from oncall.kit.http import Listed, Paging, PagingIfAsked, ReadTx, WriteTx, now_in
from oncall.kit.ids import ScheduleId
from oncall.schedules.commands import advising
from oncall.schedules.commands import overrides as commands
from oncall.schedules.commands.authors import author_of
from oncall.schedules.schemas.layers import WholeSecond
from oncall.schedules.schemas.overrides import OverrideIn, OverrideShown, OverrideWritten, TemporaryIn, TemporaryShown, TemporaryWritten
from oncall.schedules.schemas.schedules import AdviceShown
from oncall.schedules.values import OverrideId

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])


@router.post("/{id}/overrides", status_code=201)
async def add_override(request: Request, id: ScheduleId, caller: Responder, tx: WriteTx, wanted: OverrideIn) -> OverrideWritten:
    now = await now_in(request, tx)
    override = await commands.add_override(
        tx,
        id,
        kind=wanted.kind,
        start=wanted.start,
        end=wanted.end,
        user_id=wanted.user_id,
        replaces_user_id=wanted.replaces_user_id,
        reason=wanted.reason,
        author=await author_of(tx, caller),
        now=now,
    )
    advice = await advising.advise_on_override(tx, id, override.override, channels=request.app.state.channels, now=now)
    return OverrideWritten.of(override, warnings=[AdviceShown.model_validate(one) for one in advice])


@router.get("/{id}/overrides")
async def list_overrides(
    *,
    request: Request,
    id: ScheduleId,
    _: Reader,
    tx: ReadTx,
    page: Paging,
    since: WholeSecond | None = None,
    until: WholeSecond | None = None,
) -> Listed[OverrideShown]:
    """In order of creation; with `since` and `until` those that touch that range."""
    now = await now_in(request, tx)
    found = await commands.list_overrides(tx, id, after=page.after, limit=page.limit + 1, since=since, until=until, now=now)
    shown, next_cursor = page.cut(found)
    return Listed(items=[OverrideShown.of(override) for override in shown], next_cursor=next_cursor)


@router.get("/{id}/overrides/{override_id}")
async def get_override(id: ScheduleId, override_id: OverrideId, _: Reader, tx: ReadTx) -> OverrideShown:
    return OverrideShown.of(await commands.get_override(tx, id, override_id))


@router.delete("/{id}/overrides/{override_id}", status_code=204)
async def remove_override(request: Request, id: ScheduleId, override_id: OverrideId, _: Responder, tx: WriteTx) -> Response:
    """Take an override back: one that is running ends now, one to come is gone, one that is over stays (409)."""
    await commands.remove_override(tx, id, override_id, now=await now_in(request, tx))
    return Response(status_code=204)


@router.post("/{id}/temporary-schedules", status_code=201)
async def add_temporary(request: Request, id: ScheduleId, caller: Responder, tx: WriteTx, wanted: TemporaryIn) -> TemporaryWritten:
    """A temporary schedule where there is none yet; PUT replaces what is there."""
    return await _set(request, id, caller, tx, wanted, replacing=False)


@router.put("/{id}/temporary-schedules")
async def set_temporary(request: Request, id: ScheduleId, caller: Responder, tx: WriteTx, wanted: TemporaryIn) -> TemporaryWritten:
    """From `start` to `end` exactly these shifts: whatever temporary schedule is there is replaced, and keeps what reaches over it."""
    return await _set(request, id, caller, tx, wanted, replacing=True)


async def _set(
    request: Request, id: ScheduleId, caller: Responder, tx: WriteTx, wanted: TemporaryIn, *, replacing: bool
) -> TemporaryWritten:
    now = await now_in(request, tx)
    temporary = await commands.add_temporary(
        tx,
        id,
        start=wanted.start,
        end=wanted.end,
        shifts=wanted.definitions(),
        replacing=replacing,
        author=await author_of(tx, caller),
        now=now,
    )
    advice = await advising.advise_on_temporary(tx, id, temporary, channels=request.app.state.channels, now=now)
    return TemporaryWritten.of(temporary, warnings=[AdviceShown.model_validate(one) for one in advice])


@router.get("/{id}/temporary-schedules")
async def list_temporaries(
    *, request: Request, id: ScheduleId, _: Reader, tx: ReadTx, page: PagingIfAsked, since: WholeSecond, until: WholeSecond
) -> Listed[TemporaryShown]:
    """Those that touch a range of at most a year."""
    found = await commands.list_temporaries(tx, id, since=since, until=until, now=await now_in(request, tx))
    shown, cursor = page.part(found)
    return Listed(items=[TemporaryShown.of(one) for one in shown], next_cursor=cursor)


@router.delete("/{id}/temporary-schedules", status_code=204)
async def remove_temporaries(
    *, request: Request, id: ScheduleId, caller: Responder, tx: WriteTx, since: WholeSecond, until: WholeSecond
) -> Response:
    """The layers count again from `since` to `until`; a temporary schedule that reaches over that range is split, the past stays."""
    await commands.remove_temporaries(tx, id, start=since, end=until, author=await author_of(tx, caller), now=await now_in(request, tx))
    return Response(status_code=204)
