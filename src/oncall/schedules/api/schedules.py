"""REST for schedules as authors write them, version by version."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Admin, Reader
from oncall.access.values import Caller
from oncall.kit.http import IfMatch, Listed, Paging, PagingIfAsked, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ScheduleId, TeamId
from oncall.schedules.commands import advising, editing
from oncall.schedules.commands.authors import author_of
from oncall.schedules.schemas.answers import PreviewShown
from oncall.schedules.schemas.schedules import (
    AdviceShown,
    PreviewIn,
    ScheduleEdit,
    ScheduleIn,
    ScheduleReplacement,
    ScheduleShown,
    ScheduleWritten,
    Taking,
    VersionShown,
)
from oncall.schedules.values import Advice, AuthoredSchedule, ScheduleChanges
from oncall.teams.commands import names_of

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])

Filter = Annotated[str | None, Query(max_length=254)]


def _written(schedule: AuthoredSchedule, advice: list[Advice], response: Response) -> ScheduleWritten:
    set_etag(response, schedule.version)
    return ScheduleWritten.of(schedule, warnings=[AdviceShown.model_validate(one) for one in advice])


@router.post("", status_code=201)
async def create_schedule(request: Request, response: Response, caller: Admin, tx: WriteTx, wanted: ScheduleIn) -> ScheduleWritten:
    now = await now_in(request, tx)
    author = await author_of(tx, caller)
    schedule = await editing.create_schedule(
        tx, name=wanted.name, team_id=wanted.team_id, definition=wanted.definition(), author=author, now=now
    )
    return _written(schedule, await advising.advise(tx, schedule.id, channels=request.app.state.channels, now=now), response)


@router.get("")
async def list_schedules(
    *, request: Request, _: Reader, tx: ReadTx, page: Paging, name: Filter = None, team_id: TeamId | None = None
) -> Listed[ScheduleShown]:
    now = await now_in(request, tx)
    found = await editing.list_schedules(tx, after=page.after, limit=page.limit + 1, name=name, team_id=team_id, now=now)
    shown, next_cursor = page.cut(found)
    return Listed(items=[ScheduleShown.of(schedule) for schedule in shown], next_cursor=next_cursor)


@router.post("/preview")
async def preview(request: Request, _: Reader, tx: ReadTx, wanted: PreviewIn) -> PreviewShown:
    """What would be if this were written: who is on call before and after, who gains and loses which hours. Writes nothing."""
    seen = await advising.preview(
        tx,
        wanted.definition(),
        id=wanted.schedule_id,
        team_id=wanted.team_id,
        since=wanted.since,
        until=wanted.until,
        effective_from=wanted.effective_from,
        continuation=wanted.continuation,
        channels=request.app.state.channels,
        now=await now_in(request, tx),
    )
    people = {user for tile in (*seen.before, *seen.after) for user in tile.on_call.users}
    return PreviewShown.of(seen, await names_of(tx, people))


@router.get("/{id}")
async def get_schedule(request: Request, response: Response, id: ScheduleId, _: Reader, tx: ReadTx) -> ScheduleShown:
    schedule = await editing.get_schedule(tx, id, now=await now_in(request, tx))
    set_etag(response, schedule.version)
    return ScheduleShown.of(schedule)


@router.put("/{id}")
async def replace_schedule(
    *, request: Request, response: Response, id: ScheduleId, caller: Admin, tx: WriteTx, version: IfMatch, wanted: ScheduleReplacement
) -> ScheduleWritten:
    """Replace all of it, from `effective_from` on; who was on call until then stays as it was."""
    return await _edit(request, response, id, caller, tx, version, wanted, wanted.changes())


@router.patch("/{id}")
async def edit_schedule(
    *, request: Request, response: Response, id: ScheduleId, caller: Admin, tx: WriteTx, version: IfMatch, edit: ScheduleEdit
) -> ScheduleWritten:
    """Change the fields that are sent, from `effective_from` on; who was on call until then stays as it was."""
    return await _edit(request, response, id, caller, tx, version, edit, edit.changes())


async def _edit(
    request: Request,
    response: Response,
    id: ScheduleId,
    caller: Caller,
    tx: WriteTx,
    version: int | None,
    taking: Taking,
    changes: ScheduleChanges,
) -> ScheduleWritten:
    now = await now_in(request, tx)
    schedule = await editing.edit_schedule(
        tx,
        id,
        changes,
        version=version,
        effective_from=taking.effective_from,
        continuation=taking.continuation,
        author=await author_of(tx, caller),
        now=now,
    )
    return _written(schedule, await advising.advise(tx, id, channels=request.app.state.channels, now=now), response)


@router.delete("/{id}", status_code=204)
async def delete_schedule(request: Request, id: ScheduleId, _: Admin, tx: WriteTx) -> Response:
    """From now on there is no such schedule; who was on call until now can still be asked."""
    await editing.delete_schedule(tx, id, now=await now_in(request, tx))
    return Response(status_code=204)


@router.get("/{id}/versions")
async def list_versions(request: Request, id: ScheduleId, _: Reader, tx: ReadTx, page: PagingIfAsked) -> Listed[VersionShown]:
    """Every edit of what the schedule says: from when on, by whom; those that are still to come as well."""
    versions = await editing.list_versions(tx, id, now=await now_in(request, tx))
    shown, cursor = page.part(versions)
    return Listed(items=[VersionShown.of(version) for version in shown], next_cursor=cursor)


@router.delete("/{id}/versions/{number}")
async def withdraw_version(
    *, request: Request, response: Response, id: ScheduleId, number: int, _: Admin, tx: WriteTx, version: IfMatch
) -> ScheduleWritten:
    """Take back a version that is not in force yet."""
    now = await now_in(request, tx)
    schedule = await editing.withdraw_version(tx, id, number, version=version, now=now)
    return _written(schedule, await advising.advise(tx, id, channels=request.app.state.channels, now=now), response)


@router.get("/{id}/warnings")
async def list_warnings(request: Request, id: ScheduleId, _: Reader, tx: ReadTx) -> Listed[AdviceShown]:
    """What a careful colleague would say about the coming months; every write answers with it as well."""
    advice = await advising.advise(tx, id, channels=request.app.state.channels, now=await now_in(request, tx))
    return Listed(items=[AdviceShown.model_validate(one) for one in advice])
