"""REST for two incidents that are one, and one that is two."""

from fastapi import APIRouter, Request

from oncall.access.api import Responder
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands import merging, verbs
from oncall.incidents.schemas.incidents import IncidentOut
from oncall.incidents.schemas.merging import IncidentMerged, MergeIn, SplitIn
from oncall.kit.http import AckTx, AgainRoute, now_in

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)


@router.post("/{incident}/merge")
async def merge(ref: Ref, body: MergeIn, request: Request, caller: Responder, tx: AckTx) -> IncidentMerged:
    """The alerts of those incidents become this one's, and those are over; whoever acknowledges one of them acknowledges this one. What
    nobody had acknowledged of them breaks through an acknowledgement of this one. A second time is no error.
    """
    by, _ = await verbs.actor_for(tx, caller, body.user_id)
    done = await merging.merge(tx, ref, body.incidents, by=by, now=await now_in(request, tx))
    into, *sources = await verbs.overview(tx, [done.incident, *done.sources])
    return IncidentMerged(incident=IncidentOut.of(into), merged=[IncidentOut.of(one) for one in sources], cancelled_pages=done.cancelled)


@router.post("/{incident}/split", status_code=201)
async def split(ref: Ref, body: SplitIn, request: Request, caller: Responder, tx: AckTx) -> IncidentOut:
    """These alerts leave for an incident of their own, which is answered and pages at once; at least one must stay."""
    by, _ = await verbs.actor_for(tx, caller, body.user_id)
    made = await merging.split(tx, ref, body.alerts, by=by, now=await now_in(request, tx))
    return IncidentOut.of((await verbs.overview(tx, [made]))[0])
