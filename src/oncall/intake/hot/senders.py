"""Who may send: what an integration asks for beside its key, and how often one address may be wrong about it."""

from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import Request

from oncall.incidents.values import Action
from oncall.intake.commands import Gate, received_as, to_events
from oncall.intake.commands.senders import key_in, why_refused
from oncall.intake.commands.sns import Certificates
from oncall.intake.values import Reading
from oncall.kit.clock import Clock
from oncall.kit.errors import Unavailable
from oncall.kit.limits import FailureLimiter, network_of
from oncall.kit.log import get_log
from oncall.kit.metrics import REFUSED
from oncall.services.values import IntegrationRef
from oncall.services.values.senders import Scheme

log = get_log("intake")

SIGN_NO_BODY = {Scheme.BASIC, Scheme.BEARER, Scheme.TOKEN, Scheme.LOST}
UNSIGNED = "only bodies are signed, and this request says what it says in its query"

UNKNOWN = "No integration has this key, or the sender does not prove what the integration asks for: its log line says why."
SHOWN = 4
"""Characters of a wrong key in the log; it may be a right one elsewhere."""

TOO_OFTEN = "Too many requests without a good key or signature came from this address; one that has them is taken at any time."


async def is_sender(request: Request, raw: bytes | None, integration: IntegrationRef) -> bool:
    """Whether this request shows what its integration asks for; `raw` is the body as it came, None if it was too large.

    If not, whoever runs the integration is told why by the log, and the sender is told nothing. Raises Unavailable if nobody can say.
    """
    wanted = integration.authentication
    if wanted is None:
        return True
    clock: Clock = request.app.state.clock
    certificates: Certificates = request.app.state.certificates
    why = UNSIGNED if _is_unsigned(request, raw, wanted.scheme) else None
    why = why or await why_refused(wanted, Headers(scope=request.scope), raw, certificates, now=clock.about())
    if why is None:
        return True
    if not _limiter(request).wait(_source(request)):  # who goes on and on shall not fill the log
        log.warning(
            "a sender was refused",
            integration=integration.name,
            integration_id=str(integration.id),
            scheme=wanted.scheme.value,
            address=_source(request),
            why=why,
        )
    return False


def _is_unsigned(request: Request, raw: bytes | None, scheme: Scheme) -> bool:
    """Whether what is said stands where no signature reaches: in a query instead of a body."""
    is_query = request.method in {"GET", "HEAD"} or (raw == b"" and bool(request.scope["query_string"]))
    return is_query and scheme not in SIGN_NO_BODY


async def confirm_subscription(request: Request, raw: bytes, integration: IntegrationRef) -> None:
    """Once a message of SNS is stored that asks for it; what came of it is an event of its own, and no reason to refuse anything."""
    certificates: Certificates = request.app.state.certificates
    confirmed = await certificates.confirm(raw)
    if confirmed is None:
        return
    topic, reason = confirmed
    reading = Reading(Action.IGNORE, f"subscription to {topic.rpartition(':')[2]}"[:200], reason=reason)
    gate: Gate = request.app.state.gate
    with suppress(Unavailable):  # the log has it, and the message itself is stored
        await gate.accept(to_events([reading], received_as(b""), integration))


def refused(request: Request, integration: IntegrationRef | None) -> int:
    """Count a wrong key, or for a right one (then `integration` is known) a wrong proof. Seconds to wait, if there were too many: 0 is 401.

    Both are answered alike, so that nobody learns here which keys exist.
    """
    REFUSED.labels("key" if integration is None else "sender").inc()
    if wait := _limiter(request).wait(_source(request)):
        return wait
    if integration is None:
        log.warning("a key was refused", address=_source(request), **_where(request))
    _limiter(request).failed(_source(request))
    return 0


def _where(request: Request) -> dict[str, str]:
    """To which address it was sent, and how the key begins if it does not stand in the body: enough to find the sender, and no secret."""
    path = request.scope["path"]
    for said in request.path_params.values():
        path = path.replace(said, "…") if said else path
    key = request.path_params.get("integration_key") or key_in(request.headers)
    begins = "".join(sign for sign in key[:SHOWN] if sign.isalnum()) if len(key) > 2 * SHOWN else ""
    return {"path": path, "begins": begins}


def _limiter(request: Request) -> FailureLimiter:
    limiter: FailureLimiter = request.app.state.intake_failures
    return limiter


def _source(request: Request) -> str:
    return network_of(request.client.host if request.client else None)
