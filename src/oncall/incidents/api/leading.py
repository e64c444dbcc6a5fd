"""REST for leading an incident: its roles, and what makes it a major one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Reader, Responder
from oncall.desk.values.roles import Role
from oncall.incidents.api.incidents import Ref, done_out
from oncall.incidents.commands import major, roles, verbs
from oncall.incidents.schemas.acting import Reason
from oncall.incidents.schemas.incidents import IncidentDone
from oncall.incidents.schemas.working import HolderOut, MajorIn, RoleIn, RolesOut
from oncall.kit.http import AckTx, AgainRoute, ReadTx, now_in

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)


@router.post("/{incident}/declare-major")
async def declare_major(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: MajorIn) -> IncidentDone:
    """It is led as a major incident: somebody is to be its commander, and it is not closed by itself. What is P1 is one anyway."""
    by, _ = await verbs.actor_for(tx, caller, body.user_id)
    return await done_out(tx, await major.declare(tx, ref, by=by, reason=body.reason, now=await now_in(request, tx)))


@router.post("/{incident}/stand-down")
async def stand_down(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: MajorIn) -> IncidentDone:
    """It is one like others again; what is P1 stays a major one (409 `stays_major`)."""
    by, _ = await verbs.actor_for(tx, caller, body.user_id)
    return await done_out(tx, await major.stand(tx, ref, by=by, reason=body.reason, now=await now_in(request, tx)))


@router.get("/{incident}/roles")
async def list_roles(ref: Ref, _: Reader, tx: ReadTx) -> RolesOut:
    """Who has which role in it, and which of them somebody is to take."""
    holders, owed = await roles.list_roles(tx, ref)
    return RolesOut(items=[HolderOut.of(one) for one in holders], owed=owed)


@router.put("/{incident}/roles/{role}")
async def set_role(ref: Ref, role: Role, request: Request, caller: Responder, tx: AckTx, body: RoleIn) -> HolderOut:
    """One person has it: they take it, are given it, or have it handed over by whoever had it, and are told."""
    by, _ = await verbs.actor_for(tx, caller, None)
    now = await now_in(request, tx)
    return HolderOut.of(await roles.set_role(tx, ref, role, body.user_id, by=by, reason=body.reason, now=now))


@router.delete("/{incident}/roles/{role}", status_code=204)
async def leave_role(
    ref: Ref, role: Role, request: Request, caller: Responder, tx: AckTx, reason: Annotated[Reason | None, Query()] = None
) -> Response:
    """Nobody has it any more."""
    by, _ = await verbs.actor_for(tx, caller, None)
    await roles.leave_role(tx, ref, role, by=by, reason=reason, now=await now_in(request, tx))
    return Response(status_code=204)
