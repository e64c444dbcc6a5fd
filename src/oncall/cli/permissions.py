"""The page of documentation that says who may call which route, made from the routes themselves."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from oncall.access.api import person_or_admin, require
from oncall.access.values import Scope
from oncall.app.routes import HOT_ROUTES, ROUTERS

PATH = "docs/reference/permissions.md"
PREFIX = "/api/v1"
PERSON = "the person themselves, or an admin"

ROOM = "a manager of the team, or an admin"
TEMPLATE = "a manager of the team whose it is, or that owns its service; or an admin"
OWNERS = "responders and managers of the team that owns it; where no team does, every person with a key of their own; or an admin"
PROMISED = f"whoever is to do it; of its postmortem, {OWNERS}"
DRAFTS = "a draft is shown to keys that may respond"
CATEGORIES = "a person of the service desk, or an admin"
SWAP = "whom it concerns; a manager of the schedule's team, or an admin, for them"

LETS_OUT = "`internal` to an address outside: a manager of the team (that owns the service), or an admin"
MASKED = "keys that only read see addresses outside masked"
EACH = "of the team of each incident that it tells of: " + OWNERS

BEYOND = {
    "GET /incidents/{incident}/subscribers": MASKED,
    "GET /services/{service_id}/subscribers": MASKED,
    "GET /teams/{team_id}/subscribers": MASKED,
    "POST /services/{service_id}/subscribers": LETS_OUT,
    "POST /teams/{team_id}/subscribers": LETS_OUT,
    "POST /incidents/{incident}/close": "under `itil`: a person of the service desk, whatever the key's scope",
    "POST /incidents/{incident}/verify": "`waived` under `itil`: a person of the service desk, whatever the key's scope",
    "PUT /incidents/{incident}/messages/{id}": "whoever wrote it",
    "DELETE /incidents/{incident}/messages/{id}": "whoever wrote it, or an admin",
    "PUT /services/{service_id}/room": ROOM,
    "PUT /teams/{team_id}/room": ROOM,
    "POST /status-update-templates": TEMPLATE,
    "PUT /status-update-templates/{id}": TEMPLATE,
    "DELETE /status-update-templates/{id}": TEMPLATE,
    "POST /categories": CATEGORIES,
    "PUT /categories/{id}": CATEGORIES,
    "DELETE /categories/{id}": CATEGORIES,
    "POST /users/{user_id}/contact-methods": f"{PERSON}; already `verified`: an admin",
    "GET /users/{user_id}/unavailability": f"titles are shown to {PERSON}",
    "GET /schedules/{id}/calendars": "whole addresses are shown to an admin",
    "GET /schedules/{id}/calendar.ics": "the token in its address",
    "GET /users/{user_id}/calendar.ics": "the token in its address",
    "GET /teams/{id}/calendar.ics": "the token in its address",
    "POST /schedules/{id}/swaps": SWAP,
    "POST /schedules/{id}/swaps/{swap_id}/accept": SWAP,
    "POST /schedules/{id}/swaps/{swap_id}/decline": SWAP,
    "POST /schedules/{id}/swaps/{swap_id}/withdraw": SWAP,
    "POST /schedules/{id}/swaps/{swap_id}/undo": SWAP,
    "PUT /teams/{team_id}/postmortem-template": "a manager of the team, or an admin",
    "DELETE /teams/{team_id}/postmortem-template": "a manager of the team, or an admin",
    "GET /incidents/{incident}/postmortem": DRAFTS,
    "GET /postmortems": DRAFTS,
    "GET /postmortems/{id}": DRAFTS,
    "GET /postmortems/{id}.md": DRAFTS,
    "GET /postmortems/{id}.html": DRAFTS,
    "GET /postmortems/{id}.pdf": DRAFTS,
    "GET /postmortems/{id}/versions": DRAFTS,
    "GET /postmortems/{id}/versions/{number}": DRAFTS,
    "POST /incidents/{incident}/postmortem": EACH,
    "PUT /postmortems/{id}": OWNERS,
    "DELETE /postmortems/{id}": OWNERS,
    "POST /postmortems/{id}/publish": OWNERS,
    "POST /postmortems/{id}/action-items": OWNERS,
    "PUT /action-items/{id}": PROMISED,
    "POST /action-items/{id}/done": PROMISED,
    "POST /action-items/{id}/drop": PROMISED,
    "POST /action-items/{id}/reopen": PROMISED,
    "POST /integrations/{integration_id}/preview": "of a stored body (`event_id`): an admin",
}
"""What commands decide beyond the scope of a key, by the route it is asked at."""

PAGE = """\
# Who may do what

