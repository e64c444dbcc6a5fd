"""Who gets in, who does not, and the routes about keys."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from httpx import AsyncClient

from oncall.access.api import Doorkeeper, require
from oncall.access.rules import RANDOMNESS
from oncall.access.rules import make_key as make_api_key
from oncall.access.values import KeyKind, Scope
from oncall.app.routes import HOT_ROUTES
from oncall.kit.http import AckTx, ReadTx, WriteTx

CALLERS = {require(scope) for scope in Scope}
TRANSACTIONS = {annotated.__metadata__[0].dependency for annotated in (ReadTx, WriteTx, AckTx)}


@pytest.fixture(autouse=True)
def _nobody_has_failed_yet(api: AsyncClient) -> None:
    api.app.state.doorkeeper = Doorkeeper()


async def make_key(api: AsyncClient, scope: str, **more: object) -> dict[str, str]:
    """The header of a new key."""
    made = await api.post("/api/v1/api-keys", json={"name": f"{scope} key", "scope": scope, **more})
    assert made.status_code == 201
    return {"Authorization": f"Bearer {made.json()['key']}"}


def calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for below in dependant.dependencies:
        yield from calls(below)


def rest_routes(api: AsyncClient) -> list[RouteContext]:
    hot = {route.path for route in HOT_ROUTES}  # plain routes; their own tests ask for a key
    routes = [r for r in iter_route_contexts(api.app.routes) if (r.path or "").startswith("/api/v1/") and r.path not in hot]
    assert {"/api/v1/me", "/api/v1/api-keys"} <= {route.path for route in routes}, "the routes were not found"
    return routes


async def test_every_rest_route_asks_who_is_calling(api: AsyncClient) -> None:
    open_routes = [
        f"{route.methods} {route.path}"
        for route in rest_routes(api)
        # A calendar asks for a key itself, where its address has no token.
        if not CALLERS & set(calls(route.dependant)) and not route.path.endswith("/calendar.ics")
    ]
    assert not open_routes, f"give these a Reader, Responder or Admin parameter: {open_routes}"


async def test_every_rest_route_asks_before_it_takes_a_connection(api: AsyncClient) -> None:
    late = []
    for route in rest_routes(api):
        order = list(calls(route.dependant))
        begins = [place for place, call in enumerate(order) if call in TRANSACTIONS]
        asks = [place for place, call in enumerate(order) if call in CALLERS]
        if begins and asks and begins[0] < asks[0]:
            late.append(f"{route.methods} {route.path}")
    assert not late, f"name the caller before the transaction, or requests that hold a connection wait for a second one: {late}"


async def test_an_admin_makes_a_key_that_then_says_who_it_is(api: AsyncClient) -> None:
    made = await api.post("/api/v1/api-keys", json={"name": "dashboard", "scope": "read"})
    assert made.status_code == 201
    assert made.json()["key"].startswith(made.json()["prefix"])
    me = await api.get("/api/v1/me", headers={"Authorization": f"Bearer {made.json()['key']}"})
    assert me.json() == {"kind": "key", "key_id": made.json()["id"], "name": "dashboard", "scope": "read", "user_id": None}


async def test_the_list_shows_keys_without_their_secret(api: AsyncClient) -> None:
    for name in ("one", "two"):
        await api.post("/api/v1/api-keys", json={"name": name, "scope": "read"})
    listed = await api.get("/api/v1/api-keys", params={"limit": 1})
    assert [key["name"] for key in listed.json()["items"]] == ["one"]
    rest = await api.get("/api/v1/api-keys", params={"limit": 1, "cursor": listed.json()["next_cursor"]})
    assert [key["name"] for key in rest.json()["items"]] == ["two"]
    assert rest.json()["next_cursor"] is None
    assert not {"key", "key_hash"} & set(rest.json()["items"][0])


async def test_a_revoked_key_does_not_get_in_any_more(api: AsyncClient) -> None:
    made = (await api.post("/api/v1/api-keys", json={"name": "lost", "scope": "admin"})).json()
    header = {"Authorization": f"Bearer {made['key']}"}
    assert (await api.get("/api/v1/me", headers=header)).status_code == 200
    assert (await api.delete(f"/api/v1/api-keys/{made['id']}")).status_code == 204
    assert (await api.get("/api/v1/me", headers=header)).status_code == 401


async def test_without_a_valid_key_the_answer_is_always_the_same(api: AsyncClient) -> None:
    unknown = make_api_key(KeyKind.API, bytes(RANDOMNESS))
    answers = [
        await api.get("/api/v1/me", headers={"Authorization": header})
        for header in ("", "Bearer nonsense", "Basic YTpi", f"Bearer {unknown}", f"Bearer {unknown[:-1]}")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"
    assert answers[0].headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("scope", ["read", "respond"])
async def test_only_an_admin_may_touch_keys(api: AsyncClient, scope: str) -> None:
    header = await make_key(api, scope)
    for answer in (
        await api.get("/api/v1/api-keys", headers=header),
        await api.post("/api/v1/api-keys", json={"name": "mine", "scope": "admin"}, headers=header),
        await api.delete(f"/api/v1/api-keys/{uuid4()}", headers=header),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_who_fails_too_often_has_to_wait_and_is_told_how_long(api: AsyncClient) -> None:
    api.app.state.doorkeeper = Doorkeeper(limit=3)
    bad = {"Authorization": "Bearer nonsense"}
    assert [(await api.get("/api/v1/me", headers=bad)).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    refused = await api.get("/api/v1/me", headers=bad)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["code"] == "too_many_requests"


async def test_a_good_key_still_gets_in_from_an_address_that_fails(api: AsyncClient) -> None:
    known, other = await make_key(api, "read"), await make_key(api, "read")
    assert (await api.get("/api/v1/me", headers=known)).status_code == 200
    api.app.state.doorkeeper.failures = Doorkeeper(limit=1).failures
    await api.get("/api/v1/me", headers={"Authorization": "Bearer nonsense"})
    assert (await api.get("/api/v1/me", headers=known)).status_code == 200
    await api.app.state.compilation.refresh()
    assert (await api.get("/api/v1/me", headers=other)).status_code == 200, "this node knows it, though nobody has used it yet"
    assert (await api.get("/api/v1/me", headers={"Authorization": "Bearer nonsense"})).status_code == 429


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scope": "owner"},
        {"name": "", "scope": "read"},
        {"name": "two\nlines", "scope": "read"},
        {"scope": "read"},
        {"name": "x", "scope": "read", "id": str(uuid4())},
        {"name": "x", "scope": "read", "key_hash": "00"},
        {"name": "x", "scope": "read", "user_id": str(uuid4())},
    ],
    ids=["unknown scope", "empty name", "control character", "no name", "its id", "its hash", "unknown user"],
)
async def test_a_key_cannot_be_made_from(api: AsyncClient, body: dict[str, object]) -> None:
    assert (await api.post("/api/v1/api-keys", json=body)).status_code == 422


async def test_an_unknown_key_cannot_be_revoked(api: AsyncClient) -> None:
    assert (await api.delete(f"/api/v1/api-keys/{uuid4()}")).status_code == 404


async def test_many_callers_at_once_do_not_wait_for_each_others_connections(api: AsyncClient) -> None:
    answers = await asyncio.gather(*(api.get("/api/v1/api-keys") for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
