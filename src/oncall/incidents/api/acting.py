"""REST for what people do with an incident beside acknowledging and resolving it."""

from fastapi import APIRouter, Request

from oncall.access.api import Responder
from oncall.incidents.api.incidents import Ref, done_out
from oncall.incidents.commands import acting, verbs
from oncall.incidents.commands.bulk import Asked, Bulk
from oncall.incidents.schemas.acting import ReasonIn, SnoozeIn
from oncall.incidents.schemas.bulk import AnswerOut, BulkIn, BulkOut
from oncall.incidents.schemas.incidents import IncidentDone
from oncall.kit.http import AckTx, AgainRoute, now_in

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)

NOTHING = ReasonIn()


@router.post("/{incident}/unacknowledge")
async def unacknowledge(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: ReasonIn | None = None) -> IncidentDone:
    """Nobody has it after all: it is triggered again, and its policy begins anew at once. One that is triggered is no error."""
    said = body or NOTHING
    by, _ = await verbs.actor_for(tx, caller, said.user_id)
    return await done_out(tx, await acting.unacknowledge(tx, ref, by=by, reason=said.reason, now=await now_in(request, tx)))


@router.post("/{incident}/reopen")
async def reopen(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: ReasonIn | None = None) -> IncidentDone:
    """It is not over after all: a resolved incident is triggered again, and its policy begins anew at once. Its alerts stay as they are.
    One that is open is no error; one that is closed, or whose group another open incident has, is refused.
    """
    said = body or NOTHING
    by, _ = await verbs.actor_for(tx, caller, said.user_id)
    return await done_out(tx, await acting.reopen(tx, ref, by=by, reason=said.reason, now=await now_in(request, tx)))


@router.post("/{incident}/snooze")
async def snooze(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: SnoozeIn) -> IncidentDone:
    """Nobody is paged until then, unless a new alert or a graver severity breaks through; then whoever is on call now, and whoever has it.
    To snooze what nobody has acknowledges it; a second snooze takes the place of the first.
    """
    by, user_id = await verbs.actor_for(tx, caller, body.user_id)
    now = await now_in(request, tx)
    done = await acting.snooze(tx, ref, by=by, owner_id=user_id, duration=body.duration, until=body.until, reason=body.reason, now=now)
    return await done_out(tx, done)


@router.post("/bulk")
async def act_on_many(request: Request, caller: Responder, body: BulkIn) -> BulkOut:
    """One verb for up to 250 incidents, one after the other, each by itself: what cannot be done of one undoes nothing of another, and is
    said in its place. What is wrong with all of them is refused as a whole.
    """
    bulk = Bulk(request.app.state.database, request.app.state.clock)
    asked = Asked(body.action, body.user_id, body.duration, body.until, body.reason)
    return BulkOut(items=[AnswerOut.of(each) for each in await bulk.act(body.ids, asked, caller)])
