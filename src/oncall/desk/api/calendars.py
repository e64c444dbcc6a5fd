"""REST for calendars."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.desk.commands import calendars as commands
from oncall.desk.commands import hours
from oncall.desk.schemas.calendars import CalendarEdit, CalendarIn, CalendarOut, OpeningOut
from oncall.desk.values import CalendarId
from oncall.desk.values.calendars import Calendar
from oncall.kit.http import IfMatch, Instant, Listed, Paging, ReadTx, WriteTx, now_in, set_etag

router = APIRouter(prefix="/api/v1/calendars", tags=["service desk"])


def _show(calendar: Calendar, response: Response | None = None) -> CalendarOut:
    if response is not None:
        set_etag(response, calendar.version)
    return CalendarOut.of(calendar, hours.written(calendar))


@router.post("", status_code=201)
async def create_calendar(body: CalendarIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> CalendarOut:
    wanted = body.settings(hours.read(body.spans()))
    return _show(await commands.create_calendar(tx, wanted, now=await now_in(request, tx)), response)


@router.get("")
async def list_calendars(_: Reader, tx: ReadTx, page: Paging) -> Listed[CalendarOut]:
    shown, cursor = page.cut(await commands.list_calendars(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[_show(calendar) for calendar in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_calendar(id: CalendarId, request: Request, response: Response, _: Reader, tx: ReadTx) -> CalendarOut:
    return _show(await commands.get_calendar(tx, id, now=await now_in(request, tx)), response)


@router.get("/{id}/opening")
async def get_opening(id: CalendarId, request: Request, _: Reader, tx: ReadTx, at: Instant | None = None) -> OpeningOut:
    """Whether it is open now, or at another instant, and when it next opens and closes."""
    now = await now_in(request, tx)
    opening = hours.opening(await commands.get_calendar(tx, id, now=now), at or now)
    return OpeningOut.model_validate(opening)


@router.put("/{id}")
async def update_calendar(
    *, id: CalendarId, body: CalendarEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> CalendarOut:
    """What was promised by it before stays as it was promised."""
    wanted, on_changed = body.settings(hours.read(body.spans())), request.app.state.on_calendar_changed
    now = await now_in(request, tx)
    return _show(await commands.update_calendar(tx, id, wanted, expected_version=version, on_changed=on_changed, now=now), response)


@router.delete("/{id}", status_code=204)
async def delete_calendar(id: CalendarId, _: Admin, tx: WriteTx) -> None:
    """One by which nothing counts."""
    await commands.delete_calendar(tx, id)
