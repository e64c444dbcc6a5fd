"""`/status/{slug}` as HTML, JSON and Atom: bytes that were made once for each version, and at most a second old."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.communications.compiled.boards import Board, Maintenance, changes_at, first_page, history
from oncall.communications.templates.pages import STYLE_HASH, as_atom, as_html, as_json
from oncall.communications.values.feeds import Feed, NoSuchPage, Shown, StatusPage
from oncall.kit.compiled import Compilation, Compiled, T
from oncall.kit.db import Database, Pool
from oncall.kit.errors import Unavailable
from oncall.kit.hot import Answer
from oncall.kit.http import PageOf

FRESH = "public, max-age=1, stale-while-revalidate=10, stale-if-error=86400"
POLICY = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'"
COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": FRESH}
TYPES = {"html": "text/html; charset=utf-8", "json": "application/json", "atom": "application/atom+xml; charset=utf-8"}
MORE: Mapping[str, Mapping[str, str]] = {"html": {"Content-Security-Policy": POLICY}, "json": {"Access-Control-Allow-Origin": "*"}}

AT_ONCE = 2
"""Pages of history that are read from the database at a time: whoever leafs through it takes no connection from others."""

KEPT = 200
"""Pages of history that are kept until something changes."""


class Prepared:
    """A page as it is sent, and what is said to whoever has it already: both made once, and given to everybody."""

    def __init__(self, body: bytes, form: str) -> None:
        self.etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
        headers = {"ETag": self.etag, **COMMON, **MORE.get(form, {})}
        self._whole = Answer(body, 200, headers, media_type=TYPES[form])
        self._unchanged = Answer(b"", 304, headers, media_type=TYPES[form])
        del self._unchanged.headers["content-length"]  # which would be that of the page

    def answer(self, request: Request) -> Response:
        asked = next((said for name, said in request.scope["headers"] if name == b"if-none-match"), None)
        return self._unchanged if asked is not None and _matches(asked.decode("latin-1"), self.etag) else self._whole


class StatusPages:
    """What this node has ready: made anew when anything moved, or time alone changed what is shown."""

    def __init__(
        self,
        database: Database,
        compilation: Compilation,
        board: Compiled[Board],
        maintenance: Compiled[Maintenance],
        *,
        about: Callable[[], datetime],
        base_url: str,
    ) -> None:
        self._database, self._compilation, self._board, self._maintenance = database, compilation, board, maintenance
        self._about, self._base_url = about, base_url
        self._made_of: tuple[Board, Maintenance] | None = None
        self._until: datetime | None = None
        self._since: datetime | None = None
        self._ready: dict[tuple[str, str, str], Prepared] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def first(self, slug: str, form: str) -> Prepared:
        """The page as everybody sees it first."""
        board, maintenance, now = await self._current()
        ready = self._ready.get((slug, form, ""))
        if ready is None:
            shown = _of(board, slug)
            ready = self._prepare(shown.feed, first_page(shown, maintenance, now=now), form, "")
        return ready

    async def later(self, slug: str, form: str, before: UUID, cursor: str) -> Prepared:
        """A page of history, read from the database unless somebody has just asked for it."""
        board, _, _ = await self._current()
        shown = _of(board, slug)
        ready = self._ready.get((slug, form, cursor))
        if ready is not None:
            return ready
        async with self._turns, self._database.transaction(Pool.API, read_only=True) as tx:
            page = await history(tx, shown.feed, before=before)
        if len(self._ready) > KEPT:
            self._ready.clear()
        return self._prepare(shown.feed, page, form, cursor)

    def _prepare(self, feed: Feed, page: StatusPage, form: str, cursor: str) -> Prepared:
        match form:
            case "html":
                body = as_html(page)
            case "json":
                body = as_json(page)
            case _:
                body = as_atom(page, base_url=self._base_url, id=str(feed.id))
        made = Prepared(body, form)
        self._ready[(page.slug, form, cursor)] = made
        return made

    async def _current(self) -> tuple[Board, Maintenance, datetime]:
        """What pages are made from now; what was ready of older versions is forgotten."""
        board, maintenance = await self._checked(self._board), await self._checked(self._maintenance)
        now = self._about()
        made_of = self._made_of
        is_same = made_of is not None and made_of[0] is board and made_of[1] is maintenance
        # Also if clocks were put back to before they were made.
        if not is_same or self._since is None or now < self._since or (self._until is not None and now >= self._until):
            self._ready.clear()
            self._made_of, self._since, self._until = (board, maintenance), now, changes_at(maintenance, now=now)
        return board, maintenance, now

    async def _checked(self, compiled: Compiled[T]) -> T:
        """At most a second old; while the database is away the last that was known, since that is when people look."""
        value = self._compilation.current(compiled)
        if value is not None:
            return value
        try:
            return await self._compilation.fresh(compiled)
        except Unavailable:
            if compiled.value is None:
                raise
            return compiled.value


def _of(board: Board, slug: str) -> Shown:
    shown = board.feeds.get(slug)
    if shown is None:
        raise NoSuchPage
    return shown


def _matches(asked: str, etag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110 §13.1.2)."""
    return asked.strip() == "*" or any(one.strip().removeprefix("W/") == etag for one in asked.split(","))


def _route(form: str) -> Callable[[Request], object]:
    async def status_page(request: Request) -> Response:
        pages: StatusPages = request.app.state.status_pages
        slug, query = request.path_params["slug"], request.scope["query_string"]
        if not query:
            return (await pages.first(slug, form)).answer(request)
        cursor = request.query_params.get("cursor", "")[:64]
        before = PageOf(1, cursor).after if cursor else None
        found = pages.first(slug, form) if before is None else pages.later(slug, form, before, cursor)
        return (await found).answer(request)

    return status_page


ROUTES = [
    Route("/status/{slug}.json", _route("json"), methods=["GET"]),
    Route("/status/{slug}.atom", _route("atom"), methods=["GET"]),
    Route("/status/{slug}", _route("html"), methods=["GET"]),
]

_SLUG = {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}}
_CURSOR = {
    "name": "cursor",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "next_cursor of the page before",
}
_RESPONSES = {"304": {"description": "As you have it (If-None-Match)"}, "404": {"description": "No such page, or not public"}}


def _document(form: str, summary: str) -> dict[str, object]:
    content: dict[str, object] = {TYPES[form].partition(";")[0]: {}}
    responses = {"200": {"description": "What was published", "content": content}, **_RESPONSES}
    return {"get": {"tags": ["status pages"], "summary": summary, "parameters": [_SLUG, _CURSOR], "responses": responses}}


DOCUMENT = {
    "/status/{slug}": _document("html", "A status page: services, incidents, maintenance, history; for everybody"),
    "/status/{slug}.json": _document("json", "The same as JSON"),
    "/status/{slug}.atom": _document("atom", "Its updates as an Atom feed"),
}
