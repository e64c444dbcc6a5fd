"""REST for paging a person or a team directly."""

from fastapi import APIRouter, Request

from oncall.access.api import Responder
from oncall.incidents.api.incidents import incidents_out
from oncall.incidents.commands import paging, verbs
from oncall.incidents.schemas.incidents import Named
from oncall.incidents.schemas.pages import PageIn, PageOut
from oncall.incidents.values.paging import Wanted
from oncall.kit.http import AckTx, AgainRoute, now_in

router = APIRouter(prefix="/api/v1", tags=["incidents"], route_class=AgainRoute)


@router.post("/pages", status_code=201)
async def page(request: Request, caller: Responder, tx: AckTx, body: PageIn) -> PageOut:
    """Page a person, or whoever is on call for a team, now and by their own rules. That opens an incident; if the first step's delay passes
    and nobody has acknowledged, its policy begins. Refused if nobody at all would be reached. About
    an incident that is open, they are asked to join it.
    """
    by, _ = await verbs.actor_for(tx, caller, None)
    now = await now_in(request, tx)
    wanted = Wanted(body.title, body.urgency, body.service_id, body.incident_id)
    done = await paging.page(tx, body.user_id, body.team_id, wanted, by=by, channels=request.app.state.channels, now=now)
    paged = [Named(id=one.id, name=one.name) for one in done.people]
    return PageOut(incident=(await incidents_out(tx, [done.incident]))[0], paged=paged, says=done.says)
