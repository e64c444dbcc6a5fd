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
from oncall.intake.commands import as_sent, object_in, read
from oncall.intake.hot.opsgenie_words import alert_of, more_of, search_of, status_of
from oncall.intake.hot.receiving import Refused, accept, answer, as_original, received, signed, whole_body
from oncall.intake.values import Reading, Received, Unreadable
from oncall.kit.compiled import Compiled
from oncall.kit.db import Database, Pool
from oncall.kit.ids import EventId, IntegrationId, new_id
from oncall.kit.stopwatch import Stopwatch
from oncall.services.compiled import Keys
from oncall.services.values import IntegrationRef, IntegrationType

MOST = 100
FURTHEST = 20_000
PARTS = {"count", "notes", "logs", "recipients", "responders", "attachments", "saved-searches"}
"""What the original tells besides, and we do not."""

NOT_PROCESSABLE = "Request body is not processable. Please check the errors."
UNSIGNED = "Could not authenticate"


def _shape(refused: Refused) -> object:
    """`errors` are "field: what is wrong with it"."""
    errors = dict(error.split(": ", 1) for error in refused.errors if ": " in error)
    return {"message": str(refused)} | ({"errors": errors} if errors else {}) | _trailer(Stopwatch())


def _trailer(watch: Stopwatch, id: object = None) -> dict[str, Any]:
    return {"took": round(watch.seconds, 3), "requestId": str(id or new_id())}


@as_original(_shape, overloaded=429)
async def create(request: Request) -> Response:
    """`POST /v2/alerts`: 202 with the id under which one may ask what became of it; 422 without a message."""
    watch = Stopwatch()
    integration, key = await _signed(request)
    came, body = await _said(request, integration)
    message = body.get("message")
    if not isinstance(message, str) or not message.strip():
        raise Refused(422, NOT_PROCESSABLE, errors=["message: Message can not be empty."])
    return await _processed(request, opsgenie.read(body, came), came, integration, key, watch)


@as_original(_shape, overloaded=429)
async def act(request: Request) -> Response:
    """`POST /v2/alerts/{identifier}/{verb}`: 202 whether or not there is such an alert, as in the original."""
    return await _act(request, opsgenie.VERBS)


@as_original(_shape, overloaded=429)
async def edit(request: Request) -> Response:
    """`PUT /v2/alerts/{identifier}/{verb}`, as Alertmanager sends it with `update_alerts`."""
    return await _act(request, opsgenie.EDITS)


@as_original(_shape, overloaded=429)
async def remove(request: Request) -> Response:
    """`DELETE /v2/alerts/{identifier}`, which resolves the alert, since nothing is forgotten here; and of its tags and details."""
    verb = request.path_params.get("verb", "")
    if verb in opsgenie.REMOVALS:
        return await _act(request, opsgenie.REMOVALS)
    return await _act(request, {verb: opsgenie.DELETE}, f"/{verb}" if verb else "")  # which was a part of the alias


async def _act(request: Request, verbs: Mapping[str, opsgenie.Verb], ending: str = "") -> Response:
    watch = Stopwatch()
    integration, key = await _signed(request)
    came, body = await _said(request, integration)
    verb = verbs.get(request.path_params.get("verb", ""))
    if verb is None:
        raise Refused(403, f"This is not supported here, and nothing was done; what is: {', '.join(verbs)}.")
    if verb.name == "Snooze" and not body.get("endTime"):
        raise Refused(422, NOT_PROCESSABLE, errors=["endTime: End time can not be empty."])
    if verb.name == "AddNote" and not body.get("note"):
        raise Refused(422, NOT_PROCESSABLE, errors=["note: Note can not be empty."])
    readings = [opsgenie.read_verb(verb, await _key(request, integration, ending), body)]
    return await _processed(request, readings, came, integration, key, watch)


async def _key(request: Request, integration: IntegrationRef, ending: str) -> str | None:
    """The dedup key of the alert that is meant; None if its id or number is that of no open one: another one with its alias is not."""
    asked = _identified(request, ending)
    if asked.dedup_key is not None:
        at_end = _identified(request, "/") if request.method == "DELETE" and request.scope["path"].endswith("/") else None
        return at_end.dedup_key if at_end and await _found(request, integration, at_end) else asked.dedup_key
    found = await _found(request, integration, asked, limit=MOST)
    return next((one.alert.dedup_key for one in found if one.alert.is_open), None)


@as_original(_shape, overloaded=429)
async def ping(request: Request) -> Response:
    """`GET|POST /v2/heartbeats/{name}/ping`: recorded."""
    watch = Stopwatch()
    if request.method == "HEAD":
        raise Refused(405, "A heartbeat is pinged with GET or POST.")
    integration, key = await _signed(request)
    came, _ = await _said(request, integration)
    readings = [opsgenie.read_ping(request.path_params["name"])]
    return await _processed(request, readings, came, integration, key, watch, opsgenie.PING.done)


