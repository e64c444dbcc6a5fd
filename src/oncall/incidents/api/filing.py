"""REST for logging an incident by hand, and for what is filed of it until it is closed."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Responder
from oncall.incidents.api.incidents import Ref, done_out, incidents_out
from oncall.incidents.commands import filing, templating, verbs
from oncall.incidents.commands.beside import known_problems
from oncall.incidents.schemas.context import IncidentLogged, KnownOut
from oncall.incidents.schemas.filing import CloseIn, IncidentEdit, IncidentIn, PriorityIn, ResolutionIn, VerifyIn
from oncall.incidents.schemas.incidents import IncidentDone, IncidentOut
from oncall.kit.http import AckTx, AgainRoute, IfMatch, now_in, set_etag

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)


@router.post("", status_code=201)
async def log_incident(request: Request, response: Response, caller: Responder, tx: AckTx, body: IncidentIn) -> IncidentLogged:
    """Log an incident by hand: it pages by the policy of its service, like one that a monitor opens. `problems`: what may be behind it,
    and what helps until that is repaired.
    """
    by, _ = await verbs.actor_for(tx, caller, None)
    incident = await templating.log_by(tx, body.to_logged(), body.template_id, by=by, now=await now_in(request, tx))
    problems = await known_problems(tx, f"{incident.title}\n{body.description}", incident.service_id)
    set_etag(response, 1)
    shown = (await incidents_out(tx, [incident]))[0]
    return IncidentLogged(**shown.model_dump(), problems=[KnownOut.model_validate(one) for one in problems])


@router.patch("/{incident}")
async def edit_incident(
    *, ref: Ref, request: Request, response: Response, caller: Responder, tx: AckTx, body: IncidentEdit, version: IfMatch
) -> IncidentOut:
    """Correct what was logged. The category it was logged with is kept beside another one."""
    by, _ = await verbs.actor_for(tx, caller, None)
    now = await now_in(request, tx)
    incident, record = await filing.edit(tx, ref, title=body.title, changes=body.changes(), by=by, expected_version=version, now=now)
    set_etag(response, record.version)
    return (await incidents_out(tx, [incident]))[0]


@router.post("/{incident}/priority")
async def set_priority(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: PriorityIn) -> IncidentDone:
    """What it is worth: by hand with a reason, or by its impact and business urgency. P1 and P2 raise its urgency to high, which pages at
    once; nothing lowers that again. P1 makes it a major incident.
    """
    by, _ = await verbs.actor_for(tx, caller, body.user_id)
    return await done_out(tx, await filing.grade(tx, ref, body.to_graded(), by=by, now=await now_in(request, tx)))


@router.post("/{incident}/resolve")
async def resolve(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: ResolutionIn | None = None) -> IncidentDone:
    """The service is restored: everything stops, and its open alerts count as resolved. How that was done may be told with it, or later."""
    said = body or ResolutionIn()
    by, _ = await verbs.actor_for(tx, caller, said.user_id)
    return await done_out(tx, await filing.resolve(tx, ref, said.to_resolution(), by=by, now=await now_in(request, tx)))


@router.post("/{incident}/verify")
async def verify(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: VerifyIn) -> IncidentDone:
    """What the reporter says of the resolution. Not satisfied: it is reopened, or, once its reopen window is over, another one
    is opened that follows it.
    """
    by, user_id = await verbs.actor_for(tx, caller, body.user_id)
    return await done_out(tx, await filing.verify(tx, ref, body.to_said(), by=by, user_id=user_id, now=await now_in(request, tx)))


@router.post("/{incident}/close")
async def close(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: CloseIn | None = None) -> IncidentDone:
    """File it: the record is complete. Under `itil` only the service desk closes, once category, resolution and the reporter's word are
    there; a second time is no error.
    """
    said = body or CloseIn()
    by, user_id = await verbs.actor_for(tx, caller, said.user_id)
    return await done_out(tx, await filing.close(tx, ref, said.to_closing(), by=by, user_id=user_id, now=await now_in(request, tx)))
