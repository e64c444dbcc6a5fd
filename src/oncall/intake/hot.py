"""The routes monitors post to: plain Starlette routes, since they carry every alert there is."""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.incidents.values import Decided, Event
from oncall.intake.commands import Gate, read, read_enqueued, received_as, to_events, too_large, without_key
from oncall.intake.values import InvalidEvent
from oncall.kit.compiled import Compilation, Compiled
from oncall.kit.errors import Unavailable
from oncall.kit.problems import RETRY_AFTER, problem
from oncall.services.compiled import Keys
from oncall.services.values import IntegrationRef

INTAKE_LIMIT = 4 * 1024 * 1024
ENQUEUE_LIMIT = 512 * 1024
LONG = 256 * 1024
"""A body beyond this is read in a thread, so that nobody's acknowledgement waits for it."""

BODY_TIMEOUT = 10.0
JSON = "application/json"
CLOSE = {"Connection": "close"}
TOO_SLOW = "The body did not arrive within 10 seconds."
INVALID = ("invalid event", "Event object is invalid")


async def _body(request: Request, limit: int) -> bytes | None:
    """The whole body, or None once it is larger than `limit`; a sender slower than 10 s is cut off."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        return None
    body, more = bytearray(), True
    async with asyncio.timeout(BODY_TIMEOUT):
        while more and len(body) <= limit:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            more = message.get("more_body", False)
    return bytes(body) if len(body) <= limit else None


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


async def _integration(request: Request, digest: bytes) -> IntegrationRef | None:
    """Whose key this is, from what is compiled (at most a second old); no database write for a wrong one."""
    state = request.app.state
    compilation: Compilation = state.compilation
    keys: Compiled[Keys] = state.integration_keys
    known = compilation.current(keys)
    found = known.get(digest) if known is not None else None
    # Not known, or made a moment ago through another node: only a check that begins now may refuse an event.
    return found or (await compilation.checked_now(keys)).get(digest)


async def intake(request: Request) -> Response:
    """`POST /intake/{integration_key}`: 202 with the decisions after the commit; 401, 413 and 503 are the only refusals."""
    try:
        return await _intake(request)
    except Unavailable as error:
        return problem(503, error.code, error.title, str(error))
    except TimeoutError:  # 503, since that is what makes senders come again
        return problem(503, "too_slow", "Too slow", TOO_SLOW, headers=CLOSE)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it


async def _intake(request: Request) -> Response:
    gate: Gate = request.app.state.gate
    key = request.path_params["integration_key"]
    digest = _digest(key)
    # The key stands in the address, so nobody without one makes us hold a body in memory. With one that was good a moment ago the body
    # is read at once: uvicorn forgets it when its sender hangs up while we look.
    seen: Compiled[Keys] = request.app.state.integration_keys
    probable = seen.value is not None and digest in seen.value
    raw = await _body(request, INTAKE_LIMIT) if probable else b""
    integration = await _integration(request, digest)
    if integration is None:
        # The same answer for an unknown, a revoked and a malformed key.
        detail = "No integration has this key: copy its address again, or make a new integration."
        return problem(401, "unauthorized", "Unknown integration key", detail)
    if not probable:
        raw = await _body(request, INTAKE_LIMIT)
    if raw is None:
        nothing = received_as(b"")
        await gate.accept(to_events(too_large(integration, INTAKE_LIMIT), nothing, integration))
        return problem(413, "too_large", "Too large", "A body may have at most 4 MiB; an alert was opened that says so.")

    def events() -> list[Event]:
        received = received_as(raw, headers=request.headers)
        return to_events(read(received, integration), without_key(received, key), integration)

    is_long = "content-encoding" in request.headers or len(raw) > LONG  # how much a compressed one holds, nobody knows yet
    return Response(_accepted(await gate.accept(await asyncio.to_thread(events) if is_long else events())), 202, media_type=JSON)


def _accepted(decided: Sequence[Decided]) -> bytes:
    events = [{"id": d.event_id, "dedup_key": d.dedup_key, "decision": d.decision, "incident_id": d.incident_id} for d in decided]
    return msgspec.json.encode({"status": "accepted", "events": events})


async def enqueue(request: Request) -> Response:
    """`POST /v2/enqueue`: as PagerDuty's Events API v2 answers, status by status; whatever goes wrong has its shape."""
    try:
        dedup_key = await _enqueue(request)
    except InvalidEvent as error:
        return _shaped_as_original(400, error.status, str(error), error.errors)
    except _TooLarge:
        return _shaped_as_original(413, *INVALID, ["Event object exceeds the maximum size of 512 KB"])
    except Unavailable as error:
        return _shaped_as_original(503, "unavailable", str(error), [], RETRY_AFTER)
    except TimeoutError:
        return _shaped_as_original(408, "request timeout", TOO_SLOW, [], CLOSE)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    answer = {"status": "success", "message": "Event processed", "dedup_key": dedup_key}
    return Response(msgspec.json.encode(answer), 202, media_type=JSON)


