"""REST for contact methods, quiet hours and notification rules: for responders to read, for the person themselves or an admin to change."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import PersonOrAdmin, Responder
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
)
from oncall.contacts.values import NotificationRule
from oncall.kit.http import Listed, Paging, ReadTx, WriteTx, now_in
from oncall.kit.ids import ContactMethodId, UserId
from oncall.teams.ports import OnQuietHoursChanged
from oncall.teams.values import QuietHours

UNVERIFIED = "This contact method is not verified, so nobody is paged there: POST …/contact-methods/{id}/verify sends a code there."

router = APIRouter(prefix="/api/v1/users/{user_id}", tags=["contacts"])


@router.post("/contact-methods", status_code=201)
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
        now=await now_in(request, tx),
    )
    secret = channels[method.channel].signing_secret(method.address)
    return ContactMethodMade(signing_secret=secret, **ContactMethodShown.model_validate(method).model_dump())


@router.get("/contact-methods")
async def list_contact_methods(user_id: UserId, _: Responder, tx: ReadTx, page: Paging) -> Listed[ContactMethodShown]:
    found, next_cursor = page.cut(await commands.list_contact_methods(tx, user_id, after=page.after, limit=page.limit + 1))
    return Listed(items=[ContactMethodShown.model_validate(method) for method in found], next_cursor=next_cursor)


@router.get("/contact-methods/{id}")
async def get_contact_method(user_id: UserId, id: ContactMethodId, _: Responder, tx: ReadTx) -> ContactMethodShown:
    return ContactMethodShown.model_validate(await commands.get_contact_method(tx, user_id, id))


@router.delete("/contact-methods/{id}", status_code=204)
async def delete_contact_method(request: Request, user_id: UserId, id: ContactMethodId, _: PersonOrAdmin, tx: WriteTx) -> Response:
    """Delete an address; the rules that name it go with it, and what was still to be sent there."""
    await commands.delete_contact_method(tx, user_id, id)
    on_removed: OnContactRemoved = request.app.state.on_contact_removed
    await on_removed(tx, user_id, id, now=await now_in(request, tx))
    return Response(status_code=204)


@router.get("/quiet-hours")
async def get_quiet_hours(user_id: UserId, _: Responder, tx: ReadTx) -> QuietHoursShown:
    return QuietHoursShown.model_validate(await commands.get_quiet_hours(tx, user_id))


@router.put("/quiet-hours")
async def set_quiet_hours(request: Request, user_id: UserId, _: PersonOrAdmin, tx: WriteTx, wanted: QuietHoursIn) -> QuietHoursShown:
    """Set when this person is not paged at low urgency. What waits for the end of those before is looked at again at once."""
    hours = wanted.to_quiet_hours()
    await _quiet(request, tx, user_id, hours)
    return QuietHoursShown.model_validate(hours)


@router.delete("/quiet-hours", status_code=204)
async def delete_quiet_hours(request: Request, user_id: UserId, _: PersonOrAdmin, tx: WriteTx) -> Response:
    """Page this person at low urgency at any hour again; what waited for the end of their quiet hours pages at once."""
    await commands.get_quiet_hours(tx, user_id)
    await _quiet(request, tx, user_id, None)
    return Response(status_code=204)


async def _quiet(request: Request, tx: WriteTx, user_id: UserId, hours: QuietHours | None) -> None:
    await commands.set_quiet_hours(tx, user_id, hours)
    on_changed: OnQuietHoursChanged = request.app.state.on_quiet_hours_changed
    await on_changed(tx, now=await now_in(request, tx))


@router.post("/notification-rules", status_code=201)
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
        now=await now_in(request, tx),
    )
    return await _written(tx, rule)


async def _written(tx: WriteTx, rule: NotificationRule) -> NotificationRuleMade:
    warning = None if await commands.is_verified(tx, rule) else UNVERIFIED
    return NotificationRuleMade(warning=warning, **NotificationRuleShown.model_validate(rule).model_dump())


@router.get("/notification-rules")
async def list_notification_rules(user_id: UserId, _: Responder, tx: ReadTx, page: Paging) -> Listed[NotificationRuleShown]:
    found, next_cursor = page.cut(await commands.list_notification_rules(tx, user_id, after=page.after, limit=page.limit + 1))
    return Listed(items=[NotificationRuleShown.model_validate(rule) for rule in found], next_cursor=next_cursor)


@router.get("/notification-rules/{id}")
async def get_notification_rule(user_id: UserId, id: UUID, _: Responder, tx: ReadTx) -> NotificationRuleShown:
    return NotificationRuleShown.model_validate(await commands.get_notification_rule(tx, user_id, id))


@router.put("/notification-rules/{id}")
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
    )
    return await _written(tx, rule)


@router.delete("/notification-rules/{id}", status_code=204)
async def delete_notification_rule(user_id: UserId, id: UUID, _: PersonOrAdmin, tx: WriteTx) -> Response:
    await commands.delete_notification_rule(tx, user_id, id)
    return Response(status_code=204)
