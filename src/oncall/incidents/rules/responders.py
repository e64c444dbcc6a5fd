"""Asking people to join an incident: whom a request pages, what an answer changes, and in which words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from oncall.escalation.values import PlannedPage, Position
from oncall.incidents.values import Incident
from oncall.incidents.values.responders import BESIDE, Request, RequestId, RequestOver, RequestState
from oncall.kit.actors import Actor
from oncall.kit.ids import TeamId, UserId
from oncall.timeline.values import Kind

KINDS = {
    RequestState.ACCEPTED: Kind.RESPONDER_ACCEPTED,
    RequestState.DECLINED: Kind.RESPONDER_DECLINED,
    RequestState.CANCELLED: Kind.RESPONDER_CANCELLED,
}
STANDS = {RequestState.REQUESTED, RequestState.ACCEPTED}
"""Whoever has such a request is not asked once more."""


def new_requests(
    ids: Sequence[RequestId],
    incident: Incident,
    asked: Mapping[UserId, TeamId | None],
    names: Mapping[UserId, str],
    before: Sequence[Request],
    message: str,
    by: Actor,
    *,
    now: datetime,
    first: int | None = None,
) -> list[Request]:
    """A request for each who has none that is open or accepted; who declined may be asked anew. `ids` are enough for all; they are
    numbered from `first`, or from the last one of `before`.
    """
    standing = {request.user_id for request in before if request.state in STANDS}
    start = max((request.nth for request in before), default=-1) + 1 if first is None else first
    wanted = [(user, team) for user, team in asked.items() if user not in standing]
    return [
        Request(id, incident.id, start + n, user, names[user], team, RequestState.REQUESTED, message, incident.position.cycle, by, now)
        for n, (id, (user, team)) in enumerate(zip(ids, wanted, strict=False))
    ]


def page_for(request: Request) -> PlannedPage:
    """Beside every policy: an acknowledgement by somebody else does not cancel it, and the policy does not wait for it."""
    return PlannedPage(request.user_id, Position(request.cycle, BESIDE, request.nth), why_asked(request), until_resolved=True)


def why_asked(request: Request) -> str:
    return f"asked to join by {request.requested_by.name}" + (f": {request.message}" if request.message else "")


def answered(request: Request, state: RequestState, by: Actor, *, reason: str | None, now: datetime) -> Request | None:
    """The last word counts; None: it was said already. What was cancelled is over, and only what is open is cancelled."""
    if request.state is state:
        return None
    if request.state is RequestState.CANCELLED:
        why = request.answer or "it was withdrawn"
        raise RequestOver(f"{request.user_name} is asked no more ({why}): ask them again if they are needed.")
    if state is RequestState.CANCELLED and request.state is not RequestState.REQUESTED:
        raise RequestOver(f"{request.user_name} has {request.state.value} already: there is no request left to withdraw.")
    return replace(request, state=state, answered_by=by, answered_at=now, answer=reason)


def words_of(request: Request) -> str:
    """For the timeline, of a request that was answered or cancelled."""
    by, why = request.answered_by, f": {request.answer}" if request.answer else ""
    if request.state is RequestState.CANCELLED:
        return f"{request.user_name} is asked to join no more{why}"
    told = "" if by is None or by.id == request.user_id else f", as {by.name} says"
    return f"{request.user_name} {request.state.value} the request to join{told}{why}"
