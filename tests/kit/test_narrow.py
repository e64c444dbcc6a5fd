"""Each request finds the route that it would find among all of them, and an application's life stays its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from httpx import ASGITransport, AsyncClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from oncall.app import Node
from oncall.app.http import make_app
from oncall.app.routes import HOT_ROUTES, Role, routes_of
from oncall.kit.db import Database
from oncall.kit.narrow import Narrow
from oncall.kit.settings import Settings


def said(name: str) -> Route:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(name)

    path, _, method = name.partition(" ")
    return Route(path, answer, methods=[method or "GET"])


ROUTES = [
    said("/"),
    said("/status/{slug}"),
    said("/v2/{identifier:path}/{verb}"),
    said("/api/alert"),
    said("/api/v1/users"),
    said("/api/v1/users/me"),
    said("/api/v1/users/{id}"),
    said("/api/v1/users/{id} POST"),
    said("/api/v1/users/{id}/rules"),
]


def asking(*routes: Route) -> AsyncClient:
    whole = APIRouter()
    whole.routes.extend(routes)
    return AsyncClient(transport=ASGITransport(Narrow(whole)), base_url="http://oncall.test")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", "/"),
        ("GET", "/status/a", "/status/{slug}"),
        ("GET", "/v2/a/b/c/d", "/v2/{identifier:path}/{verb}"),
        ("GET", "/api/alert", "/api/alert"),
        ("GET", "/api/v1/users", "/api/v1/users"),
        ("GET", "/api/v1/users/me", "/api/v1/users/me"),
        ("GET", "/api/v1/users/x", "/api/v1/users/{id}"),
        ("POST", "/api/v1/users/me", "/api/v1/users/{id} POST"),
        ("GET", "/api/v1/users/x/rules", "/api/v1/users/{id}/rules"),
        ("DELETE", "/api/v1/users/x", 405),
        ("GET", "/api/v1/users/x/", 307),
        ("GET", "/api/v1/nobody", 404),
        ("GET", "/api/v1/users/x/y/z", 404),
        ("GET", "/api/v1", 404),
        ("GET", "/nowhere", 404),
    ],
)
async def test_it_finds_what_all_of_them_would_find(method: str, path: str, expected: str | int) -> None:
    answer = await asking(*ROUTES).request(method, path)
    assert (answer.text if answer.status_code == 200 else answer.status_code) == expected


async def test_of_two_that_could_the_first_one_answers() -> None:
    answer = await asking(said("/a/{x}"), said("/a/b")).get("/a/b")
    assert answer.text == "/a/{x}"


@pytest.mark.parametrize("path", ["/{anything}", "/api/v1/{anything}", "/api/v1/files/{rest:path}"])
def test_a_route_that_no_word_tells_from_others_is_refused(path: str) -> None:
    with pytest.raises(AssertionError, match="cannot be told from others"):
        asking(said(path))


def test_no_route_of_ours_is_left_out() -> None:
    rest, found = routes_of(Role.ALL)
    known = {(one.path, *sorted(one.methods or ())) for one in iter_route_contexts([*HOT_ROUTES, *rest])}
    kept = {(one.path, *sorted(one.methods or ())) for router in found._routers.values() for one in iter_route_contexts(router.routes)}
    assert kept == known
    assert max(len(list(iter_route_contexts(router.routes))) for router in found._routers.values()) < len(known) / 2


@pytest.mark.parametrize("role", list(Role))
async def test_a_served_node_is_started_and_stopped_by_its_own_application(role: Role) -> None:
    lived: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        lived.append("started")
        yield
        lived.append("stopped")

    app = make_app(Node(Settings(), Database("postgresql://nobody@127.0.0.1:1/nowhere"), role=role))
    app.router.lifespan_context = lifespan  # as `oncall serve` puts its own there
    to_app, from_app = asyncio.Queue[Message](), asyncio.Queue[Message]()
    life = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, to_app.get, from_app.put))
    to_app.put_nowait({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    assert lived == ["started"]
    to_app.put_nowait({"type": "lifespan.shutdown"})
    assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
    await life
    assert lived == ["started", "stopped"]
