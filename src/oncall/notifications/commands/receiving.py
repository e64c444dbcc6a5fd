"""Receipts: what providers tell of a message is kept, and stops nothing; only that it will never arrive makes the next way due."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.contacts.commands import note_failed
from oncall.contacts.values import Urgency
from oncall.kit.actors import ENGINE
from oncall.kit.ids import ContactMethodId, NotificationId
from oncall.notifications.commands.otherwise import reach_otherwise
from oncall.notifications.ports import OnUndeliverable
from oncall.notifications.rules import mask
from oncall.notifications.rules.receipts import furthest, status_after
from oncall.notifications.store import editing as editing_store
from oncall.notifications.store import pages
from oncall.notifications.store import receipts as store
from oncall.notifications.values import Page, Status
from oncall.notifications.values.receipts import Receipt, ReceiptState, UnknownMessage
from oncall.notifications.values.receiving import Received


async def receive(tx: AsyncConnection, message: NotificationId | str, receipt: Receipt, *, channel: str, now: datetime) -> Received:
    """Keep what a provider says of a message, named by our id or by the provider's own. Its caller has checked who says so.

    Twice the same, or what comes after something further, changes nothing. No escalation waits for a receipt, or ends by one.
    """
    id = await store.find_by_provider(tx, message, channel=channel) if isinstance(message, str) else message
    there = await store.lock(tx, id, channel=channel) if id else None
    if id is None or there is None:
        raise UnknownMessage
    status, known = there
    await store.add(tx, id, receipt, now=now)
    best = furthest(known, receipt.state)
    if best is known:
        return Received(id, status, changed=False)
    after = status_after(status, best)
    await store.save(tx, id, after, best)
    return Received(id, after, changed=True)


async def furthest_told(tx: AsyncConnection, ids: Sequence[NotificationId]) -> Mapping[NotificationId, ReceiptState]:
    """How far each of these messages came, as far as anybody told."""
    return await store.furthest(tx, ids) if ids else {}


async def take_back(
    tx: AsyncConnection, id: NotificationId, receipt: Receipt, *, channel: str, on_undeliverable: OnUndeliverable, now: datetime
) -> Received:
    """A provider took the message, and says afterwards that it will never arrive: as if it had been refused at once, the person's next
    contact method is due, and when there is nobody left of its step the next step is. Said twice it changes nothing.

    The incident is locked before the notification, as whoever records a try does.
    """
    lost = (await editing_store.load_shown(tx, [id])).get(id)
    told = (await store.furthest(tx, [id])).get(id)
    if lost is None or told is ReceiptState.FAILED or not isinstance(page := lost.claimed.about, Page):
        return await receive(tx, id, receipt, channel=channel, now=now)
    is_low = Urgency(page.subject.urgency) is Urgency.LOW

    async def step_is_lost() -> bool:
        return not await pages.any_alive(tx, page.step, but=id, account_email=is_low)

    await on_undeliverable(tx, page.step, step_is_lost=step_is_lost, reason=receipt.detail, now=now)
    received = await receive(tx, id, receipt, channel=channel, now=now)
    if received.changed and received.status is Status.FAILED:
        one = lost.claimed
        why = await reach_otherwise(tx, one, page.step, receipt.detail, at=now)
        # The account's e-mail has the user's own id, and no contact method.
        if one.contact_method_id != one.user_id:
            await note_failed(tx, ContactMethodId(one.contact_method_id), error=receipt.detail, now=now)
        to = f"{one.user_name} by {one.channel} ({mask(one.address)})"
        where = {"cycle": page.step.cycle, "round": page.step.round, "step": page.step.step}
        detail: dict[str, object] = {"notification_id": str(id), "channel": one.channel, **where}
        what = f"did not arrive at {to}: {why}"
        await timeline.add(tx, [timeline.Entry(page.step.incident_id, now, timeline.Kind.SEND_FAILED, ENGINE, what, detail)])
    return received
