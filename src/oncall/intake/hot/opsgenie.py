"""Opsgenie's Alert API and the ping of its heartbeats, https://docs.opsgenie.com/docs/alert-api."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.incidents.commands.lookup import find_alerts, find_event_of
from oncall.incidents.values import AlertFound, AlertSearch
from oncall.intake.adapters import opsgenie
from oncall.intake.commands import object_in, read
from oncall.intake.hot.opsgenie_words import alert_of, more_of, search_of, status_of
from oncall.intake.hot.receiving import Refused, accept, answer, as_original, bounded_body, received, signed
from oncall.intake.values import Reading, Received, Unreadable
from oncall.kit.db import Database, Pool
from oncall.kit.ids import EventId, new_id
from oncall.kit.stopwatch import Stopwatch
from oncall.services.values import IntegrationRef

MOST = 100
FURTHEST = 20_000
NOT_PROCESSABLE = "Request body is not processable. Please check the errors."
UNSIGNED = "Could not authenticate"


def _shape(refused: Refused) -> object:
    """`errors` are "field: what is wrong with it"."""
    errors = dict(error.split(": ", 1) for error in refused.errors if ": " in error)
    return {"message": str(refused)} | ({"errors": errors} if errors else {}) | _trailer(Stopwatch())


def _trailer(watch: Stopwatch, id: object = None) -> dict[str, Any]:
    return {"took": round(watch.seconds, 3), "requestId": str(id or new_id())}


@as_original(_shape)
async def create(request: Request) -> Response:
    """`POST /v2/alerts`: 202 with the id under which one may ask what became of it; 422 without a message."""
    watch = Stopwatch()
    integration, key = await _signed(request)
    came, body = await _said(request)
    message = body.get("message")
    if not isinstance(message, str) or not message.strip():
        raise Refused(422, NOT_PROCESSABLE, errors=["message: Message can not be empty."])
    return await _processed(request, opsgenie.read(body, came), came, integration, key, watch)


@as_original(_shape)
async def act(request: Request) -> Response:
    """`POST /v2/alerts/{identifier}/{verb}`: 202 whether or not there is such an alert, as in the original."""
    watch = Stopwatch()
    integration, key = await _signed(request)
    verb = opsgenie.VERBS.get(request.path_params["verb"])
    if verb is None:
        raise Refused(404, f"There is no such verb here; those there are: {', '.join(opsgenie.VERBS)}.")
    came, body = await _said(request)
    if verb.name == "Snooze" and not body.get("endTime"):
        raise Refused(422, NOT_PROCESSABLE, errors=["endTime: End time can not be empty."])
    if verb.name == "AddNote" and not body.get("note"):
        raise Refused(422, NOT_PROCESSABLE, errors=["note: Note can not be empty."])
    asked = _identified(request)
    alias = asked.dedup_key
    if alias is None:
        found = await _found(request, integration, asked)
        alias = found[0].alert.dedup_key if found else request.path_params["identifier"]
    return await _processed(request, [opsgenie.read_verb(verb, alias, body)], came, integration, key, watch)


@as_original(_shape)
async def ping(request: Request) -> Response:
    """`GET|POST /v2/heartbeats/{name}/ping`: recorded."""
    watch = Stopwatch()
    integration, key = await _signed(request)
    came = received(request, await bounded_body(request))
    readings = [opsgenie.read_ping(request.path_params["name"])]
    return await _processed(request, readings, came, integration, key, watch, opsgenie.PING.done)


@as_original(_shape)
async def webhook(request: Request) -> Response:
    """`POST /v1/json/integrations/webhooks/{name}`: how Netdata and others, which have an integration there, send in words of their own."""
    watch = Stopwatch()
    integration, key = await _signed(request)
    came = received(request, await bounded_body(request))
    decided = await accept(request, read(came, integration), came, integration, key=key)
    return answer({"result": "Integration Webhook processed"} | _trailer(watch, decided[0].event_id), 200)


@as_original(_shape)
async def get_request(request: Request) -> Response:
    """`GET /v2/alerts/requests/{id}`: what was decided about an event."""
    watch = Stopwatch()
    integration, _ = await _signed(request)
    id = _uuid(request.path_params["request_id"])
    async with _database(request).transaction(Pool.API, read_only=True) as tx:
        event = await find_event_of(tx, integration.id, EventId(id)) if id else None
    if event is None:
        raise Refused(404, "Request not found. It might not be processed, yet.")
    return answer({"data": status_of(event)} | _trailer(watch), 200)


@as_original(_shape)
async def get_alert(request: Request) -> Response:
    """`GET /v2/alerts/{identifier}`: by id, `identifierType=alias` or `tiny`; of several with one alias the newest."""
    watch = Stopwatch()
    integration, _ = await _signed(request)
    found = await _found(request, integration, _identified(request))
    if not found:
        raise Refused(404, "Alert not found")
    return answer({"data": alert_of(found[0], integration) | more_of(found[0])} | _trailer(watch), 200)


@as_original(_shape)
async def list_alerts(request: Request) -> Response:
    """`GET /v2/alerts`: newest first, unless `order=asc`; `query` knows status, alias, acknowledged, tinyId and words."""
    watch = Stopwatch()
    integration, _ = await _signed(request)
    asked = search_of(request.query_params.get("query", ""), request.query_params.get("order", "desc"))
    limit, offset = min(_number(request, "limit", 20), MOST), _number(request, "offset", 0)
    if offset > FURTHEST:
        raise Refused(422, f"offset may be at most {FURTHEST}; narrow the query.")
    found = await _found(request, integration, asked, limit=limit + 1, offset=offset)
    pages = {"first": _page(request, 0, limit)}
    if len(found) > limit:
        pages["next"] = _page(request, offset + limit, limit)
    return answer({"data": [alert_of(one, integration) for one in found[:limit]], "paging": pages} | _trailer(watch), 200)


async def _signed(request: Request) -> tuple[IntegrationRef, str]:
    word, _, said = request.headers.get("authorization", "").partition(" ")
    key = said.strip() if word.lower() == "geniekey" else request.query_params.get("apiKey", "")
    return await signed(request, key, message=UNSIGNED), key


async def _said(request: Request) -> tuple[Received, Mapping[str, object]]:
    """The body, which may be left out; one that is no object is refused."""
    came = received(request, await bounded_body(request))
    if not came.raw.strip():
        return came, {}
    try:
        return came, object_in(came)
    except Unreadable as why:
        raise Refused(400, f"The body cannot be read: {why}") from None


async def _processed(
    request: Request,
    readings: list[Reading],
    came: Received,
    integration: IntegrationRef,
    key: str,
    watch: Stopwatch,
    result: str = "Request will be processed",
) -> Response:
    (decided,) = await accept(request, readings, came, integration, key=key)
    return answer({"result": result} | _trailer(watch, decided.event_id), 202)


def _identified(request: Request) -> AlertSearch:
    """Which alert is meant; an id that is none finds nothing."""
    identifier = request.path_params["identifier"]
    match request.query_params.get("identifierType", "id").lower():
        case "alias":
            return AlertSearch(dedup_key=identifier)
        case "tiny":
            return AlertSearch(number=int(identifier) if identifier.isdecimal() and len(identifier) < 18 else -1)
        case _:
            return AlertSearch(id=_uuid(identifier) or UUID(int=0))


def _number(request: Request, name: str, default: int) -> int:
    said = request.query_params.get(name, "")
    return int(said) if said.isdecimal() and len(said) < 10 else default


def _page(request: Request, offset: int, limit: int) -> str:
    base: str = request.app.state.settings.base_url
    kept = {name: said for name, said in request.query_params.items() if name in {"query", "order", "sort"}}
    return f"{base}/v2/alerts?{urlencode({**kept, 'limit': limit, 'offset': offset})}"


async def _found(request: Request, integration: IntegrationRef, asked: AlertSearch, *, limit: int = 1, offset: int = 0) -> list[AlertFound]:
    async with _database(request).transaction(Pool.API, read_only=True) as tx:
        return list(await find_alerts(tx, integration.service_id, asked, limit=limit, offset=offset))


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


# An alias may hold slashes, so what follows it is looked for from behind.
ROUTES = [
    Route(f"{path}{slash}", endpoint, methods=methods)
    for path, endpoint, methods in (
        ("/v2/alerts", create, ["POST"]),
        ("/v2/alerts", list_alerts, ["GET"]),
        ("/v1/json/integrations/webhooks/{name}", webhook, ["POST"]),
        ("/v2/heartbeats/{name}/ping", ping, ["GET", "POST"]),
        ("/v2/alerts/requests/{request_id}", get_request, ["GET"]),
        ("/v2/alerts/{identifier:path}/{verb}", act, ["POST"]),
        ("/v2/alerts/{identifier:path}", get_alert, ["GET"]),
    )
    for slash in ("/", "")
]
