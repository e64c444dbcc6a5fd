"""REST for contact methods, quiet hours and notification rules: for responders to read, for the person themselves or an admin to change;
and for contact methods of teams, which an admin changes.
"""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, PersonOrAdmin, Responder
from oncall.contacts import commands
from oncall.contacts.ports import OnContactRemoved
from oncall.contacts.schemas import (
    ContactMethodIn,
    ContactMethodMade,
    ContactMethodShown,
    NotificationRuleEdit,
    NotificationRuleIn,
    NotificationRuleMade,
    NotificationRuleShown,
    QuietHoursIn,
    QuietHoursShown,
    TeamContactMethodMade,
    TeamContactMethodShown,
)
from oncall.contacts.values import NotificationRule
from oncall.kit.http import Listed, Paging, ReadTx, WriteTx, now_in
from oncall.kit.ids import ContactMethodId, TeamId, UserId
from oncall.kit.narrow import together
from oncall.teams.ports import OnQuietHoursChanged
from oncall.teams.values import QuietHours

UNVERIFIED = "This contact method is not verified, so nobody is paged there: POST …/contact-methods/{id}/verify sends a code there."

users = APIRouter(prefix="/api/v1/users/{user_id}", tags=["contacts"])
teams = APIRouter(prefix="/api/v1/teams/{team_id}/contact-methods", tags=["contacts"])


@users.post("/contact-methods", status_code=201)
async def add_contact_method(
    request: Request, user_id: UserId, caller: PersonOrAdmin, tx: WriteTx, wanted: ContactMethodIn
) -> ContactMethodMade:
    """Add an address. A webhook's answer holds the secret (Standard Webhooks) by which its receiver knows that a message is ours."""
    channels = request.app.state.channels
    method = await commands.add_contact_method(
        tx,
        user_id,
        channel=wanted.channel,
        address=wanted.address,
        verified=wanted.verified,
        caller=caller,
        channels=channels,
        sealing=request.app.state.sealing,
        now=await now_in(request, tx),
    )
    secret = channels[method.channel].signing_secret(method.address)
    return ContactMethodMade(signing_secret=secret, **ContactMethodShown.model_validate(method).model_dump())


@users.get("/contact-methods")
async def list_contact_methods(user_id: UserId, _: Responder, tx: ReadTx, page: Paging) -> Listed[ContactMethodShown]:
    found, next_cursor = page.cut(await commands.list_contact_methods(tx, user_id, after=page.after, limit=page.limit + 1))
    return Listed(items=[ContactMethodShown.model_validate(method) for method in found], next_cursor=next_cursor)


@users.get("/contact-methods/{id}")
async def get_contact_method(user_id: UserId, id: ContactMethodId, _: Responder, tx: ReadTx) -> ContactMethodShown:
    return ContactMethodShown.model_validate(await commands.get_contact_method(tx, user_id, id))


@users.delete("/contact-methods/{id}", status_code=204)
async def delete_contact_method(request: Request, user_id: UserId, id: ContactMethodId, _: PersonOrAdmin, tx: WriteTx) -> Response:
    """Delete an address; the rules that name it go with it, and what was still to be sent there."""
    await commands.delete_contact_method(tx, user_id, id)
    on_removed: OnContactRemoved = request.app.state.on_contact_removed
    await on_removed(tx, user_id, id, now=await now_in(request, tx))
    return Response(status_code=204)


@users.get("/quiet-hours")
async def get_quiet_hours(user_id: UserId, _: Responder, tx: ReadTx) -> QuietHoursShown:
    return QuietHoursShown.model_validate(await commands.get_quiet_hours(tx, user_id))


@users.put("/quiet-hours")
async def set_quiet_hours(request: Request, user_id: UserId, _: PersonOrAdmin, tx: WriteTx, wanted: QuietHoursIn) -> QuietHoursShown:
    """Set when this person is not paged at low urgency. What waits for the end of those before is looked at again at once."""
    hours = wanted.to_quiet_hours()
    await _quiet(request, tx, user_id, hours)
    return QuietHoursShown.model_validate(hours)


@users.delete("/quiet-hours", status_code=204)
async def delete_quiet_hours(request: Request, user_id: UserId, _: PersonOrAdmin, tx: WriteTx) -> Response:
    """Page this person at low urgency at any hour again; what waited for the end of their quiet hours pages at once."""
    await commands.get_quiet_hours(tx, user_id)
    await _quiet(request, tx, user_id, None)
    return Response(status_code=204)


async def _quiet(request: Request, tx: WriteTx, user_id: UserId, hours: QuietHours | None) -> None:
    await commands.set_quiet_hours(tx, user_id, hours)
    on_changed: OnQuietHoursChanged = request.app.state.on_quiet_hours_changed
    await on_changed(tx, now=await now_in(request, tx))


