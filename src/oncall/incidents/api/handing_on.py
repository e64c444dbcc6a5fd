"""REST for an incident that goes to somebody else."""

from fastapi import APIRouter, Request

from oncall.access.api import Responder
from oncall.incidents.api.incidents import Ref, done_out
from oncall.incidents.commands import handing_on, verbs
from oncall.incidents.schemas.acting import EscalateIn, ReasonIn, ReassignIn
from oncall.incidents.schemas.incidents import IncidentDone
from oncall.kit.http import AckTx, AgainRoute, now_in

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)


@router.post("/{incident}/escalate")
async def escalate(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: EscalateIn | None = None) -> IncidentDone:
    """The next step of its policy, or the one at `level`, pages now. An acknowledged incident is triggered again by that. What is muted
    stays so, and pages from that step when nothing mutes it any more.
    """
    said = body or EscalateIn()
    by, _ = await verbs.actor_for(tx, caller, said.user_id)
    now = await now_in(request, tx)
    return await done_out(tx, await handing_on.escalate(tx, ref, by=by, level=said.level, reason=said.reason, now=now))


@router.post("/{incident}/reassign")
async def reassign(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: ReassignIn) -> IncidentDone:
    """To a policy: it goes by that one, as it is now, from that level on. To a person, or to whoever is on call for
    a team: they are paged now, and if the first step's delay passes and nobody has acknowledged, its policy begins anew.
    """
    by, _ = await verbs.actor_for(tx, caller, None)
    done = await handing_on.reassign(
        tx,
        ref,
        by=by,
        policy_id=body.escalation_policy_id,
        level=body.level,
        user_id=body.user_id,
        team_id=body.team_id,
        reason=body.reason,
        now=await now_in(request, tx),
    )
    return await done_out(tx, done)


@router.post("/{incident}/resnapshot")
async def resnapshot(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: ReasonIn | None = None) -> IncidentDone:
    """It goes on from where it is, by its policy and its team's fallback as they are now, not as they were when it triggered."""
    said = body or ReasonIn()
    by, _ = await verbs.actor_for(tx, caller, said.user_id)
    return await done_out(tx, await handing_on.resnapshot(tx, ref, by=by, reason=said.reason, now=await now_in(request, tx)))
