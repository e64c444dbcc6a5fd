"""REST for when people cannot be on call."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import PersonOrAdmin, Reader
from oncall.kit.http import Listed, Paging, ReadTx, WriteTx, now_in
from oncall.kit.ids import UserId
from oncall.schedules.commands import advising
from oncall.schedules.commands import unavailability as commands
from oncall.schedules.commands.authors import author_of
from oncall.schedules.schemas.layers import WholeSecond
from oncall.schedules.schemas.schedules import AdviceShown
from oncall.schedules.schemas.unavailability import UnavailabilityIn, UnavailabilityShown, UnavailabilityWritten
from oncall.schedules.values import UnavailabilityId

router = APIRouter(prefix="/api/v1/users/{user_id}/unavailability", tags=["unavailability"])


@router.post("", status_code=201)
async def add_unavailability(
    request: Request, user_id: UserId, caller: PersonOrAdmin, tx: WriteTx, wanted: UnavailabilityIn
) -> UnavailabilityWritten:
    """From now at the earliest; the answer says where it leaves nobody on call."""
    now = await now_in(request, tx)
    span = await commands.add_unavailability(
        tx,
        user_id,
        start=wanted.start,
        end=wanted.end,
        cover_user_id=wanted.cover_user_id,
        reason=wanted.reason,
        author=await author_of(tx, caller),
        now=now,
    )
    advice = await advising.advise_on_absence(tx, user_id, start=span.start, end=span.end, now=now)
    return UnavailabilityWritten.of(span, warnings=[AdviceShown.model_validate(one) for one in advice])


@router.get("")
async def list_unavailability(
    *, user_id: UserId, caller: Reader, tx: ReadTx, page: Paging, since: WholeSecond | None = None, until: WholeSecond | None = None
) -> Listed[UnavailabilityShown]:
    """In order of creation, those from calendars included; with `since` and `until` those that touch that range.

    What an event of somebody's calendar is called is only for them and for admins.
    """
    found = await commands.list_unavailability(tx, user_id, after=page.after, limit=page.limit + 1, since=since, until=until)
    shown, next_cursor = page.cut(found)
    return Listed(items=[UnavailabilityShown.of(span, titles=caller.may_act_for(user_id)) for span in shown], next_cursor=next_cursor)


@router.delete("/{id}", status_code=204)
async def remove_unavailability(request: Request, user_id: UserId, id: UnavailabilityId, _: PersonOrAdmin, tx: WriteTx) -> Response:
    """They are back: what is running ends now, what is to come is gone, what is over stays (409)."""
    await commands.remove_unavailability(tx, user_id, id, now=await now_in(request, tx))
    return Response(status_code=204)
