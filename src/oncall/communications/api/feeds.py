"""REST for status feeds; the pages themselves are hot routes."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.communications.commands import feeds as commands
from oncall.communications.schemas.feeds import FeedEdit, FeedIn, FeedOut
from oncall.communications.values.feeds import Feed, FeedId
from oncall.kit.http import AgainRoute, IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag

router = APIRouter(prefix="/api/v1/status-feeds", tags=["status pages"], route_class=AgainRoute)


@router.post("", status_code=201)
async def create_feed(body: FeedIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> FeedOut:
    return _shown(await commands.create_feed(tx, body.settings(), now=await now_in(request, tx)), request, response)


@router.get("")
async def list_feeds(request: Request, _: Reader, tx: ReadTx, page: Paging) -> Listed[FeedOut]:
    shown, cursor = page.cut(await commands.list_feeds(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[_shown(feed, request) for feed in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_feed(id: FeedId, request: Request, response: Response, _: Reader, tx: ReadTx) -> FeedOut:
    return _shown(await commands.get_feed(tx, id), request, response)


@router.put("/{id}")
async def update_feed(
    *, id: FeedId, body: FeedEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> FeedOut:
    """All of it. With `public: false` its pages are gone within a second."""
    return _shown(await commands.update_feed(tx, id, body.settings(), expected_version=version), request, response)


@router.delete("/{id}", status_code=204)
async def delete_feed(id: FeedId, _: Admin, tx: WriteTx) -> None:
    """Its pages are gone; what was published stays with the incidents."""
    await commands.delete_feed(tx, id)


def _shown(feed: Feed, request: Request, response: Response | None = None) -> FeedOut:
    if response is not None:
        set_etag(response, feed.version)
    return FeedOut.of(feed, request.app.state.settings.base_url)
