"""What all routes of monitors share: the body within bounds, whose key it is, and refusals in the words of whoever is imitated."""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from hashlib import sha256
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from oncall.incidents.values import Decided, Event
from oncall.intake.commands import Gate, Overloaded, received_as, to_events, too_large
from oncall.intake.hot import senders
from oncall.intake.hot.check_ins import checked_in
from oncall.intake.hot.lately import LARGEST, Lately, Said
from oncall.intake.hot.senders import is_sender
from oncall.intake.values import InvalidEvent, Received
from oncall.kit.again import ACCEPTED, WHOLE
from oncall.kit.clock import Clock
from oncall.kit.compiled import Compilation, Compiled
from oncall.kit.errors import Unavailable
from oncall.kit.hot import Answer
from oncall.kit.problems import RETRY_AFTER
from oncall.kit.quick import dataclass
from oncall.kit.stopwatch import Stopwatch
from oncall.kit.trouble import Trouble, trouble
from oncall.services.compiled import Keys
from oncall.services.values import IntegrationRef

INTAKE_LIMIT = 4 * 1024 * 1024
PAGERDUTY_LIMIT = 512 * 1024
LONG = 256 * 1024
"""A body beyond this is read in a thread."""

LONG_IF_NO_JSON = 16 * 1024
"""Mails and XML take longer for their length."""

UNANNOUNCED = 256 * 1024
"""What a body counts as whose length is not said."""

UNPROVEN = 16 * 1024
"""What a body counts as at most, as long as it is not known whose it is."""

MOMENT = 4
"""Seconds in which the same request reads the same."""

BODY_TIMEOUT = 10.0
JSON = "application/json"
CLOSE = {"Connection": "close"}
TOO_SLOW = "The body did not arrive within 10 seconds."
NOT_NOW = "The database cannot be reached just now; send this again shortly."
TOO_LARGE = "Event object exceeds the maximum size of 512 KB"

T = TypeVar("T")


class TooSlow(Exception):
    """The body did not arrive within 10 seconds."""


@dataclass(frozen=True, slots=True)
class Held:
    """The room that a request has: where, how much, whose, and how long it has waited."""

    gate: Gate
    size: int
    integration: IntegrationRef | None
    comes_again: bool
    watch: Stopwatch


Endpoint = Callable[[Request], Awaitable[Response]]


