"""Who is on call, answered from memory: plain Starlette routes, since every dashboard and script asks."""

from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.access.compiled import Callers, find_caller
from oncall.access.values import NotSignedIn
from oncall.kit.compiled import Compilation, Compiled
from oncall.kit.db import Database
from oncall.kit.errors import Invalid, NotFound
from oncall.kit.http import Instant
from oncall.kit.ids import ScheduleId, ServiceId
from oncall.services.compiled import Book, Duty, load_book

FILTERS = ("service_id", "schedule_id", "team_id", "user_id", "escalation_policy_id", "at")
INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


async def oncalls(request: Request) -> Response:
    """`GET /api/v1/oncalls`: who is on call, by service, schedule, team, policy or person; `at=` for another instant than now."""
    await _let_in(request)
    said = _filters(request.query_params)
    at = _instant(request)
    book = await _book(request, at)
    schedule_id, user_id = _id(said, "schedule_id"), _id(said, "user_id")
    _check_known(book, said)
    policies = book.policies_of(
        service_id=_id(said, "service_id"), team_id=_id(said, "team_id"), policy_id=_id(said, "escalation_policy_id")
    )
    duties = [duty for policy in policies for duty in book.of_policy(policy, at)]
    if schedule_id is not None:
        duties = [duty for duty in duties if duty.schedule_id == schedule_id]
        if not duties and len(said) == 1 and schedule_id in book.schedules:
            # A schedule that no policy uses yet still has somebody on call.
            duties = list(book.of_schedule(ScheduleId(schedule_id), None, None, at))
    return _answer(book, (duty for duty in duties if user_id in (None, duty.user_id)))


async def service_oncall(request: Request) -> Response:
    """`GET /api/v1/services/{service_id}/oncall`: whom the service's policy would page, level by level."""
    await _let_in(request)
    at = _instant(request)
    book = await _book(request, at)
    id = _id(request.path_params, "service_id")
    service = book.services.get(ServiceId(id)) if id else None
    if service is None:
        raise NotFound("There is no service with this id.")
    return _answer(book, book.of_policy(book.policies[service.escalation_policy_id], at))


async def _let_in(request: Request) -> None:
    """Any valid key may look; known keys are at most a second old."""
    state = request.app.state
    compilation: Compilation = state.compilation
    keys: Compiled[Callers] = state.callers
    header, admin = request.headers.get("authorization"), state.admin_key_hash
    callers = compilation.current(keys)
    known = callers is not None and find_caller(header, callers, admin_key_hash=admin)
    if not known and find_caller(header, await compilation.checked_now(keys), admin_key_hash=admin) is None:
        raise NotSignedIn


async def _book(request: Request, at: datetime) -> Book:
    """The book in memory, or for an instant beyond its span one that is made for it."""
    compilation: Compilation = request.app.state.compilation
    kept: Compiled[Book] = request.app.state.book
    book = compilation.current(kept)
    if book is None:
        book = await compilation.fresh(kept)
    if book.since <= at < book.until:
        return book
    database: Database = request.app.state.database
    async with database.transaction(read_only=True) as tx:
        return await load_book(tx, now=at)


def _filters(params: Mapping[str, str]) -> Mapping[str, str]:
    unknown = sorted(set(params) - set(FILTERS))
    if unknown:
        raise Invalid(f"There is no filter {', '.join(unknown)}; there are: {', '.join(FILTERS)}.")
    return {name: value for name, value in params.items() if name in FILTERS and name != "at"}


def _check_known(book: Book, said: Mapping[str, str]) -> None:
    """An id that nobody has must not look like "nobody is on call"."""
    known: Mapping[str, Container[UUID]] = {
        "service_id": book.services,
        "schedule_id": book.schedules,
        "user_id": book.users,
        "escalation_policy_id": book.policies,
    }
    for name, ids in known.items():
        id = _id(said, name)
        if id is not None and id not in ids:
            raise NotFound(f"There is no {name.removesuffix('_id').replace('_', ' ')} with this {name}.")


def _id(said: Mapping[str, str], name: str) -> UUID | None:
    if name not in said:
        return None
    try:
        return UUID(said[name])
    except ValueError:
        raise Invalid(f"{name} must be a UUID.") from None


def _instant(request: Request) -> datetime:
    """`at`, or about now. A plus sign that nobody escaped arrives as a space, and is meant as a plus."""
    said = request.query_params.get("at")
    if said is None:
        about: datetime = request.app.state.clock.about()
        return about
    try:
        return INSTANT.validate_python(said.replace(" ", "+")).astimezone(UTC)
    except ValidationError:
        raise Invalid("at must be an instant with an offset, such as 2026-03-08T09:00:00Z.") from None


def _answer(book: Book, duties: Iterable[Duty]) -> Response:
    items = [
        {
            "user": {"id": d.user_id, "name": book.users.get(d.user_id, "(deleted user)")},
            "schedule": {"id": d.schedule_id, "name": book.schedules[d.schedule_id].name} if d.schedule_id else None,
            "escalation_policy": {"id": d.policy_id, "name": book.policies[d.policy_id].name} if d.policy_id else None,
            "level": d.level,
            "start": d.start,
            "end": d.end,
        }
        for d in duties
    ]
    return Response(msgspec.json.encode({"items": items, "next_cursor": None}), media_type="application/json")


ROUTES = [
    Route("/api/v1/oncalls", oncalls, methods=["GET"]),
    Route("/api/v1/services/{service_id}/oncall", service_oncall, methods=["GET"]),
]

_AT = {"name": "at", "in": "query", "required": False, "schema": {"type": "string", "format": "date-time"}}
_NAMED = {"type": ["object", "null"], "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}}}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_ROW = {
    "type": "object",
    "properties": {
        "user": _NAMED,
        "schedule": _NAMED,
        "escalation_policy": _NAMED,
        "level": {"type": ["integer", "null"]},
        "start": _INSTANT,
        "end": _INSTANT,
    },
}
_ROWS = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": _ROW}, "next_cursor": {"type": ["string", "null"]}},
}
_RESPONSES = {
    "200": {"description": "Who is on call, level by level", "content": {"application/json": {"schema": _ROWS}}},
    "401": {"description": "Not signed in"},
}

# What OpenAPI says of the routes above, which FastAPI does not know.
DOCUMENT = {
    "/api/v1/oncalls": {
        "get": {
            "tags": ["on call"],
            "summary": "Who is on call",
            "parameters": [
                *(
                    {"name": name, "in": "query", "required": False, "schema": {"type": "string", "format": "uuid"}}
                    for name in FILTERS[:-1]
                ),
                _AT,
            ],
            "responses": _RESPONSES,
        }
    },
    "/api/v1/services/{service_id}/oncall": {
        "get": {
            "tags": ["on call"],
            "summary": "Whom the service's policy would page",
            "parameters": [{"name": "service_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}, _AT],
            "responses": _RESPONSES,
        }
    },
}
