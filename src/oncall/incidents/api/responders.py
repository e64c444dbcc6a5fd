"""REST for people who are asked to join an incident."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Reader, Responder
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands import responders as commands
from oncall.incidents.commands import vendors, verbs
from oncall.incidents.schemas.acting import ReasonIn
from oncall.incidents.schemas.responders import AnsweredOut, AskedOut, AskIn, ResponderOut, VendorIn, VendorOut
from oncall.incidents.values.responders import RequestState
from oncall.kit.actors import Actor
from oncall.kit.http import AckTx, AgainRoute, Listed, PagingIfAsked, ReadTx, now_in

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)


@router.post("/{incident}/responders", status_code=201)
async def ask(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: AskIn) -> AskedOut:
    """Ask people to join: each is paged now, by their own rules. Whoever was asked before and has not declined is not paged once more. The
    escalation goes on as it does, and an acknowledgement by somebody else takes nothing of it back. Somebody outside (`external`) gets one
    message, whose link says something of the incident and can do nothing else.
    """
    by, _ = await verbs.actor_for(tx, caller, None)
    now = await now_in(request, tx)
    if body.external is not None:
        return await _ask_outside(ref, body.external, body.message, request, tx, by=by, now=now)
    done = await commands.ask(
        tx,
        ref,
        by=by,
        user_ids=body.user_ids,
        team_ids=body.team_ids,
        message=body.message,
        channels=request.app.state.channels,
        now=now,
    )
    return AskedOut(items=[ResponderOut.of(one) for one in done.requests], changed=done.changed, says=done.says)


@router.get("/{incident}/responders")
async def list_responders(ref: Ref, _: Reader, tx: ReadTx, page: PagingIfAsked) -> Listed[ResponderOut]:
    """Everybody who was asked to join it, in that order, each time they were."""
    shown, cursor = page.part(await commands.list_requests(tx, ref))
    return Listed(items=[ResponderOut.of(one) for one in shown], next_cursor=cursor)


@router.post("/{incident}/responders/{id}/accept")
async def accept(ref: Ref, id: UUID, request: Request, caller: Responder, tx: AckTx, body: ReasonIn | None = None) -> AnsweredOut:
    """They join: nothing more is sent of that page. It acknowledges nothing. Said once more, it is no error."""
    return await _answer(ref, id, RequestState.ACCEPTED, request, caller, tx, body)


@router.post("/{incident}/responders/{id}/decline")
async def decline(ref: Ref, id: UUID, request: Request, caller: Responder, tx: AckTx, body: ReasonIn | None = None) -> AnsweredOut:
    """They do not join, also if they said before that they would; they may be asked anew."""
    return await _answer(ref, id, RequestState.DECLINED, request, caller, tx, body)


@router.delete("/{incident}/responders/{id}", status_code=204)
async def withdraw(ref: Ref, id: UUID, request: Request, caller: Responder, tx: AckTx) -> Response:
    """They are not needed after all: an open request is cancelled, with what is still to be sent of its page."""
    by, _ = await verbs.actor_for(tx, caller, None)
    why = f"withdrawn by {by.name}"
    await commands.answer(tx, ref, id, RequestState.CANCELLED, by=by, reason=why, now=await now_in(request, tx))
    return Response(status_code=204)


async def _answer(
    ref: UUID | int, id: UUID, state: RequestState, request: Request, caller: Responder, tx: AckTx, body: ReasonIn | None
) -> AnsweredOut:
    said = body or ReasonIn()
    by, _ = await verbs.actor_for(tx, caller, said.user_id)
    one, changed = await commands.answer(tx, ref, id, state, by=by, reason=said.reason, now=await now_in(request, tx))
    return AnsweredOut(**ResponderOut.of(one).model_dump(), changed=changed)


@router.get("/{incident}/vendors")
async def list_vendors(ref: Ref, _: Reader, tx: ReadTx, page: PagingIfAsked) -> Listed[VendorOut]:
    """Everybody outside who was asked, in that order, and how they stand."""
    shown, cursor = page.part(await vendors.list_vendors(tx, ref))
    return Listed(items=[VendorOut.of(one) for one in shown], next_cursor=cursor)


async def _ask_outside(ref: UUID | int, whom: VendorIn, message: str, request: Request, tx: AckTx, *, by: Actor, now: datetime) -> AskedOut:
    state = request.app.state
    ways = {name: one for name, one in state.channels.items() if name != "sms" or state.twilio is not None}
    door = vendors.Door(ways, state.settings.base_url, state.link_keys)
    asked = await vendors.ask_vendor(tx, ref, whom.name, whom.email, whom.phone, message=message, door=door, by=by, now=now)
    return AskedOut(items=[], changed=True, says=[], external=VendorOut.of(asked))
