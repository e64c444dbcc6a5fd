"""`/heartbeats/{key}`: a check-in, as a plain Starlette route, since at midnight they all come at once."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.heartbeats.commands.check_ins import CheckIns
from oncall.heartbeats.values import CheckedIn, GetNotAllowed, UnknownHeartbeatKey
from oncall.kit.hot import Answer
from oncall.kit.limits import FailureLimiter, TooMany, network_of
from oncall.kit.log import get_log
from oncall.kit.metrics import REFUSED
from oncall.kit.problems import problem

log = get_log("heartbeats")

BODY_LIMIT = 4 * 1024 * 1024
BODY_TIMEOUT = 10.0
TOO_OFTEN = "Too many requests without a good key came from this address; one that has it is taken at any time."
SHOWN = 4
"""Characters of a wrong key in the log; it may be a right one elsewhere."""


async def check_in(request: Request) -> Response:
    """202 once it is stored; a check-in is refused for its key and for its method, and never for what it says."""
    check_ins: CheckIns = request.app.state.check_ins
    if request.method == "HEAD":  # which asks what a GET would say, and does nothing
        return _not_by_get(GetNotAllowed())
    try:
        checked_in = await check_ins.by_key(request.path_params["key"], by_get=request.method == "GET")
    except GetNotAllowed as error:
        return _not_by_get(error)
    except UnknownHeartbeatKey as error:
        return _turned_away(request, error)
    whole = await _read_away(request)
    return _accepted(checked_in, {} if whole else {"Connection": "close"})


def _accepted(checked_in: CheckedIn, headers: dict[str, str]) -> Response:
    said = {"name": checked_in.name, "state": checked_in.state, "expires_at": checked_in.expires_at}
    return Answer(msgspec.json.encode({"status": "accepted", "heartbeat": said}), 202, headers)


async def _read_away(request: Request) -> bool:
    """Read what the sender has to say, so that it hears us out, and forget it; False if that was too long or too slow to be read to the
    end. It is stored already, so a sender that hangs up has checked in as well.
    """
    left, more = BODY_LIMIT, True
    with suppress(TimeoutError):
        async with asyncio.timeout(BODY_TIMEOUT):
            while more and left > 0:
                message = await request.receive()
                more = message["type"] == "http.request" and message.get("more_body", False)
                left -= len(message.get("body", b""))
    return not more


def _not_by_get(error: GetNotAllowed) -> Response:
    return problem(error.status, error.code, error.title, f"{error}", headers={"Allow": "POST"})


def _turned_away(request: Request, error: UnknownHeartbeatKey) -> Response:
    """401, and 429 for an address that was wrong too often: the same limit as for keys of integrations."""
    limiter: FailureLimiter = request.app.state.intake_failures
    source = network_of(request.client.host if request.client else None)
    REFUSED.labels("heartbeat_key").inc()
    if wait := limiter.wait(source):
        return problem(429, TooMany.code, TooMany.title, TOO_OFTEN, headers={"Retry-After": f"{wait}"})
    key = request.path_params["key"]
    begins = "".join(sign for sign in key[:SHOWN] if sign.isalnum()) if len(key) > 2 * SHOWN else ""
    log.warning("a heartbeat's key was refused", address=source, begins=begins)
    limiter.failed(source)
    return problem(401, error.code, "Unknown heartbeat key", f"{error}")


ROUTES = [Route(f"/heartbeats/{{key}}{slash}", check_in, methods=["POST", "GET"]) for slash in ("", "/")]

_EXAMPLE = {"status": "accepted", "heartbeat": {"name": "nightly backup", "state": "healthy", "expires_at": "2026-03-02T03:05:00Z"}}


def _operation(summary: str, more: dict[str, Any]) -> dict[str, Any]:
    responses = {
        "202": {"description": "Stored", "content": {"application/json": {"example": _EXAMPLE}}},
        "401": {"description": "No heartbeat has this key"},
        "429": {"description": "Too many requests with a wrong key came from this address; a good one is taken at any time"},
        "503": {"description": "Cannot be stored just now; send it again"},
    }
    parameters = [{"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}]
    return {"tags": ["heartbeats"], "summary": summary, "parameters": parameters, "responses": responses | more}


DOCUMENT: dict[str, Any] = {
    "/heartbeats/{key}": {
        "post": _operation("A check-in; a body is read and forgotten", {}),
        "get": _operation("A check-in, where the heartbeat opts in", {"405": {"description": "It does not; Allow says POST"}}),
    }
}
