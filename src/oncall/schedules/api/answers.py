"""REST for who is on call: at an instant, throughout a range, and when somebody is next."""

from datetime import timedelta

from fastapi import APIRouter, Request

from oncall.access.api import Reader
from oncall.kit.http import Instant, Listed, ReadTx, now_in
from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules import commands
from oncall.schedules.commands import recording
from oncall.schedules.commands.lookup import EVERYTHING_KNOWN
from oncall.schedules.schemas.answers import DifferenceShown, Gaps, GapShown, NextShiftAnswer, NextShiftShown, OnCallShown, Shifts
from oncall.schedules.schemas.layers import WholeSecond
from oncall.teams.commands import get_user, names_of

router = APIRouter(prefix="/api/v1", tags=["on call"])
AHEAD = timedelta(days=90)


@router.get("/schedules/{id}/oncall")
async def get_oncall(
    *, request: Request, id: ScheduleId, _: Reader, tx: ReadTx, at: Instant | None = None, as_known_at: Instant | None = None
) -> OnCallShown:
    """Who is on call at an instant (default: now), and why; `as_known_at`: as it was planned, or known, then."""
    instant = at or await now_in(request, tx)
    outlook = await commands.get_outlook(tx, id, at=instant, known=as_known_at or EVERYTHING_KNOWN)
    users = {*outlook.on_call.users, *(outlook.next.users if outlook.next else ())}
    return OnCallShown.of(outlook, await names_of(tx, users), at=instant)


@router.get("/schedules/{id}/shifts")
async def get_shifts(
    *,
    id: ScheduleId,
    _: Reader,
    tx: ReadTx,
    since: WholeSecond,
    until: WholeSecond,
    overflow: bool = False,
    as_known_at: Instant | None = None,
) -> Shifts:
    """Who is on call throughout a range of at most a year, gaps included; with `overflow` the first and last shift keep their own ends."""
    tiles, coverage = await commands.get_shifts(tx, id, since=since, until=until, known=as_known_at or EVERYTHING_KNOWN, overflow=overflow)
    return Shifts.of(tiles, coverage, await names_of(tx, {user for tile in tiles for user in tile.on_call.users}))


@router.get("/schedules/{id}/gaps")
async def get_gaps(
    *, request: Request, id: ScheduleId, _: Reader, tx: ReadTx, since: WholeSecond | None = None, until: WholeSecond | None = None
) -> Gaps:
    """Where nobody is on call in a range of at most a year; by default in the next 90 days."""
    start = since or (await now_in(request, tx)).replace(microsecond=0)
    gaps, coverage = await commands.get_coverage(tx, id, since=start, until=until or start + AHEAD)
    return Gaps(items=[GapShown(start=gap.start, end=gap.end) for gap in gaps], coverage=coverage)


@router.get("/schedules/{id}/audit")
async def audit(*, id: ScheduleId, _: Reader, tx: ReadTx, since: WholeSecond, until: WholeSecond) -> Listed[DifferenceShown]:
    """Where what was written down (`before`) differs from what would be computed today (`after`), in a range of at most a year."""
    found = await recording.audit(tx, id, since=since, until=until)
    names = await names_of(tx, {user for one in found for user in (*one.before, *one.after)})
    return Listed(items=[DifferenceShown.of(one, names) for one in found])


@router.get("/schedules/{id}/next-shift")
async def get_next_shift_in(
    *, request: Request, id: ScheduleId, _: Reader, tx: ReadTx, user_id: UserId, after: Instant | None = None
) -> NextShiftAnswer:
    """The first shift of a user in this schedule that begins after an instant (default: now); null if there is none within a year."""
    await get_user(tx, user_id)
    found = await commands.next_shift(tx, user_id, after=after or await now_in(request, tx), of=id)
    return NextShiftAnswer(next_shift=NextShiftShown.of(found) if found else None)


@router.get("/users/{user_id}/next-shift")
async def get_next_shift(*, request: Request, user_id: UserId, _: Reader, tx: ReadTx, after: Instant | None = None) -> NextShiftAnswer:
    """The first shift of a user in any schedule that begins after an instant (default: now); null if there is none within a year."""
    await get_user(tx, user_id)
    found = await commands.next_shift(tx, user_id, after=after or await now_in(request, tx))
    return NextShiftAnswer(next_shift=NextShiftShown.of(found) if found else None)
