"""The REST endpoint of VictorOps, now Splunk On-Call: the key and the routing key stand in the address."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.intake.commands import as_sent, read
from oncall.intake.hot.receiving import Refused, accept, answer, as_original, received, signed, whole_body
from oncall.services.values import IntegrationType


def _shape(refused: Refused) -> object:
    return {"result": "failure", "messages": [str(refused), *refused.errors]}


@as_original(_shape)
async def alert(request: Request) -> Response:
    """200 with the entity, whose id is made up where the sender gave none."""
    key = request.path_params["integration_key"]
    integration = await signed(request, key, message="No integration has this key.")
    raw = await whole_body(request, integration)
    came, readings = await received(request, raw, lambda came: read(came, integration, by=IntegrationType.VICTOROPS))
    decided = await accept(request, as_sent(readings, came, integration, key=key))
    return answer({"result": "success", "entity_id": decided[0].dedup_key}, 200)


# The date is the endpoint's version; some senders write another number there.
ROUTES = [
    Route(f"/integrations/generic/{{version}}/alert/{{integration_key}}{routed}{slash}", alert, methods=["POST"])
    for routed in ("/{routing_key}", "")
    for slash in ("", "/")
]
