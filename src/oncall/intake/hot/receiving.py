"""What all routes of monitors share: the body within bounds, whose key it is, and refusals in the words of whoever is imitated."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from oncall.incidents.values import Decided
from oncall.intake.commands import Gate, received_as, to_events, without_key
from oncall.intake.values import InvalidEvent, Reading, Received
from oncall.kit.clock import Clock
from oncall.kit.compiled import Compilation, Compiled
from oncall.kit.errors import Unavailable
from oncall.kit.problems import RETRY_AFTER
from oncall.services.compiled import Keys
from oncall.services.values import IntegrationRef

INTAKE_LIMIT = 4 * 1024 * 1024
LIMIT = 512 * 1024
"""What PagerDuty takes, and what the other imitated services get by with."""

BODY_TIMEOUT = 10.0
JSON = "application/json"
CLOSE = {"Connection": "close"}
TOO_SLOW = "The body did not arrive within 10 seconds."
TOO_LARGE = "Event object exceeds the maximum size of 512 KB"

Endpoint = Callable[[Request], Awaitable[Response]]


async def body_of(request: Request, limit: int) -> bytes | None:
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


def digest_of(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


async def integration_of(request: Request, digest: bytes) -> IntegrationRef | None:
    """Whose key this is, from what is compiled (at most a second old); no database write for a wrong one."""
    state = request.app.state
    compilation: Compilation = state.compilation
    keys: Compiled[Keys] = state.integration_keys
    known = compilation.current(keys)
    found = known.get(digest) if known is not None else None
    # Not known, or made a moment ago through another node: only a check that begins now may refuse an event.
    return found or (await compilation.checked_now(keys)).get(digest)


def received(request: Request, raw: bytes) -> Received:
    """The request as adapters see it; where there is no body, the query is what was sent."""
    clock: Clock = request.app.state.clock
    query = request.scope["query_string"]
    fields = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else None
    return received_as(raw or query, headers=request.headers, query=fields, path=request.scope["path"], at=clock.about())


async def accept(
    request: Request, readings: Sequence[Reading], of: Received, integration: IntegrationRef, *, key: str
) -> Sequence[Decided]:
    """Hand over what was read; the decisions, once they are committed. The key is not kept with the body."""
    gate: Gate = request.app.state.gate
    return await gate.accept(to_events(readings, without_key(of, key), integration))


class Refused(Exception):
    """An imitated endpoint says no: the status, and what the person who configured the sender may read."""

    def __init__(self, status: int, message: str, *, word: str = "", errors: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status, self.word, self.errors = status, word, errors


Shape = Callable[[Refused], object]
"""The body of a refusal, as the original shapes it."""


def as_original(shape: Shape) -> Callable[[Endpoint], Endpoint]:
    """Whatever goes wrong in an endpoint is answered in its original's shape: 408 too slow, 413 too large, 503 not stored."""

    def around(endpoint: Endpoint) -> Endpoint:
        async def answered(request: Request) -> Response:
            headers: Mapping[str, str] = {}
            try:
                return await endpoint(request)
            except Refused as error:
                refused = error
            except InvalidEvent as error:
                refused = Refused(400, str(error), word=error.status, errors=error.errors)
            except Unavailable as error:
                refused, headers = Refused(503, str(error), word="unavailable"), RETRY_AFTER
            except TimeoutError:
                refused, headers = Refused(408, TOO_SLOW, word="request timeout"), CLOSE
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            return answer(shape(refused), refused.status, headers)

        return answered

    return around


def answer(said: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(said), status, headers=headers, media_type=JSON)


async def bounded_body(request: Request) -> bytes:
    """At most 512 KiB; more is refused."""
    raw = await body_of(request, LIMIT)
    if raw is None:
        raise Refused(413, "Event object is invalid", word="invalid event", errors=[TOO_LARGE])
    return raw


async def signed(request: Request, key: str, *, status: int = 401, message: str) -> IntegrationRef:
    """The integration of a key; refuses one that nobody has."""
    integration = await integration_of(request, digest_of(key)) if key else None
    if integration is None:
        raise Refused(status, message)
    return integration
