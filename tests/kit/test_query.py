"""A query parameter that a route does not have is refused, wherever under /api/v1 it is said, and nowhere else."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from httpx import AsyncClient
from tests.system import System

from oncall.app.routes import Role, routes_of
from oncall.kit.query import KnownQuery

DOCUMENT = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("incidents?bogus=1", "bogus: there is no such parameter here; those there are: "),
        ("incidents?statuss=triggered&limit=2", "statuss: there is no such parameter here; those there are: "),
        ("users?Limit=2", "Limit: there is no such parameter here; those there are: "),
        ("incidents/1?bogus", "bogus: there is no such parameter here; this address takes none"),
        ("reports/incidents?bogus=1&by=week", "bogus: there is no such parameter here; those there are: "),
    ],
)
async def test_an_unknown_parameter_is_refused_by_its_name_with_those_there_are(api: AsyncClient, path: str, says: str) -> None:
    answer = await api.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["detail"].startswith(says)


async def test_those_there_are_are_named_in_order_and_all_that_is_unknown_is_told_at_once(api: AsyncClient) -> None:
    problem = (await api.get("/api/v1/users?b=1&a=2&a=3&limit=1")).json()
    known = ", ".join(sorted(p["name"] for p in DOCUMENT["paths"]["/api/v1/users"]["get"]["parameters"] if p["in"] == "query"))
    sentence = f"there is no such parameter here; those there are: {known}"
    assert problem["errors"] == [{"loc": f"query.{name}", "field": name, "code": "unknown_parameter", "message": sentence} for name in "ab"]


async def test_of_two_values_for_one_place_none_is_ignored(api: AsyncClient) -> None:
    answer = await api.get("/api/v1/incidents?dedup_key=a&dedup_key=b&bogus=1")
    assert (answer.status_code, [(error["field"], error["code"]) for error in answer.json()["errors"]]) == (
        422,
        [("bogus", "unknown_parameter"), ("dedup_key", "repeated_parameter")],
    )
    assert (await api.get("/api/v1/events?decision=opened&decision=ignored")).status_code == 200, "it may be repeated"


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_nothing_is_done_by_a_request_with_an_unknown_parameter(system: System, method: str) -> None:
    user = await system.user("Ana", channel=None)
    path = "users" if method == "POST" else f"users/{user['id']}"
    answer = await system.api.request(
        method, f"/api/v1/{path}?force=true", json={"name": "Ben", "email": "ben@example.com"}, headers={"If-Match": "*"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, "query.force")
    assert [user["name"] for user in (await system.api.get("/api/v1/users")).json()["items"]] == ["Ana"]


async def test_a_long_name_is_not_said_again_in_full(api: AsyncClient) -> None:
    answer = await api.get(f"/api/v1/incidents?{'x' * 5000}=1")
    assert answer.status_code == 422
    assert "x" * 100 in answer.text
    assert "x" * 101 not in answer.text


@pytest.mark.parametrize("path", ["/livez?probe=1", "/healthz?t=1", "/oncall.vcf?utm_source=mail", "/assets/console.css?v=3"])
async def test_whatever_is_not_of_the_rest_api_takes_any(api: AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code == 200


def test_every_route_knows_just_the_parameters_that_the_reference_has() -> None:
    rest, _ = routes_of(Role.ALL)
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in iter_route_contexts(rest):
        route = one.original_route
        if isinstance(route, APIRoute) and (one.path_format or "").startswith("/api/v1/") and route.include_in_schema:
            for method in one.methods or ():
                assert isinstance(route.app, KnownQuery)
                found[one.path_format or "", method.lower()] |= route.app.names
    documented = {
        (path, method): {p["name"] for p in operation.get("parameters", []) if p["in"] == "query"}
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }
    assert len(found) > 200
    assert {at: names for at, names in found.items() if documented[at] != names} == {}
