"""`/intake/{integration_key}`: any monitor, in any dialect; and below it what Prometheus and VictorOps add to an address."""

from collections.abc import Callable, Sequence

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.incidents.values import Decided, Event
from oncall.intake.commands import DIALECTS, Gate, Overloaded, as_sent, read, read_query, received_as, to_events, too_large
from oncall.intake.commands.people import People, hiding
from oncall.intake.commands.senders import key_in
from oncall.intake.hot.lately import Known
from oncall.intake.hot.receiving import (
    CLOSE,
    INTAKE_LIMIT,
    JSON,
    TOO_SLOW,
    TooSlow,
    accept,
    as_said,
    body_of,
    digest_of,
    hold,
    integration_of,
    lately_of,
    let_go,
    received,
)
from oncall.intake.hot.senders import TOO_OFTEN, UNKNOWN, confirm_subscription, is_sender, refused
from oncall.intake.values import Received
from oncall.kit.compiled import Compiled
from oncall.kit.errors import Unavailable
from oncall.kit.hot import Answer
from oncall.kit.limits import TooMany
from oncall.kit.problems import problem
from oncall.kit.quick import dataclass
from oncall.services.compiled import Keys
from oncall.services.values import IntegrationRef, IntegrationType
from oncall.services.values.senders import Scheme


@dataclass(frozen=True, slots=True)
class Key:
    """What a sender gave, its digest, and whose it is."""

    said: str
    digest: bytes
    integration: IntegrationRef


Words = Callable[[Sequence[Decided], IntegrationRef], Response]

NOT_HERE = "Events are posted. With GET only a query that says something is taken."


async def intake(request: Request) -> Response:
    """202 with the decisions after the commit; 401, 413 and 503 are the only refusals."""
    return await _taken(request, _accepted)


async def by_query(request: Request) -> Response:
    """For monitors that can only open an address: the query is the event. Without one it is somebody's browser; HEAD is no monitor's."""
    if request.method != "GET" or not request.scope["query_string"]:
        return problem(405, "method_not_allowed", "Method not allowed", NOT_HERE, headers={"Allow": "POST"})
    return await intake(request)


async def prometheus(request: Request) -> Response:
    """Prometheus itself, as if we were its Alertmanager: an empty 200."""
    return await _taken(request, lambda _, __: Response(status_code=200), IntegrationType.PROMETHEUS)


async def victorops(request: Request) -> Response:
    """A VictorOps sender that was given this address: the routing key is a label."""
    return await _taken(request, _as_victorops, IntegrationType.VICTOROPS)


async def _taken(request: Request, words: Words, by: IntegrationType | None = None) -> Response:
    try:
        return await _told(request, words, by)
    except Overloaded as error:
        return problem(503, error.code, error.title, str(error), headers={"Retry-After": f"{error.retry_after}"})
    except Unavailable as error:
        return problem(503, error.code, error.title, str(error))
    except TooMany as error:
        return problem(429, error.code, error.title, str(error), headers={"Retry-After": f"{error.retry_after}"})
    except TooSlow:  # 503, since that is what makes senders come again
        return problem(503, "too_slow", "Too slow", TOO_SLOW, headers=CLOSE)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    finally:
        let_go(request)


async def _told(request: Request, words: Words, by: IntegrationType | None) -> Response:
    gate: Gate = request.app.state.gate
    key = request.path_params.get("integration_key") or key_in(request.headers)
    digest = digest_of(key)
    # The key stands in the address, so nobody without one makes us hold a body in memory. With one that was good a moment ago the body
    # is read at once: uvicorn forgets it when its sender hangs up while we look.
    seen: Compiled[Keys] = request.app.state.integration_keys
    probable = seen.value.get(digest) if seen.value is not None else None
    raw = await _body_for(request, probable, by) if probable else b""
    integration = await integration_of(request, digest)
    if integration is None:
        return _turned_away(request, None)
    if not probable:
        raw = await _body_for(request, integration, by)
    if integration.authentication is not None and not await is_sender(request, raw, integration):
        return _turned_away(request, integration)
    if raw is None:
        await gate.accept(to_events(too_large(integration, INTAKE_LIMIT, request.headers), received_as(b""), integration))
        return problem(413, "too_large", "Too large", "A body may have at most 4 MiB; an alert was opened that says so.")
    is_mail = integration.is_for_people and request.method == "POST"
    its = Key(key, digest, integration)
    events = await (_from_people(request, raw, integration, key) if is_mail else _read(request, raw, its, words, by))
    decided = await accept(request, events)
    if integration.authentication is not None and integration.authentication.scheme is Scheme.SNS:
        await confirm_subscription(request, raw, integration)
    return words(decided, integration)


