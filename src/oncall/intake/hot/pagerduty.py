"""PagerDuty's Events API: v2, its change events, and v1, which agents still speak. https://developer.pagerduty.com/docs/events-api-v2/overview/"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.intake.adapters import pagerduty_refusals as original
from oncall.intake.commands import read_pagerduty
from oncall.intake.hot.receiving import (
    PAGERDUTY_LIMIT,
    Refused,
    accept,
    answer,
    as_original,
    bounded_body,
    digest_of,
    integration_of,
    received,
    turned_away,
)
from oncall.intake.hot.senders import is_sender
from oncall.intake.values import InvalidEvent

Check = Callable[[object], str]


def _shape(refused: Refused) -> object:
    return {"status": refused.word, "message": str(refused), "errors": refused.errors}


@as_original(_shape, overloaded=429)
async def enqueue(request: Request) -> Response:
    """`POST /v2/enqueue`: trigger, acknowledge, resolve."""
    dedup_key = await _enqueued(request, original.check, "Invalid routing key")
    return answer({"status": "success", "message": "Event processed", "dedup_key": dedup_key}, 202)


@as_original(_shape, overloaded=429)
async def enqueue_change(request: Request) -> Response:
    """`POST /v2/change/enqueue`: a deploy or a changed setting, which pages nobody."""
    await _enqueued(request, original.check_change, "Invalid routing key")
    return answer({"status": "success", "message": "Change event processed"}, 202)


@as_original(_shape, overloaded=429)
async def create_event(request: Request) -> Response:
    """`POST /generic/2010-04-15/create_event.json`: version 1."""
    incident_key = await _enqueued(request, original.check_v1, "Invalid service key")
    return answer({"status": "success", "message": "Event processed", "incident_key": incident_key}, 200)


async def _enqueued(request: Request, check: Check, unknown: str) -> str:
    """The dedup key of the event, once it is committed."""
    raw = await bounded_body(request)
    came, (key, readings) = await received(request, raw, lambda came: read_pagerduty(came, check), limit=PAGERDUTY_LIMIT)
    integration = await integration_of(request, digest_of(key))
    if integration is None or (integration.authentication is not None and not await is_sender(request, raw, integration)):
        refused = turned_away(request, integration, unknown)
        raise InvalidEvent(*original.INVALID, [unknown]) if refused.status == 401 else refused
    return (await accept(request, readings, came, integration, key=key, in_body=1))[0].dedup_key


ROUTES = [
    Route(f"{path}{slash}", endpoint, methods=["POST"])
    for path, endpoint in (
        ("/v2/enqueue", enqueue),
        ("/v2/change/enqueue", enqueue_change),
        ("/generic/2010-04-15/create_event.json", create_event),
    )
    for slash in ("", "/")
]