@users.post("/notification-rules", status_code=201)
async def add_notification_rule(
    request: Request, user_id: UserId, _: PersonOrAdmin, tx: WriteTx, wanted: NotificationRuleIn
) -> NotificationRuleMade:
    """Add a rule. One for an address that nobody has verified yet is kept, and answered with a warning."""
    rule = await commands.add_notification_rule(
        tx,
        user_id,
        urgency=wanted.urgency,
        delay=wanted.delay,
        contact_method_id=wanted.contact_method_id,
        repeat=wanted.repeat.to_repeat() if wanted.repeat else None,
        only_after_failure=wanted.only_after_failure,
        now=await now_in(request, tx),
    )
    return await _written(tx, rule)


async def _written(tx: WriteTx, rule: NotificationRule) -> NotificationRuleMade:
    warning = None if await commands.is_verified(tx, rule) else UNVERIFIED
    return NotificationRuleMade(warning=warning, **NotificationRuleShown.model_validate(rule).model_dump())


@users.get("/notification-rules")
async def list_notification_rules(user_id: UserId, _: Responder, tx: ReadTx, page: Paging) -> Listed[NotificationRuleShown]:
    found, next_cursor = page.cut(await commands.list_notification_rules(tx, user_id, after=page.after, limit=page.limit + 1))
    return Listed(items=[NotificationRuleShown.model_validate(rule) for rule in found], next_cursor=next_cursor)


@users.get("/notification-rules/{id}")
async def get_notification_rule(user_id: UserId, id: UUID, _: Responder, tx: ReadTx) -> NotificationRuleShown:
    return NotificationRuleShown.model_validate(await commands.get_notification_rule(tx, user_id, id))


@users.put("/notification-rules/{id}")
async def replace_notification_rule(
    user_id: UserId, id: UUID, _: PersonOrAdmin, tx: WriteTx, wanted: NotificationRuleEdit
) -> NotificationRuleMade:
    """Replace a rule; pages that were made by it before stay as they were planned."""
    rule = await commands.replace_notification_rule(
        tx,
        user_id,
        id,
        urgency=wanted.urgency,
        delay=wanted.delay,
        contact_method_id=wanted.contact_method_id,
        repeat=wanted.repeat.to_repeat() if wanted.repeat else None,
        only_after_failure=wanted.only_after_failure,
    )
    return await _written(tx, rule)


@users.delete("/notification-rules/{id}", status_code=204)
async def delete_notification_rule(user_id: UserId, id: UUID, _: PersonOrAdmin, tx: WriteTx) -> Response:
    await commands.delete_notification_rule(tx, user_id, id)
    return Response(status_code=204)


@teams.post("", status_code=201)
async def add_team_contact_method(
    request: Request, team_id: TeamId, caller: Admin, tx: WriteTx, wanted: ContactMethodIn
) -> TeamContactMethodMade:
    """Add a channel: an address of the team that policies page directly (`{"type": "channel", "id": …}`)."""
    channels = request.app.state.channels
    method = await commands.add_contact_method(
        tx,
        team_id,
        of_team=True,
        channel=wanted.channel,
        address=wanted.address,
        verified=wanted.verified,
        caller=caller,
        channels=channels,
        sealing=request.app.state.sealing,
        now=await now_in(request, tx),
    )
    secret = channels[method.channel].signing_secret(method.address)
    return TeamContactMethodMade(signing_secret=secret, **TeamContactMethodShown.model_validate(method).model_dump())


@teams.get("")
async def list_team_contact_methods(team_id: TeamId, _: Responder, tx: ReadTx, page: Paging) -> Listed[TeamContactMethodShown]:
    found = await commands.list_contact_methods(tx, team_id, of_team=True, after=page.after, limit=page.limit + 1)
    shown, next_cursor = page.cut(found)
    return Listed(items=[TeamContactMethodShown.model_validate(method) for method in shown], next_cursor=next_cursor)


@teams.get("/{id}")
async def get_team_contact_method(team_id: TeamId, id: ContactMethodId, _: Responder, tx: ReadTx) -> TeamContactMethodShown:
    return TeamContactMethodShown.model_validate(await commands.get_contact_method(tx, team_id, id, of_team=True))


@teams.delete("/{id}", status_code=204)
async def delete_team_contact_method(request: Request, team_id: TeamId, id: ContactMethodId, _: Admin, tx: WriteTx) -> Response:
    """Delete a channel that no policy points at. Of an incident that is open what was still to be sent there is not, and no step waits for
    it.
    """
    await commands.delete_contact_method(tx, team_id, id, of_team=True)
    on_removed: OnContactRemoved = request.app.state.on_contact_removed
    await on_removed(tx, UserId(team_id), id, now=await now_in(request, tx))
    return Response(status_code=204)


router = together(users, teams)