*Made from the routes themselves by `make docs`.*

A key has one scope: `read`, `respond` or `admin`; each contains those before it. Without a valid key everything here is a 401, with too
small a scope a 403; both say what is missing. A key that belongs to a person (`user_id`) acts as that person, and what else is asked for
is theirs: their org role (`service_desk`), their place in a team (`manager`, `responder`), or that it is about themselves. A key that
belongs to nobody has none of these, whatever its scope. Whoever only wants to be kept informed, a stakeholder, gets a key of scope `read`.
Where a body has a `user_id` that says who does it, only an admin's key may name somebody else.

Monitors do not use these keys but [their own](../integrations/README.md); a link in a message does
[what it says](../how-to/act-on-incidents.md), and nothing else.

"""


class NoSuchRoute(Exception):
    """`BEYOND` speaks of a route that there is not, or a route asks for nothing and nothing says why."""


def scopes() -> dict[str, tuple[Scope | None, bool]]:
    """Of every `METHOD /path` below /api/v1: the scope it needs, and whether it is for the person themselves or an admin."""
    known: dict[object, Scope] = {require(scope): scope for scope in Scope}
    found: dict[str, tuple[Scope | None, bool]] = {}
    for route in _routes(route for router in ROUTERS for route in router.routes):
        calls = set(_calls(route.dependant))
        scope = next((known[call] for call in calls & known.keys()), None)
        for method in (route.methods or set()) - {"HEAD"}:
            found[f"{method} {route.path}"] = scope, person_or_admin in calls
    # The look-up is served past the framework: whoever has any valid key may ask it.
    for hot in HOT_ROUTES:
        for method in (hot.methods or set()) - {"HEAD"}:
            found[f"{method} {hot.path}"] = Scope.READ, False
    return {name.replace(PREFIX, "", 1): needs for name, needs in found.items() if name.partition(" ")[2].startswith(PREFIX)}


def _routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """Those of routers that are included in others as well."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from _routes(included.routes)


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def page() -> str:
    """The whole page; refused where it would say nothing of a route, or something of none."""
    found = scopes()
    open_ = {name for name, (scope, _) in found.items() if scope is None}
    if wrong := (BEYOND.keys() - found.keys()) | (open_ - BEYOND.keys()):
        raise NoSuchRoute(f"What is said of these in oncall.cli.permissions does not fit the routes there are: {', '.join(sorted(wrong))}.")
    lines = []
    for segment, names in groupby(sorted(found, key=_place), key=_segment):
        lines += [f"## {segment}", "", "| route | scope | and besides |", "| --- | --- | --- |"]
        lines += [_row(name, *found[name]) for name in names]
        lines.append("")
    return PAGE + "\n".join(lines)


def _row(name: str, scope: Scope | None, is_personal: bool) -> str:
    method, _, path = name.partition(" ")
    besides = BEYOND.get(name) or PERSON * is_personal
    return " | ".join((f"| `{method} {PREFIX}{path}`", scope.value if scope else "none", f"{besides} |".lstrip()))


def _segment(name: str) -> str:
    return name.partition(" ")[2].split("/")[1]


def _place(name: str) -> tuple[str, str, str]:
    method, _, path = name.partition(" ")
    return _segment(name), path, method