async def body_of(request: Request, limit: int) -> bytes | None:
    """The whole body, or None once it is larger than `limit`; a sender slower than 10 s is cut off."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        return None
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            while more and len(body) <= limit:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError as error:
        raise TooSlow from error
    return bytes(body) if len(body) <= limit else None


async def hold(request: Request, integration: IntegrationRef | None, *, comes_again: bool) -> None:
    """Room for the body, before it is read; raises Overloaded. Whoever answers the request gives it back with `let_go`."""
    announced = request.headers.get("content-length", "")
    size = min(int(announced), INTAKE_LIMIT) if announced.isdecimal() and len(announced) < 18 else UNANNOUNCED
    if integration is None:
        size = min(size, UNPROVEN)  # nobody without a key makes room go away by announcing much
    gate: Gate = request.app.state.gate
    watch = Stopwatch()
    await gate.hold(size, integration, comes_again=comes_again)
    request.scope["held"] = Held(gate, size, integration, comes_again, watch)


def let_go(request: Request) -> None:
    held: Held | None = request.scope.get("held")
    if held:
        held.gate.let_go(held.size, held.integration)


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


async def received(request: Request, raw: bytes, work: Callable[[Received], T], *, limit: int = INTAKE_LIMIT) -> tuple[Received, T]:
    """The request as adapters see it (where there is no body, the query is what was sent), and what `work` makes of it: in a thread where
    that may take long, so that nobody's acknowledgement waits for it. How much a compressed body holds, nobody knows before.
    """
    clock: Clock = request.app.state.clock
    query = request.scope["query_string"]
    fields = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else None

    def worked() -> tuple[Received, T]:
        path, at = request.scope["path"], clock.about()
        came = received_as(raw or query, headers=request.headers, query=fields, path=path, at=at, limit=limit)
        return came, work(came)

    is_long = len(raw) > (LONG if raw[:1] in {b"{", b"["} else LONG_IF_NO_JSON) or "content-encoding" in request.headers
    return await asyncio.to_thread(worked) if is_long else worked()


async def accept(request: Request, events: Sequence[Event]) -> Sequence[Decided]:
    """Hand over what was read, if its connection had not known it and done so; the decisions, once they are committed."""
    gate: Gate = request.app.state.gate
    already: Future[list[Decided]] | None = request.scope.get(ACCEPTED)
    if already is not None:
        return await already
    held: Held | None = request.scope.get("held")
    events = await checked_in(request, events)
    return await gate.accept(events, comes_again=held is not None and held.comes_again, watch=held.watch if held else None)


def lately_of(request: Request) -> Lately:
    lately: Lately = request.app.state.lately
    return lately


def as_said(request: Request, raw: bytes) -> Said | None:
    """By what a request is known again within a moment, since some dialects say "over" by an instant; None: it is too large for that."""
    scope = request.scope
    whole: bytes | None = scope.get(WHOLE)
    if len(whole or raw) > LARGEST:
        return None
    asked: Hashable = whole or (scope["method"], scope["path"], scope["query_string"], tuple(scope["headers"]), raw)
    return moment_of(request.app.state.clock), asked


def moment_of(clock: Clock) -> int:
    return int(clock.about().timestamp()) // MOMENT


class Refused(Exception):
    """An imitated endpoint says no: the status, and what the person who configured the sender may read."""

    def __init__(
        self, status: int, message: str, *, word: str = "", errors: Sequence[str] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.word, self.errors, self.headers = status, word, errors, headers or {}


Shape = Callable[[Refused], object]
"""The body of a refusal, as the original shapes it."""


def as_original(shape: Shape, *, overloaded: int = 503) -> Callable[[Endpoint], Endpoint]:
    """Whatever goes wrong in an endpoint is answered in its original's shape: 408 too slow, 413 too large, 503 not stored; and where
    there is no room, what makes the original's senders come again.
    """

    def around(endpoint: Endpoint) -> Endpoint:
        async def answered(request: Request) -> Response:
            headers: Mapping[str, str] = {}
            try:
                return await endpoint(request)
            except Refused as error:
                refused, headers = error, error.headers
            except InvalidEvent as error:
                refused = Refused(400, str(error), word=error.status, errors=error.errors)
            except Overloaded as error:
                refused, headers = Refused(overloaded, str(error), word="throttled"), {"Retry-After": f"{error.retry_after}"}
            except Unavailable as error:
                refused, headers = Refused(503, str(error), word="unavailable"), RETRY_AFTER
            except (DBAPIError, PoolTimeout, OSError) as error:
                if trouble(error) not in {Trouble.UNREACHABLE, Trouble.CONFLICT}:
                    raise
                refused, headers = Refused(503, NOT_NOW, word="unavailable"), RETRY_AFTER
            except TooSlow:
                refused, headers = Refused(408, TOO_SLOW, word="request timeout"), CLOSE
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            finally:
                let_go(request)
            return answer(shape(refused), refused.status, headers)

        return answered

    return around


def answer(said: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Answer(msgspec.json.encode(said), status, headers)


async def bounded_body(request: Request) -> bytes:
    """At most 512 KiB, which is PagerDuty's limit; more is refused. The key is in it, so nobody knows yet whose it is."""
    await hold(request, None, comes_again=True)
    raw = await body_of(request, PAGERDUTY_LIMIT)
    if raw is None:
        raise Refused(413, "Event object is invalid", word="invalid event", errors=[TOO_LARGE])
    return raw


async def whole_body(request: Request, integration: IntegrationRef, *, comes_again: bool = False) -> bytes:
    """At most 4 MiB; more is refused, and an alert says so. Of whoever does not prove what the integration asks for nothing is taken."""
    await hold(request, integration, comes_again=comes_again)
    raw = await body_of(request, INTAKE_LIMIT)
    await proven(request, raw, integration)
    if raw is None:
        gate: Gate = request.app.state.gate
        await gate.accept(to_events(too_large(integration, INTAKE_LIMIT, request.headers), received_as(b""), integration))
        raise Refused(413, "A body may have at most 4 MiB; an alert was opened that says so.")
    return raw


async def signed(request: Request, key: str, *, message: str) -> IntegrationRef:
    """The integration of a key; refuses one that nobody has with 401, and what has no body and no proof. A body is yet to be proven."""
    integration = await integration_of(request, digest_of(key)) if key else None
    if integration is None:
        raise turned_away(request, None, message)
    if integration.authentication is not None:
        request.state.unsigned = message
        if request.method in {"GET", "HEAD"}:
            await proven(request, b"", integration)
    return integration


async def proven(request: Request, raw: bytes | None, integration: IntegrationRef) -> None:
    """Refuses a sender that does not show what the integration asks for, as if nobody had its key."""
    if integration.authentication is not None and not await is_sender(request, raw, integration):
        raise turned_away(request, integration, request.state.unsigned)


def turned_away(request: Request, integration: IntegrationRef | None, message: str) -> Refused:
    """What `signed` and `proven` answer: 401, or 429 for an address that was wrong too often."""
    if wait := senders.refused(request, integration):
        return Refused(429, senders.TOO_OFTEN, word="too many requests", headers={"Retry-After": str(wait)})
    return Refused(401, message)
