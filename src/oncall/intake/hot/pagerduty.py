"""PagerDuty's Events API: v2, its change events, and v1, which agents still speak. https://developer.pagerduty.com/docs/events-api-v2/overview/"""

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.incidents.values import Decided
from oncall.intake.adapters import pagerduty_refusals as original
from oncall.intake.commands import as_sent, read_pagerduty
from oncall.intake.hot.lately import Known, Told
from oncall.intake.hot.receiving import (
    PAGERDUTY_LIMIT,
    Refused,
    accept,
    answer,
    as_original,
    as_said,
    bounded_body,
    digest_of,
    integration_of,
    lately_of,
    received,
    turned_away,
)
from oncall.intake.hot.senders import is_sender
from oncall.intake.values import InvalidEvent
from oncall.services.values import IntegrationRef

Check = Callable[[object], str]


def _shape(refused: Refused) -> object:
    return {"status": refused.word, "message": str(refused), "errors": refused.errors}


@as_original(_shape, overloaded=429)
async def enqueue(request: Request) -> Response:
    """`POST /v2/enqueue`: trigger, acknowledge, resolve."""
    return await _enqueued(request, original.check, "Invalid routing key", _processed)


@as_original(_shape, overloaded=429)
async def enqueue_change(request: Request) -> Response:
    """`POST /v2/change/enqueue`: a deploy or a changed setting, which pages nobody."""
    return await _enqueued(request, original.check_change, "Invalid routing key", _processed_change)


@as_original(_shape, overloaded=429)
async def create_event(request: Request) -> Response:
    """`POST /generic/2010-04-15/create_event.json`: version 1."""
    return await _enqueued(request, original.check_v1, "Invalid service key", _processed_v1)


def _processed(decided: Sequence[Decided]) -> Response:
    return answer({"status": "success", "message": "Event processed", "dedup_key": decided[0].dedup_key}, 202)


def _processed_change(_: Sequence[Decided]) -> Response:
    return answer({"status": "success", "message": "Change event processed"}, 202)


def _processed_v1(decided: Sequence[Decided]) -> Response:
    return answer({"status": "success", "message": "Event processed", "incident_key": decided[0].dedup_key}, 200)


async def _enqueued(request: Request, check: Check, unknown: str, told: Told) -> Response:
    """What is told of the event, once it is committed."""
    raw = await bounded_body(request)
    lately, said = lately_of(request), as_said(request, raw)
    known = lately.find(said)
    if known is None or await integration_of(request, known.digest) is not known.integration:
        known = await _read(request, raw, check, unknown, told)
    if known.integration.authentication is not None and not await is_sender(request, raw, known.integration):
        raise _refused(request, known.integration, unknown)
    lately.keep(said, known)
    return known.told(await accept(request, known.once_more()))


async def _read(request: Request, raw: bytes, check: Check, unknown: str, told: Told) -> Known:
    came, (key, readings) = await received(request, raw, lambda came: read_pagerduty(came, check), limit=PAGERDUTY_LIMIT)
    digest = digest_of(key)
    integration = await integration_of(request, digest)
    if integration is None:
        raise _refused(request, None, unknown)
    return Known(digest, integration, as_sent(readings, came, integration, key=key, in_body=1), told)


def _refused(request: Request, integration: IntegrationRef | None, unknown: str) -> Exception:
    refused = turned_away(request, integration, unknown)
    return InvalidEvent(*original.INVALID, [unknown]) if refused.status == 401 else refused


ROUTES = [
    Route(f"{path}{slash}", endpoint, methods=["POST"])
    for path, endpoint in (
        ("/v2/enqueue", enqueue),
        ("/v2/change/enqueue", enqueue_change),
        ("/generic/2010-04-15/create_event.json", create_event),
    )
    for slash in ("", "/")
]
