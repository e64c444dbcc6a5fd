"""REST for swaps, and for what people want to be told of their shifts."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Request

from oncall.access.api import PersonOrAdmin, Reader, Responder
from oncall.handoffs.commands import shifts, swaps
from oncall.handoffs.commands.swaps import Wish
from oncall.handoffs.schemas import AcceptIn, ActIn, PreferenceShape, SwapDone, SwapIn, SwapShown
from oncall.handoffs.values import InvalidSwap, Swap, SwapId, SwapStatus
from oncall.kit.http import Listed, Paging, ReadTx, WriteTx, now_in
from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.schemas.schedules import AdviceShown
from oncall.schedules.values import Advice
from oncall.teams.commands import names_of

router = APIRouter(prefix="/api/v1", tags=["swaps"])


async def _done(tx: WriteTx, swap: Swap, advice: Sequence[Advice], *, now: datetime) -> SwapDone:
    names = dict(await names_of(tx, [user for user in (swap.giver, swap.taker) if user]))
    return SwapDone.of(swap, names, now=now, warnings=[AdviceShown.model_validate(one) for one in advice])


@router.post("/schedules/{id}/swaps", status_code=201)
async def propose_swap(request: Request, id: ScheduleId, caller: Responder, tx: WriteTx, wanted: SwapIn) -> SwapDone:
    """Offer hours, or ask for somebody's; with `take_now` they change hands at once."""
    now = await now_in(request, tx)
    in_return = (wanted.in_return.start, wanted.in_return.end) if wanted.in_return else None
    wish = Wish(wanted.kind, wanted.start, wanted.end, wanted.with_user_id, in_return, wanted.note, wanted.take_now)
    swap, advice = await swaps.propose(tx, id, wish, user_id=wanted.user_id, caller=caller, channels=request.app.state.channels, now=now)
    return await _done(tx, swap, advice, now=now)


@router.get("/schedules/{id}/swaps")
async def list_swaps(
    *, request: Request, id: ScheduleId, _: Reader, tx: ReadTx, page: Paging, status: SwapStatus | None = None
) -> Listed[SwapShown]:
    """In order of creation; an open one whose hours have passed is `expired`."""
    now = await now_in(request, tx)
    shown, cursor = page.cut(await swaps.list_swaps(tx, id, after=page.after, limit=page.limit + 1, status=status, now=now))
    names = dict(await names_of(tx, {user for swap in shown for user in (swap.giver, swap.taker) if user}))
    return Listed(items=[SwapShown.of(swap, names, now=now) for swap in shown], next_cursor=cursor)


@router.get("/schedules/{id}/swaps/{swap_id}")
async def get_swap(request: Request, id: ScheduleId, swap_id: SwapId, _: Reader, tx: ReadTx) -> SwapShown:
    swap = await swaps.get_swap(tx, id, swap_id)
    names = dict(await names_of(tx, [user for user in (swap.giver, swap.taker) if user]))
    return SwapShown.of(swap, names, now=await now_in(request, tx))


@router.post("/schedules/{id}/swaps/{swap_id}/accept")
async def accept_swap(
    *, request: Request, id: ScheduleId, swap_id: SwapId, caller: Responder, tx: WriteTx, wanted: AcceptIn | None = None
) -> SwapDone:
    """Take it, all of it or a part; it becomes an override (two for an exchange)."""
    now = await now_in(request, tx)
    said = wanted or AcceptIn()
    if (said.start is None) != (said.end is None):
        raise InvalidSwap("A part has a start and an end.", field="end" if said.end is None else "start")
    part = (said.start, said.end) if said.start and said.end else None
    swap, advice = await swaps.accept(
        tx, id, swap_id, user_id=said.user_id, part=part, caller=caller, channels=request.app.state.channels, now=now
    )
    return await _done(tx, swap, advice, now=now)


@router.post("/schedules/{id}/swaps/{swap_id}/decline")
async def decline_swap(
    *, request: Request, id: ScheduleId, swap_id: SwapId, caller: Responder, tx: WriteTx, wanted: ActIn | None = None
) -> SwapDone:
    """Whom it was proposed to says no."""
    now = await now_in(request, tx)
    return await _done(tx, await swaps.decline(tx, id, swap_id, user_id=(wanted or ActIn()).user_id, caller=caller, now=now), [], now=now)


@router.post("/schedules/{id}/swaps/{swap_id}/withdraw")
async def withdraw_swap(
    *, request: Request, id: ScheduleId, swap_id: SwapId, caller: Responder, tx: WriteTx, wanted: ActIn | None = None
) -> SwapDone:
    """Whoever proposed it takes it back before it is taken."""
    now = await now_in(request, tx)
    return await _done(tx, await swaps.withdraw(tx, id, swap_id, user_id=(wanted or ActIn()).user_id, caller=caller, now=now), [], now=now)


@router.post("/schedules/{id}/swaps/{swap_id}/undo")
async def undo_swap(
    *, request: Request, id: ScheduleId, swap_id: SwapId, caller: Responder, tx: WriteTx, wanted: ActIn | None = None
) -> SwapDone:
    """Take back a swap that was taken: its overrides end now, or never begin."""
    now = await now_in(request, tx)
    return await _done(tx, await swaps.undo(tx, id, swap_id, user_id=(wanted or ActIn()).user_id, caller=caller, now=now), [], now=now)


@router.get("/users/{user_id}/handoff-notices")
async def get_preference(user_id: UserId, _: Reader, tx: ReadTx) -> PreferenceShape:
    """When this person is told of their shifts."""
    return PreferenceShape.model_validate(await shifts.get_preference(tx, user_id))


@router.put("/users/{user_id}/handoff-notices")
async def set_preference(user_id: UserId, _: PersonOrAdmin, tx: WriteTx, wanted: PreferenceShape) -> PreferenceShape:
    return PreferenceShape.model_validate(await shifts.set_preference(tx, user_id, wanted.value()))
