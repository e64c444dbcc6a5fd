"""The routes monitors post to: plain Starlette routes, since they carry every alert there is."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.incidents.values import Decided
from oncall.intake.commands import Gate, read, read_enqueued, received_as, to_events, too_large
from oncall.intake.values import InvalidEvent, Received
from oncall.kit.compiled import Compilation, Compiled
from oncall.kit.errors import Unavailable
from oncall.kit.http import problem
from oncall.services.compiled import Keys
from oncall.services.values import IntegrationRef

INTAKE_LIMIT = 4 * 1024 * 1024
ENQUEUE_LIMIT = 512 * 1024
BODY_TIMEOUT = 10.0
JSON = "application/json"


async def _body(request: Request, limit: int) -> bytes | None:
    """The whole body, or None once it is larger than `limit`; a sender slower than 10 s is cut off."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        return None
    chunks: list[bytes] = []
    size = 0
    async with asyncio.timeout(BODY_TIMEOUT):
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                return None
            chunks.append(chunk)
    return b"".join(chunks)


async def _integration(request: Request, key: str) -> IntegrationRef | None:
    """Whose key this is, from what is compiled (at most a second old); no database write for a wrong one."""
    state = request.app.state
    compilation: Compilation = state.compilation
    keys: Compiled[Keys] = state.integration_keys
    digest = sha256(key.encode("utf-8", "surrogatepass")).digest()
    known = compilation.current(keys)
    found = known.get(digest) if known is not None else None
    # Not known, or made a moment ago through another node: only a check that begins now may refuse an event.
    return found or (await compilation.checked_now(keys)).get(digest)


def _unavailable(error: Unavailable) -> Response:
    return problem(503, error.code, error.title, str(error))


async def intake(request: Request) -> Response:
    """`POST /intake/{integration_key}`: 202 with the decisions after the commit; 401, 413 and 503 are the only refusals."""
    gate: Gate = request.app.state.gate
    try:
        raw = await _body(request, INTAKE_LIMIT)
        integration = await _integration(request, request.path_params["integration_key"])
        if integration is None:
            return _unknown_key()
        content_type = request.headers.get("content-type", "")
        if raw is None:
            await gate.accept(to_events([too_large(integration, INTAKE_LIMIT)], Received(content_type, b""), integration))
            return problem(413, "too_large", "Too large", "A body may have at most 4 MiB; an alert was opened that says so.")
        received = received_as(raw, content_type, request.headers.get("content-encoding", ""))
        decided = await gate.accept(to_events(read(received, integration), received, integration))
    except Unavailable as error:
        return _unavailable(error)
    except TimeoutError:
        return problem(408, "too_slow", "Too slow", "The body did not arrive within 10 seconds.", headers={"Connection": "close"})
    return Response(_accepted(decided), 202, media_type=JSON)


def _unknown_key() -> Response:
    """The same answer for an unknown, revoked and malformed key."""
    detail = "No integration has this key: copy its address again, or make a new integration."
    return problem(401, "unauthorized", "Unknown integration key", detail)


def _accepted(decided: Sequence[Decided]) -> bytes:
    events = [{"id": d.event_id, "dedup_key": d.dedup_key, "decision": d.decision, "incident_id": d.incident_id} for d in decided]
    return msgspec.json.encode({"status": "accepted", "events": events})


async def enqueue(request: Request) -> Response:
    """`POST /v2/enqueue`: as PagerDuty's Events API v2 answers, status by status."""
    gate: Gate = request.app.state.gate
    try:
        raw = await _body(request, ENQUEUE_LIMIT)
        if raw is None:
            return _invalid(413, "Event object exceeds the maximum size of 512 KB")
        received = Received(request.headers.get("content-type", ""), raw)
        routing_key, readings = read_enqueued(received)
        integration = await _integration(request, routing_key)
        if integration is None:
            return _invalid(400, "Invalid routing key")
        decided = await gate.accept(to_events(readings, received, integration))
    except InvalidEvent as error:
        return _invalid(400, *error.errors)
    except Unavailable as error:
        return _unavailable(error)
    except TimeoutError:
        return problem(408, "too_slow", "Too slow", "The body did not arrive within 10 seconds.", headers={"Connection": "close"})
    answer = {"status": "success", "message": "Event processed", "dedup_key": decided[0].dedup_key}
    return Response(msgspec.json.encode(answer), 202, media_type=JSON)


def _invalid(status: int, *errors: str) -> Response:
    answer = {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    return Response(msgspec.json.encode(answer), status, media_type=JSON)


ROUTES = [
    Route("/intake/{integration_key}", intake, methods=["POST"]),
    Route("/v2/enqueue", enqueue, methods=["POST"]),
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
