"""The page of permissions: every route is on it, with the scope its dependency asks for, and it says nothing of a route there is not."""

import re

import pytest

from oncall.access.values import Scope
from oncall.app.routes import openapi_document
from oncall.cli import permissions


@pytest.mark.parametrize(
    ("name", "scope", "is_personal"),
    [
        ("GET /incidents/{incident}", Scope.READ, False),
        ("POST /incidents/{incident}/acknowledge", Scope.RESPOND, False),
        ("POST /services", Scope.ADMIN, False),
        ("PUT /users/{user_id}/quiet-hours", Scope.RESPOND, True),
        ("GET /oncalls", Scope.READ, False),
        ("GET /schedules/{id}/calendar.ics", None, False),
    ],
)
def test_what_a_route_needs(name: str, scope: Scope | None, is_personal: bool) -> None:
    assert permissions.scopes()[name] == (scope, is_personal)


def test_every_documented_route_is_on_the_page() -> None:
    documented = {
        f"| `{method.upper()} {path}` |"
        for path, methods in openapi_document()["paths"].items()
        for method in methods
        if path.startswith("/api/v1/")
    }
    page = permissions.page()
    assert len(documented) > 300
    assert [route for route in sorted(documented) if route not in page] == []


def test_what_is_said_of_no_route_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(permissions.BEYOND, "POST /incidents/{incident}/forget", "nobody")
    with pytest.raises(permissions.NoSuchRoute, match=re.escape("POST /incidents/{incident}/forget")):
        permissions.page()


def test_a_route_open_to_all_has_to_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(permissions.BEYOND, "GET /teams/{id}/calendar.ics")
    with pytest.raises(permissions.NoSuchRoute, match=re.escape("GET /teams/{id}/calendar.ics")):
        permissions.page()