async def _read(request: Request, raw: bytes, key: Key, words: Words, by: IntegrationType | None) -> list[Event]:
    lately, said = lately_of(request), as_said(request, raw)
    known = lately.find(said)
    if known is None or known.integration is not key.integration:
        reading = read_query if request.method == "GET" else read

        def work(came: Received) -> list[Event]:
            return as_sent(reading(came, key.integration, by=by), came, key.integration, key=key.said)

        _, events = await received(request, raw, work)
        known = Known(key.digest, key.integration, events, lambda decided: words(decided, key.integration))
        lately.keep(said, known)
    return known.once_more()


async def _from_people(request: Request, raw: bytes, integration: IntegrationRef, key: str) -> list[Event]:
    """What is recorded of a mail that a person wrote, which is an incident or a note by then; of what is no mail, what anybody reads."""
    people: People = request.app.state.people
    came, _ = await received(request, raw, lambda _: None)
    readings = await people.take(came, integration, hide=hiding(key))
    return as_sent(readings or read(came, integration), came, integration, key=key)


async def _body_for(request: Request, integration: IntegrationRef, by: IntegrationType | None) -> bytes | None:
    await hold(request, integration, comes_again=DIALECTS[by or integration.type].comes_again)
    return await body_of(request, INTAKE_LIMIT)


def _turned_away(request: Request, integration: IntegrationRef | None) -> Response:
    """The same answer for an unknown, a revoked and a malformed key, and for a key whose sender proves nothing."""
    if wait := refused(request, integration):
        return problem(429, TooMany.code, TooMany.title, TOO_OFTEN, headers={"Retry-After": str(wait)})
    return problem(401, "unauthorized", "Unknown integration key", UNKNOWN)


def _accepted(decided: Sequence[Decided], integration: IntegrationRef) -> Response:
    if integration.type is IntegrationType.SLACK:  # who posts to a webhook of Slack's counts only this as sent
        return Response("ok", 200, media_type="text/plain")
    events = [{"id": d.event_id, "dedup_key": d.dedup_key, "decision": d.decision, "incident_id": d.incident_id} for d in decided]
    return Answer(msgspec.json.encode({"status": "accepted", "events": events}), 202)


def _as_victorops(decided: Sequence[Decided], _: IntegrationRef) -> Response:
    return Response(msgspec.json.encode({"result": "success", "entity_id": decided[0].dedup_key}), 200, media_type=JSON)


ROUTES = [
    Route(f"/intake/{{integration_key}}{path}{slash}", endpoint, methods=methods)
    for path, endpoint, methods in (
        ("", intake, ["POST"]),
        ("", by_query, ["GET"]),
        ("/api/v1/alerts", prometheus, ["POST"]),
        ("/api/v2/alerts", prometheus, ["POST"]),
        ("/{routing_key}", victorops, ["POST"]),
    )
    for slash in ("", "/")  # not every sender follows a redirect with its body
]
# For senders that cannot put a key into an address: it stands in a header.
ROUTES[:0] = [Route(f"/intake{slash}", intake, methods=["POST"]) for slash in ("", "/")]
# Who was given this address for the base of an API adds its paths: what comes there is read, and nothing is lost.
ROUTES.append(Route("/intake/{integration_key}/{rest:path}", intake, methods=["POST"]))