async def _enqueue(request: Request) -> str:
    """The dedup key of the event, once it is committed."""
    gate: Gate = request.app.state.gate
    raw = await _body(request, ENQUEUE_LIMIT)
    if raw is None:
        raise _TooLarge
    received = received_as(raw, headers=request.headers)
    routing_key, readings = read_enqueued(received)
    integration = await _integration(request, _digest(routing_key))
    if integration is None:
        raise InvalidEvent(*INVALID, ["Invalid routing key"])
    events = to_events(readings, without_key(received, routing_key), integration)
    return (await gate.accept(events))[0].dedup_key


class _TooLarge(Exception):
    """The body is larger than the original takes."""


def _shaped_as_original(status: int, word: str, message: str, errors: Sequence[str], headers: Mapping[str, str] | None = None) -> Response:
    answer = {"status": word, "message": message, "errors": errors}
    return Response(msgspec.json.encode(answer), status, headers=headers, media_type=JSON)


ROUTES = [
    Route("/intake/{integration_key}", intake, methods=["POST"]),
    Route("/intake/{integration_key}/", intake, methods=["POST"]),  # not every sender follows a redirect with its body
    Route("/v2/enqueue", enqueue, methods=["POST"]),
    Route("/v2/enqueue/", enqueue, methods=["POST"]),
]

_ACCEPTED = {
    "description": "Stored; the decision of each event.",
    "content": {
        JSON: {
            "example": {
                "status": "accepted",
                "events": [{"id": "0198…", "dedup_key": "disk", "decision": "opened", "incident_id": "0198…"}],
            }
        }
    },
}
_ENQUEUED = {
    "description": "Stored.",
    "content": {JSON: {"example": {"status": "success", "message": "Event processed", "dedup_key": "disk"}}},
}

# What OpenAPI says of the routes above, which FastAPI does not know.
DOCUMENT = {
    "/intake/{integration_key}": {
        "post": {
            "tags": ["intake"],
            "summary": "Events from a monitor; the integration's type chooses the adapter",
            "parameters": [{"name": "integration_key", "in": "path", "required": True, "schema": {"type": "string"}}],
            "requestBody": {"content": {"*/*": {"schema": {}}}},
            "responses": {
                "202": _ACCEPTED,
                "401": {"description": "Unknown integration key"},
                "413": {"description": "Larger than 4 MiB; an alert was opened that says so"},
                "503": {"description": "Cannot be stored just now; send it again"},
            },
        }
    },
    "/v2/enqueue": {
        "post": {
            "tags": ["intake"],
            "summary": "PagerDuty Events API v2: trigger, acknowledge, resolve",
            "requestBody": {"content": {JSON: {"schema": {"type": "object"}}}},
            "responses": {
                "202": _ENQUEUED,
                "400": {"description": "Event object is invalid; `errors` says why"},
                "413": {"description": "Larger than 512 KB"},
                "503": {"description": "Cannot be stored just now; send it again"},
            },
        }
    },
}
