"""REST for proving and testing contact methods: for the person themselves, or an admin; those of teams for an admin."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from oncall.access.api import Admin, PersonOrAdmin
from oncall.contacts.commands import prove
from oncall.contacts.schemas import ContactMethodShown, TeamContactMethodShown
from oncall.contacts.values import CODE_LASTS
from oncall.kit.errors import Refusal
from oncall.kit.http import WriteTx, now_in
from oncall.kit.ids import ContactMethodId, TeamId, UserId
from oncall.kit.narrow import together
from oncall.kit.problems import refused
from oncall.notifications.commands import proving
from oncall.notifications.schemas import CodeIn, CodeOnItsWay, OnItsWay, Verifying, VerifyingTeams

users = APIRouter(prefix="/api/v1/users/{user_id}/contact-methods/{id}", tags=["contacts"])
teams = APIRouter(prefix="/api/v1/teams/{team_id}/contact-methods/{id}", tags=["contacts"])


@users.post("/verify", response_model=Verifying, responses={202: {"model": CodeOnItsWay, "description": "A code is on its way"}})
async def verify_contact_method(
    *,
    request: Request,
    response: Response,
    user_id: UserId,
    id: ContactMethodId,
    _: PersonOrAdmin,
    tx: WriteTx,
    wanted: Annotated[CodeIn | None, Body()] = None,
) -> Verifying | Response:
    """Without a `code`: send one there (202; three an hour to one address). With it: the contact method is verified.

    A code counts for ten minutes, and until five wrong ones were given.
    """
    keys, now = request.app.state.link_keys, await now_in(request, tx)
    if wanted is None or wanted.code is None:
        message = await proving.send_code(tx, user_id, id, key=keys[0], sealing=request.app.state.sealing, now=now)
        response.status_code = 202
        return CodeOnItsWay(notification_id=message, href=_href(user_id, id), expires_at=now + CODE_LASTS)
    method = await prove(tx, user_id, id, wanted.code, keys=keys, now=now)
    # Answered, not raised: what is raised would undo the try.
    return refused(request, method) if isinstance(method, Refusal) else ContactMethodShown.model_validate(method)


@users.post("/test", status_code=202)
async def send_test(request: Request, user_id: UserId, id: ContactMethodId, _: PersonOrAdmin, tx: WriteTx) -> OnItsWay:
    """Send a test message there now (five a minute to one person); `last_test` and `last_error` at `href` say what became of it. Its link
    asks whether it rang on silent, or only whether it arrived, where no phone can ring.
    """
    message = await proving.send_test(tx, user_id, id, links=_links(request), now=await now_in(request, tx))
    return OnItsWay(notification_id=message, href=_href(user_id, id))


def _links(request: Request) -> proving.Links:
    return proving.Links(request.app.state.settings.base_url, request.app.state.link_keys)


def _href(user_id: UserId, id: ContactMethodId) -> str:
    return f"/api/v1/users/{user_id}/contact-methods/{id}"


@teams.post("/verify", response_model=VerifyingTeams, responses={202: {"model": CodeOnItsWay, "description": "A code is on its way"}})
async def verify_team_contact_method(
    *,
    request: Request,
    response: Response,
    team_id: TeamId,
    id: ContactMethodId,
    _: Admin,
    tx: WriteTx,
    wanted: Annotated[CodeIn | None, Body()] = None,
) -> VerifyingTeams | Response:
    """As for an address of a person: without a `code` one is sent there, with it the contact method is verified."""
    keys, now = request.app.state.link_keys, await now_in(request, tx)
    if wanted is None or wanted.code is None:
        message = await proving.send_code(tx, team_id, id, of_team=True, key=keys[0], sealing=request.app.state.sealing, now=now)
        response.status_code = 202
        return CodeOnItsWay(notification_id=message, href=_href_of_team(team_id, id), expires_at=now + CODE_LASTS)
    method = await prove(tx, team_id, id, wanted.code, of_team=True, keys=keys, now=now)
    return refused(request, method) if isinstance(method, Refusal) else TeamContactMethodShown.model_validate(method)


@teams.post("/test", status_code=202)
async def send_team_test(request: Request, team_id: TeamId, id: ContactMethodId, _: Admin, tx: WriteTx) -> OnItsWay:
    """Send a test message there now (five a minute to one team); `last_test` and `last_error` at `href` say what became of it."""
    message = await proving.send_test(tx, team_id, id, of_team=True, links=_links(request), now=await now_in(request, tx))
    return OnItsWay(notification_id=message, href=_href_of_team(team_id, id))


def _href_of_team(team_id: TeamId, id: ContactMethodId) -> str:
    return f"/api/v1/teams/{team_id}/contact-methods/{id}"


router = together(users, teams)
