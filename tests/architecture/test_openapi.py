"""The committed OpenAPI document is current and whole, and no route lets anybody in by oversight."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from inspect import isasyncgenfunction, iscoroutinefunction
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from tests.system import System

from oncall.access.api import Admin, Reader, require
from oncall.access.values import Caller, Scope
from oncall.app.routes import HOT_ROUTES, openapi_document

# The code of what `require(scope)` makes: whatever its scope, this is what asks a caller who they are.
ASKS = require(Scope.READ).__code__

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"

# Routes that ask nobody who is calling, each with the reason.
PUBLIC: Mapping[str, str] = {
    "/livez": "a load balancer has no key",
    "/readyz": "a load balancer has no key",
    "/healthz": "a dead man's switch has no key",
    "/metrics": "Prometheus has no key; bind to a private address",
    "/openapi.json": "says nothing that the source does not",
    "/docs": "the same, to read",
    "/docs/{name}": "part of /docs",
    "/config": "Alerta's clients ask it before they have a key; it says nothing of anybody",
    "/api/config": "the same",
    "/": "leads to /docs",
    "/l/": "a link that was cut off",
    "/l/{token}": "the token is the authority",
    "/oncall.vcf": "our own number, which everybody who was paged has seen; a phone opens it without a key",
    "/report/{key}": "whoever knows the address of a form may report",
    "/assets/console.css": "a style sheet",
    "/subscriptions/{token}": "the token is the authority",
    "/replies/slack/interactions": "Slack signs what it posts, and has no key",
    "/replies/telegram": "Telegram says what only it was told, and has no key",
    "/replies/twilio/sms": "Twilio signs what it posts, and has no key",
    "/replies/twilio/keys/{notification_id}": "the same",
    "/replies/twilio/status/{notification_id}": "the same",
    **{
        f"/api/v1/{what}/calendar.ics": "the token is the authority; without one a key is asked for"
        for what in ("schedules/{id}", "users/{user_id}", "teams/{id}")
    },
}
# What describes the interface, or dresses a page, is no interface itself.
UNDOCUMENTED = {"/", "/l/", "/openapi.json", "/docs", "/docs/{name}", "/assets/console.css"}


def undocumented(routes: Sequence[BaseRoute], document: Mapping[str, Mapping[str, object]]) -> list[str]:
    return [
        f"{method} {route.path} is not in the OpenAPI document; instead keep include_in_schema, or put it in HOT_ROUTES."
        for route in iter_route_contexts(routes)
        if route.path not in UNDOCUMENTED
        for method in sorted((route.methods or set()) - {"HEAD"})
        # The same address with a slash behind it is the same interface.
        if method.lower() not in document.get(str(route.path_format or route.path).rstrip("/"), {})
    ]


def open_to_all(routes: Sequence[BaseRoute], hot: Collection[str]) -> list[str]:
    return [
        f"{route.path} asks nobody who is calling; instead take Reader, Responder or Admin of access.api (a plain route: put it in "
        "HOT_ROUTES with its auth), or say here why it is public."
        for route in iter_route_contexts(routes)
        if route.path not in PUBLIC
        and not (_requires_access(route.dependant) if isinstance(route.original_route, APIRoute) else route.path in hot)
    ]


def _requires_access(dependant: Dependant) -> bool:
    return getattr(dependant.call, "__code__", None) is ASKS or any(_requires_access(one) for one in dependant.dependencies)


def test_the_committed_document_is_current() -> None:
    if not COMMITTED.exists() or json.loads(COMMITTED.read_text()) != openapi_document():
        pytest.fail("openapi/openapi.json is stale; instead of editing it run `make openapi` and commit the result.", pytrace=False)


RANGE = "a range that is asked for by `since` and `until` is answered whole"
NOW = "worked out as of now, and a few sentences"
WHOLE: Mapping[str, str] = {
    "/api/v1/escalation-policies/{policy_id}/warnings": NOW,
    "/api/v1/schedules/{id}/warnings": NOW,
    "/api/v1/similar-incidents": NOW,
    "/api/v1/mappings": "ours, and always the same",
    "/api/v1/maintenance-windows/calendar": RANGE,
    "/api/v1/oncalls": RANGE,
    "/api/v1/services/{service_id}/oncall": RANGE,
    "/api/v1/schedules/{id}/audit": RANGE,
}
"""Lists that take no page, each with the reason."""


def without_pages(document: Mapping[str, Any]) -> set[str]:
    """Where a list with a `next_cursor` is read, but `limit` and `cursor` are not taken."""
    schemas = document["components"]["schemas"]
    found = set()
    for path, methods in document["paths"].items():
        answers = methods.get("get", {}).get("responses", {}).values()
        shown = (answer.get("content", {}).get("application/json", {}).get("schema", {}) for answer in answers)
        meant = (schemas.get(one.get("$ref", "").rpartition("/")[2], one) for one in shown)
        takes = {one.get("name") for one in methods.get("get", {}).get("parameters", [])}
        if any("next_cursor" in one.get("properties", {}) for one in meant) and not {"limit", "cursor"} <= takes:
            found.add(path)
    return found


def test_every_list_is_read_page_by_page() -> None:
    if found := without_pages(openapi_document()) ^ WHOLE.keys():
        pytest.fail(f"{sorted(found)}: a list takes Paging (or PagingIfAsked) of kit.http; if it cannot, say here why.", pytrace=False)


def test_a_list_without_pages_is_seen() -> None:
    listed = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Listed_X_"}}}}
    paged = {"responses": {"200": listed}, "parameters": [{"name": "limit"}, {"name": "cursor"}]}
    schemas = {"Listed_X_": {"properties": {"items": {}, "next_cursor": {}}}}
    paths = {"/paged": {"get": paged}, "/whole": {"get": {"responses": {"200": listed}}}, "/one": {"get": {"responses": {"200": {}}}}}
    assert without_pages({"components": {"schemas": schemas}, "paths": paths}) == {"/whole"}


async def test_every_route_is_documented(system: System) -> None:
    if missing := undocumented(system.node.app.routes, openapi_document()["paths"]):
        pytest.fail("\n".join(missing), pytrace=False)


async def test_every_route_asks_who_is_calling(system: System) -> None:
    if open_doors := open_to_all(system.node.app.routes, {hot.path for hot in HOT_ROUTES}):
        pytest.fail("\n".join(open_doors), pytrace=False)


async def test_no_route_hops_through_a_thread(system: System) -> None:
    """While a storm holds the interpreter each hop into a thread and back costs milliseconds, and an acknowledgement waits for them."""
    routes = [route for route in iter_route_contexts(system.node.app.routes) if isinstance(route.original_route, APIRoute)]
    hops = {call.__qualname__ for route in routes for call in in_threads(route.dependant)}
    if hops:
        pytest.fail(f"{sorted(hops)} would run in a thread; instead write `async def`.", pytrace=False)


def in_threads(dependant: Dependant) -> Iterator[Any]:
    call = dependant.call
    if call is not None and not any(is_async(one) for one in (call, type(call).__call__)):
        yield call
    for one in dependant.dependencies:
        yield from in_threads(one)


def is_async(call: Any) -> bool:
    return iscoroutinefunction(call) or isasyncgenfunction(call)


def test_a_hop_through_a_thread_is_seen() -> None:
    def slow() -> int:
        return 1

    async def route(_: Annotated[int, Depends(slow)]) -> None: ...

    app = FastAPI()
    app.get("/")(route)
    assert [call for one in app.routes if isinstance(one, APIRoute) for call in in_threads(one.dependant)] == [slow]


async def test_nobody_gets_in_without_a_key(system: System) -> None:
    """401; or 429, once one address has tried too often."""
    stranger = system.client()
    routes = [
        route
        for route in iter_route_contexts(system.node.app.routes)
        if route.path not in PUBLIC and isinstance(route.original_route, APIRoute)
    ]
    answers = {
        f"{method} {route.path}": (await stranger.request(method, re.sub(r"{.*?}", str(UUID(int=0)), str(route.path)))).status_code
        for route in routes
        for method in route.methods or ()
    }
    assert {answer: status for answer, status in answers.items() if status not in {401, 429}} == {}
    assert 401 in answers.values()


# --- a house with doors of every kind ---------------------------------------------------------------------------------------


def house() -> FastAPI:
    async def anything(who: Reader) -> None: ...
    async def nothing() -> None: ...
    async def deeper(who: Admin) -> Caller:
        return who

    async def by_a_detour(who: Annotated[Caller, Depends(deeper)]) -> None: ...
    async def plain(request: Request) -> Response:
        return Response()

    guarded = APIRouter(dependencies=[Depends(require(Scope.ADMIN))])
    guarded.get("/by-its-router")(nothing)
    app = FastAPI(docs_url=None, redoc_url=None)
    app.get("/asks")(anything)
    app.get("/by-a-detour")(by_a_detour)
    app.include_router(guarded, prefix="/api")
    app.get("/livez")(nothing)
    app.post("/open")(nothing)
    app.get("/hidden", include_in_schema=False)(anything)
    app.routes.extend([Route("/hot", plain, methods=["POST"]), Route("/stray", plain)])
    return app


def test_an_open_door_is_seen() -> None:
    assert [message.split()[0] for message in open_to_all(house().routes, hot={"/hot"})] == ["/open", "/stray"]


def test_a_route_outside_the_document_is_seen() -> None:
    app = house()
    assert [" ".join(message.split()[:2]) for message in undocumented(app.routes, app.openapi()["paths"])] == [
        "GET /hidden",
        "POST /hot",
        "GET /stray",
    ]
