"""What becomes of pages when somebody, or a way to them, is no more; and of a step none of whose messages can arrive."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.commands import forget_proofs
from oncall.escalation.values import Position
from oncall.incidents.commands.escalate import nobody_there, page_undeliverable
from oncall.incidents.commands.holding import wake_for_quiet_hours
from oncall.kit.ids import ContactMethodId, UserId
from oncall.notifications import abandon_notices
from oncall.notifications.values import Step
from oncall.schedules.commands.unavailability import forget_user


async def on_undeliverable(
    tx: AsyncConnection, at: Step, *, step_is_lost: Callable[[], Awaitable[bool]], reason: str, now: datetime
) -> None:
    position = Position(at.cycle, at.round, at.step)
    await page_undeliverable(tx, at.incident_id, position, step_is_lost=step_is_lost, reason=reason, now=now)


async def on_user_removed(tx: AsyncConnection, user_id: UserId, *, now: datetime) -> None:
    await forget_user(tx, user_id, now=now)
    await forget_proofs(tx, user_id)
    reason = "their account was removed"
    await nobody_there(tx, user_id, reason=reason, now=now)
    await wake_for_quiet_hours(tx, now=now)  # nobody waits for the end of quiet hours of somebody who is gone
    await abandon_notices(tx, user_id, None, reason=reason)


async def on_contact_removed(tx: AsyncConnection, user_id: UserId, contact_method_id: ContactMethodId, *, now: datetime) -> None:
    reason = "the contact method was removed"
    await nobody_there(tx, user_id, contact_method_id, reason=reason, now=now)
    await abandon_notices(tx, user_id, contact_method_id, reason=reason)