@as_original(_shape, overloaded=429)
async def webhook(request: Request) -> Response:
    """`POST /v1/json/integrations/webhooks/{name}`: how Netdata and others, which have an integration there, send in words of their own."""
    watch = Stopwatch()
    integration, key = await _signed(request)
    raw = await whole_body(request, integration)
    came, readings = await received(request, raw, lambda came: read(came, integration))
    decided = await accept(request, as_sent(readings, came, integration, key=key))
    return answer({"result": "Integration Webhook processed"} | _trailer(watch, decided[0].event_id), 200)


@as_original(_shape, overloaded=429)
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


@as_original(_shape, overloaded=429)
async def get_alert(request: Request) -> Response:
    """`GET /v2/alerts/{identifier}`: by id, `identifierType=alias` or `tiny`; of several with one alias the open or the newest one."""
    watch = Stopwatch()
    integration = await _reader(request)
    identified = request.path_params["identifier"]
    found = await _found(request, integration, _identified(request))
    if not found and request.scope["path"].endswith("/"):  # perhaps of the alias, and no end of a path
        found = await _found(request, integration, _identified(request, "/"))
    if not found and identified.rpartition("/")[2] in PARTS:
        raise Refused(403, "This is not supported here: alerts can be created, got, listed, acknowledged and closed.")
    if not found:
        raise Refused(404, "Alert not found")
    return answer({"data": alert_of(found[0], _names(request)) | more_of(found[0])} | _trailer(watch), 200)


@as_original(_shape, overloaded=429)
async def list_alerts(request: Request) -> Response:
    """`GET /v2/alerts`: newest first, unless `order=asc`; `query` knows status, alias, acknowledged, tinyId and words."""
    watch = Stopwatch()
    integration = await _reader(request)
    asked = search_of(request.query_params.get("query", ""), request.query_params.get("order", "desc"))
    limit, offset = min(_number(request, "limit", 20, least=1), MOST), _number(request, "offset", 0, least=0)
    if offset > FURTHEST:
        raise Refused(422, f"offset may be at most {FURTHEST}; narrow the query.")
    found = await _found(request, integration, asked, limit=limit + 1, offset=offset)
    pages = {"first": _page(request, 0, limit)}
    if len(found) > limit:
        pages["next"] = _page(request, offset + limit, limit)
    names = _names(request)
    return answer({"data": [alert_of(one, names) for one in found[:limit]], "paging": pages} | _trailer(watch), 200)


async def _signed(request: Request) -> tuple[IntegrationRef, str]:
    word, _, said = request.headers.get("authorization", "").partition(" ")
    key = said.strip() if word.lower() == "geniekey" else request.query_params.get("apiKey", "")
    return await signed(request, key, message=UNSIGNED), key


async def _reader(request: Request) -> IntegrationRef:
    """The integration, if it may read: the key of any other lies in a monitor's configuration, and only writes."""
    integration, _ = await _signed(request)
    if integration.type is not IntegrationType.OPSGENIE:
        raise Refused(403, "Only the key of an integration of type opsgenie may read alerts.")
    return integration


def _names(request: Request) -> dict[IntegrationId, str]:
    keys: Compiled[Keys] = request.app.state.integration_keys
    return {integration.id: integration.name for integration in (keys.value or {}).values()}


async def _said(request: Request, integration: IntegrationRef) -> tuple[Received, Mapping[str, object]]:
    """The body, which may be left out; one that is no object is refused."""
    raw = await whole_body(request, integration, comes_again=True)
    return await received(request, raw, _object)


def _object(came: Received) -> Mapping[str, object]:
    if came.raw.strip() in {b"", b"null"} or (came.query and not came.raw.lstrip().startswith(b"{")):
        return {}  # nothing, or only the query, which stands where there is no body
    try:
        return object_in(came)
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
    (decided,) = await accept(request, as_sent(readings, came, integration, key=key))
    return answer({"result": result} | _trailer(watch, decided.event_id), 202)


def _identified(request: Request, ending: str = "") -> AlertSearch:
    """Which alert is meant; an id that is none finds nothing."""
    identifier = request.path_params["identifier"] + ending
    match request.query_params.get("identifierType", "id").lower():
        case "alias":
            return AlertSearch(dedup_key=opsgenie.alias_of(identifier))
        case "tiny":
            return AlertSearch(number=int(identifier) if identifier.isascii() and identifier.isdecimal() and len(identifier) < 18 else -1)
        case _:
            return AlertSearch(id=_uuid(identifier) or UUID(int=0))


def _number(request: Request, name: str, default: int, *, least: int) -> int:
    said = request.query_params.get(name, "")
    if not said:
        return default
    if not (said.isascii() and said.isdecimal()) or len(said) > 9 or int(said) < least:
        raise Refused(422, f"{name} must be a number of {least} or more.")
    return int(said)


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
        ("/v2/alerts/{identifier:path}/{verb}", edit, ["PUT"]),
        ("/v2/alerts/{identifier:path}/{verb}", remove, ["DELETE"]),
        ("/v2/alerts/{identifier:path}", get_alert, ["GET"]),
        ("/v2/alerts/{identifier:path}", remove, ["DELETE"]),
    )
    for slash in ("/", "")
]
