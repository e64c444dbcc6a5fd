"""REST for calendars: ours to be read elsewhere, those of others to be read here."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from oncall.access.api import Admin, PersonOrAdmin, Reader, Responder, require
from oncall.access.values import Scope
from oncall.kit.http import Listed, PageOf, PagingIfAsked, ReadTx, WriteTx, now_in
from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.schedules.commands import advising, feeds, sources
from oncall.schedules.commands.authors import author_of
from oncall.schedules.commands.feeds import Owner
from oncall.schedules.schemas.calendars import (
    CalendarIn,
    CalendarShown,
    FeedIn,
    FeedMade,
    FeedShown,
    ImportDone,
    ImportIn,
    LayerCalendarIn,
)
from oncall.schedules.schemas.schedules import AdviceShown, ScheduleWritten
from oncall.schedules.values import CalendarFeedId, CalendarSourceId

router = APIRouter(prefix="/api/v1", tags=["calendars"])
HOUR = 3600


# --- ours -------------------------------------------------------------------------------------------------------------------


async def token_or_reader(request: Request, token: Annotated[str | None, Query(max_length=200)] = None) -> str | None:
    """A calendar program has no header to send: the token in the address is its authority. Without one a key is needed."""
    if token is None:
        await require(Scope.READ)(request, None)
    return token


Token = Annotated[str | None, Depends(token_or_reader)]


async def _calendar(request: Request, tx: ReadTx, owner: Owner, token: str | None) -> Response:
    now = await now_in(request, tx)
    if token is not None:
        await feeds.check_token(tx, owner, token)
    edition = await feeds.edition_of(tx, owner, now=now)
    etag = f'"{edition.tag}"'
    headers = {"ETag": etag, "Cache-Control": f"private, max-age={HOUR // 4}", "X-Robots-Tag": "noindex"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    state = request.app.state
    if not hasattr(state, "feeds"):
        state.feeds = feeds.Written()
    written: feeds.Written = state.feeds
    content = written.find(edition)
    if content is None:
        content = await feeds.write(tx, edition, now=now)
        written.keep(edition, content)
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


def _url(request: Request, path: str, token: str) -> str:
    base: str = request.app.state.settings.base_url
    return f"{base}/api/v1/{path}/calendar.ics?token={token}"


async def _made(request: Request, tx: WriteTx, owner: Owner, path: str, wanted: FeedIn | None) -> FeedMade:
    feed, token = await feeds.create_feed(tx, owner, name=(wanted or FeedIn()).name, now=await now_in(request, tx))
    return FeedMade(url=_url(request, path, token), **FeedShown.of(feed).model_dump())


async def _listed(request: Request, tx: ReadTx, owner: Owner, page: PageOf) -> Listed[FeedShown]:
    found = await feeds.list_feeds(tx, owner, now=await now_in(request, tx))
    shown, cursor = page.part(found)
    return Listed(items=[FeedShown.of(feed) for feed in shown], next_cursor=cursor)


@router.get("/schedules/{id}/calendar.ics", response_class=Response)
async def schedule_calendar(request: Request, id: ScheduleId, token: Token, tx: ReadTx) -> Response:
    """The shifts of a schedule as iCal: a month back, six ahead."""
    return await _calendar(request, tx, Owner(schedule_id=id), token)


@router.get("/users/{user_id}/calendar.ics", response_class=Response)
async def user_calendar(request: Request, user_id: UserId, token: Token, tx: ReadTx) -> Response:
    """The shifts of a person in all schedules as iCal."""
    return await _calendar(request, tx, Owner(user_id=user_id), token)


@router.get("/teams/{id}/calendar.ics", response_class=Response)
async def team_calendar(request: Request, id: TeamId, token: Token, tx: ReadTx) -> Response:
    """The shifts of all schedules of a team as iCal."""
    return await _calendar(request, tx, Owner(team_id=id), token)


@router.post("/schedules/{id}/calendar-feeds", status_code=201)
async def add_schedule_feed(request: Request, id: ScheduleId, _: Responder, tx: WriteTx, wanted: FeedIn | None = None) -> FeedMade:
    """An address to subscribe to in a calendar program; it is shown once, and can be revoked."""
    return await _made(request, tx, Owner(schedule_id=id), f"schedules/{id}", wanted)


@router.get("/schedules/{id}/calendar-feeds")
async def list_schedule_feeds(request: Request, id: ScheduleId, _: Responder, tx: ReadTx, page: PagingIfAsked) -> Listed[FeedShown]:
    return await _listed(request, tx, Owner(schedule_id=id), page)


@router.delete("/schedules/{id}/calendar-feeds/{feed_id}", status_code=204)
async def revoke_schedule_feed(request: Request, id: ScheduleId, feed_id: CalendarFeedId, _: Responder, tx: WriteTx) -> Response:
    await feeds.revoke_feed(tx, Owner(schedule_id=id), feed_id, now=await now_in(request, tx))
    return Response(status_code=204)


@router.post("/users/{user_id}/calendar-feeds", status_code=201)
async def add_user_feed(request: Request, user_id: UserId, _: PersonOrAdmin, tx: WriteTx, wanted: FeedIn | None = None) -> FeedMade:
    """An address to subscribe to in a calendar program; it is shown once, and can be revoked."""
    return await _made(request, tx, Owner(user_id=user_id), f"users/{user_id}", wanted)


@router.get("/users/{user_id}/calendar-feeds")
async def list_user_feeds(request: Request, user_id: UserId, _: PersonOrAdmin, tx: ReadTx, page: PagingIfAsked) -> Listed[FeedShown]:
    return await _listed(request, tx, Owner(user_id=user_id), page)


@router.delete("/users/{user_id}/calendar-feeds/{feed_id}", status_code=204)
async def revoke_user_feed(request: Request, user_id: UserId, feed_id: CalendarFeedId, _: PersonOrAdmin, tx: WriteTx) -> Response:
    await feeds.revoke_feed(tx, Owner(user_id=user_id), feed_id, now=await now_in(request, tx))
    return Response(status_code=204)


@router.post("/teams/{id}/calendar-feeds", status_code=201)
async def add_team_feed(request: Request, id: TeamId, _: Responder, tx: WriteTx, wanted: FeedIn | None = None) -> FeedMade:
    """An address to subscribe to in a calendar program; it is shown once, and can be revoked."""
    return await _made(request, tx, Owner(team_id=id), f"teams/{id}", wanted)


@router.get("/teams/{id}/calendar-feeds")
async def list_team_feeds(request: Request, id: TeamId, _: Responder, tx: ReadTx, page: PagingIfAsked) -> Listed[FeedShown]:
    return await _listed(request, tx, Owner(team_id=id), page)


@router.delete("/teams/{id}/calendar-feeds/{feed_id}", status_code=204)
async def revoke_team_feed(request: Request, id: TeamId, feed_id: CalendarFeedId, _: Responder, tx: WriteTx) -> Response:
    await feeds.revoke_feed(tx, Owner(team_id=id), feed_id, now=await now_in(request, tx))
    return Response(status_code=204)


# --- those of others --------------------------------------------------------------------------------------------------------


@router.post("/users/{user_id}/calendars", status_code=201)
async def add_user_calendar(request: Request, user_id: UserId, _: PersonOrAdmin, tx: WriteTx, wanted: CalendarIn) -> CalendarShown:
    """A calendar whose events are when this person is not available."""
    url = sources.checked_address(wanted.url, request.app.state.client)
    return CalendarShown.of(await sources.add_source_of_user(tx, user_id, url=url, now=await now_in(request, tx)))


@router.get("/users/{user_id}/calendars")
async def list_user_calendars(
    request: Request, user_id: UserId, _: PersonOrAdmin, tx: ReadTx, page: PagingIfAsked
) -> Listed[CalendarShown]:
    found = await sources.list_sources(tx, user_id=user_id, now=await now_in(request, tx))
    shown, cursor = page.part(found)
    return Listed(items=[CalendarShown.of(source) for source in shown], next_cursor=cursor)


@router.delete("/users/{user_id}/calendars/{calendar_id}", status_code=204)
async def remove_user_calendar(request: Request, user_id: UserId, calendar_id: CalendarSourceId, _: PersonOrAdmin, tx: WriteTx) -> Response:
    """It is not read any more, and what it says of the future does not count."""
    await sources.remove_source(tx, calendar_id, user_id=user_id, now=await now_in(request, tx))
    return Response(status_code=204)


@router.post("/schedules/{id}/calendars", status_code=201)
async def add_schedule_calendar(request: Request, id: ScheduleId, caller: Admin, tx: WriteTx, wanted: LayerCalendarIn) -> CalendarShown:
    """A calendar whose events are the fixed shifts of a layer."""
    source = await sources.add_source_of_layer(
        tx,
        id,
        name=wanted.layer,
        url=sources.checked_address(wanted.url, request.app.state.client),
        author=await author_of(tx, caller),
        now=await now_in(request, tx),
    )
    return CalendarShown.of(source)


@router.get("/schedules/{id}/calendars")
async def list_schedule_calendars(
    request: Request, id: ScheduleId, caller: Reader, tx: ReadTx, page: PagingIfAsked
) -> Listed[CalendarShown]:
    found = await sources.list_sources(tx, schedule_id=id, now=await now_in(request, tx))
    shown, cursor = page.part(found)
    return Listed(items=[CalendarShown.of(source, whole_url=caller.scope is Scope.ADMIN) for source in shown], next_cursor=cursor)


@router.delete("/schedules/{id}/calendars/{calendar_id}", status_code=204)
async def remove_schedule_calendar(request: Request, id: ScheduleId, calendar_id: CalendarSourceId, _: Admin, tx: WriteTx) -> Response:
    """It is not read any more; its layer keeps the shifts it has."""
    await sources.remove_source(tx, calendar_id, schedule_id=id, now=await now_in(request, tx))
    return Response(status_code=204)


@router.post("/schedules/{id}/imports", status_code=201)
async def import_calendar(request: Request, id: ScheduleId, caller: Admin, tx: WriteTx, wanted: ImportIn) -> ImportDone:
    """An iCal file as the fixed shifts of a layer, from now on."""
    now = await now_in(request, tx)
    author = await author_of(tx, caller)
    content = wanted.text().encode("utf-8", "surrogatepass")
    schedule, notes = await sources.import_calendar(tx, id, name=wanted.layer, content=content, author=author, now=now)
    warnings = [AdviceShown.model_validate(one) for one in await advising.advise(tx, id, channels=request.app.state.channels, now=now)]
    return ImportDone(schedule=ScheduleWritten.of(schedule, warnings=warnings), notes=list(notes))
