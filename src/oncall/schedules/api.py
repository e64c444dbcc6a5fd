"""REST for schedules, their overrides, and who is on call."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Admin, Reader, Responder
from oncall.kit.http import IfMatch, Instant, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ScheduleId, TeamId
from oncall.schedules import commands
from oncall.schedules.schemas import (
    OnCallShown,
    OverrideIn,
    OverrideShown,
    ScheduleEdit,
    ScheduleIn,
    ScheduleShown,
    Shifts,
    WholeSecond,
)
from oncall.schedules.values import AuthoredSchedule, OverrideId
from oncall.teams.commands import get_users

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])

Filter = Annotated[str | None, Query(max_length=254)]


def _show(schedule: AuthoredSchedule, response: Response) -> ScheduleShown:
    set_etag(response, schedule.version)
    return ScheduleShown.of(schedule)


@router.post("", status_code=201)
async def create_schedule(request: Request, response: Response, _: Admin, tx: WriteTx, wanted: ScheduleIn) -> ScheduleShown:
    now = await now_in(request, tx)
    schedule = await commands.create_schedule(tx, name=wanted.name, team_id=wanted.team_id, definition=wanted.definition(), now=now)
    return _show(schedule, response)


@router.get("")
async def list_schedules(_: Reader, tx: ReadTx, page: Paging, name: Filter = None, team_id: TeamId | None = None) -> Listed[ScheduleShown]:
    found = await commands.list_schedules(tx, after=page.after, limit=page.limit + 1, name=name, team_id=team_id)
    shown, next_cursor = page.cut(found)
    return Listed(items=[ScheduleShown.of(schedule) for schedule in shown], next_cursor=next_cursor)


@router.get("/{id}")
async def get_schedule(response: Response, id: ScheduleId, _: Reader, tx: ReadTx) -> ScheduleShown:
    return _show(await commands.get_schedule(tx, id), response)


@router.put("/{id}")
async def replace_schedule(
    *, request: Request, response: Response, id: ScheduleId, _: Admin, tx: WriteTx, version: IfMatch, wanted: ScheduleIn
) -> ScheduleShown:
    """Replace all of it, from now on; who was on call until now stays as it was."""
    now = await now_in(request, tx)
    return _show(await commands.edit_schedule(tx, id, wanted.changes(), version=version, now=now), response)


@router.patch("/{id}")
async def edit_schedule(
    *, request: Request, response: Response, id: ScheduleId, _: Admin, tx: WriteTx, version: IfMatch, edit: ScheduleEdit
) -> ScheduleShown:
    """Change the fields that are sent, from now on; who was on call until now stays as it was."""
    now = await now_in(request, tx)
    return _show(await commands.edit_schedule(tx, id, edit.changes(), version=version, now=now), response)


@router.delete("/{id}", status_code=204)
async def delete_schedule(id: ScheduleId, _: Admin, tx: WriteTx) -> Response:
    await commands.delete_schedule(tx, id)
    return Response(status_code=204)


@router.get("/{id}/oncall")
async def get_oncall(request: Request, id: ScheduleId, _: Reader, tx: ReadTx, at: Instant | None = None) -> OnCallShown:
    """Who is on call at an instant (default: now)."""
    instant = at or await now_in(request, tx)
    outlook = await commands.get_outlook(tx, id, at=instant)
    users = {*outlook.on_call.users, *(outlook.next.users if outlook.next else ())}
    return OnCallShown.of(outlook, await get_users(tx, users), at=instant)


@router.get("/{id}/shifts")
async def get_shifts(id: ScheduleId, _: Reader, tx: ReadTx, since: WholeSecond, until: WholeSecond) -> Shifts:
    """Who is on call throughout a range of at most a year, gaps included."""
    tiles, coverage = await commands.get_shifts(tx, id, since=since, until=until)
    return Shifts.of(tiles, coverage, await get_users(tx, {user for tile in tiles for user in tile.on_call.users}))


@router.post("/{id}/overrides", status_code=201)
async def add_override(request: Request, id: ScheduleId, _: Responder, tx: WriteTx, wanted: OverrideIn) -> OverrideShown:
    override = await commands.add_override(
        tx,
        id,
        kind=wanted.kind,
        start=wanted.start,
        end=wanted.end,
        user_id=wanted.user_id,
        replaces_user_id=wanted.replaces_user_id,
        now=await now_in(request, tx),
    )
    return OverrideShown.of(override)


@router.get("/{id}/overrides")
async def list_overrides(id: ScheduleId, _: Reader, tx: ReadTx, page: Paging) -> Listed[OverrideShown]:
    shown, next_cursor = page.cut(await commands.list_overrides(tx, id, after=page.after, limit=page.limit + 1))
    return Listed(items=[OverrideShown.of(override) for override in shown], next_cursor=next_cursor)


@router.delete("/{id}/overrides/{override_id}", status_code=204)
async def remove_override(request: Request, id: ScheduleId, override_id: OverrideId, _: Responder, tx: WriteTx) -> Response:
    """Take an override back: one that is running ends now, one to come is gone, one that is over stays (409)."""
    await commands.remove_override(tx, id, override_id, now=await now_in(request, tx))
    return Response(status_code=204)
