"""REST for two incidents that are one, and for one that is two."""

from fastapi import APIRouter, Request

from oncall.access.api import Responder
from oncall.incidents.api.incidents import Ref, done_out, incidents_out
from oncall.incidents.commands import merging, splitting, verbs
from oncall.incidents.schemas.incidents import IncidentDone, IncidentOut
from oncall.incidents.schemas.merging import MergeIn, SplitIn
from oncall.kit.http import AckTx, AgainRoute, now_in

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)


@router.post("/{incident}/merge")
async def merge(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: MergeIn) -> IncidentDone:
    """Merge others into this one: it has their alerts from now on, and they are over. What was merged into it already is no error."""
    by, _ = await verbs.actor_for(tx, caller, body.user_id)
    return await done_out(tx, await merging.merge(tx, ref, body.incidents, by=by, now=await now_in(request, tx)))


@router.post("/{incident}/split", status_code=201)
async def split(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: SplitIn) -> IncidentOut:
    """Some of its alerts leave for a new incident, which pages by itself and is the answer."""
    by, _ = await verbs.actor_for(tx, caller, body.user_id)
    return (await incidents_out(tx, [await splitting.split(tx, ref, body.alerts, by=by, now=await now_in(request, tx))]))[0]
