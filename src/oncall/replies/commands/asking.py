"""What providers are asked: what became of a message that they took and told nothing about, and who has seen an emergency."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.commands.testing import answer_message
from oncall.incidents.commands import verbs
from oncall.incidents.values import Status
from oncall.kit.ids import ContactMethodId, NotificationId
from oncall.notifications.commands.answering import confirm, find_message
from oncall.notifications.commands.receiving import furthest_told, receive
from oncall.replies import rules, store
from oncall.replies.commands.pressing import press_message
from oncall.replies.commands.telephones import take_status
from oncall.replies.values import Inquiry, Presser, Verb


async def plan_inquiry(
    tx: AsyncConnection, id: NotificationId, *, channel: str, provider_id: str, after: Sequence[timedelta], now: datetime
) -> None:
    """Ask for this message then, if nothing was told of it by that time."""
    if next_at := rules.next_inquiry(now, 0, after, now=now):
        await store.add_inquiry(tx, id, channel=channel, provider_id=provider_id, next_at=next_at, now=now)


async def claim(tx: AsyncConnection, *, now: datetime, lease: timedelta, limit: int) -> tuple[list[Inquiry], datetime | None]:
    """Those that are due and still of use, for this node alone; and when the next one is."""
    due = await store.claim_inquiries(tx, now=now, lease_until=now + lease, limit=limit)
    told = await furthest_told(tx, [one.notification_id for one in due])
    settled = {one.notification_id for one in due if rules.is_settled(one.channel, told.get(one.notification_id))}
    if settled:
        await store.end_inquiries(tx, settled)
    return [one for one in due if one.notification_id not in settled], await store.next_inquiry(tx)


async def next_at(tx: AsyncConnection) -> datetime | None:
    """When the next one is due."""
    return await store.next_inquiry(tx)


async def is_over(tx: AsyncConnection, inquiry: Inquiry) -> bool:
    """Whether nobody has to answer this page any more: somebody has the incident, or it is resolved."""
    sent = await find_message(tx, inquiry.notification_id)
    if sent is None or sent.page is None:
        return False
    incident = await verbs.end_of(tx, await verbs.get_incident(tx, sent.page.incident_id))
    return incident.status is not Status.TRIGGERED


async def take_answer(
    tx: AsyncConnection, inquiry: Inquiry, said: Mapping[str, str] | None, *, after: Sequence[timedelta], now: datetime
) -> None:
    """Keep what the provider says, and ask again later where that was not its last word. Nothing said, nothing done."""
    over = False
    if said is not None and inquiry.channel == "pushover":
        over = await _take_emergency(tx, inquiry, said, now=now)
    elif said is not None:
        await take_status(tx, inquiry.notification_id, said, now=now)
        told = await furthest_told(tx, [inquiry.notification_id])
        over = rules.is_settled(inquiry.channel, told.get(inquiry.notification_id))
    next_at = None if over else rules.next_inquiry(inquiry.sent_at, inquiry.asked, after, now=now)
    if next_at is None:
        await store.end_inquiries(tx, [inquiry.notification_id])
    else:
        await store.put_off(tx, inquiry, next_at=next_at)


async def end(tx: AsyncConnection, ids: Collection[NotificationId]) -> None:
    """Nothing more is asked about these."""
    await store.end_inquiries(tx, ids)


async def _take_emergency(tx: AsyncConnection, inquiry: Inquiry, said: Mapping[str, str], *, now: datetime) -> bool:
    """Acknowledged in the app is acknowledged here, by the rules of every other answer; whoever did it is told what came of it. Pushover
    names the key of who it was: a person whose proven address that is, else whoever the message was for. Whether that was all.
    """
    id, receipt = inquiry.notification_id, rules.read_emergency(said, now=now)
    sent = await find_message(tx, id)
    if sent is None:
        return True
    acknowledged = said.get("acknowledged") == "1"
    if acknowledged and sent.page is not None:
        presser = Presser("pushover", said.get("acknowledged_by", ""))
        came = await press_message(tx, id, Verb.ACKNOWLEDGE, presser, chat=sent.address, now=now)
        await confirm(tx, sent, came.text, name=came.who or "somebody", now=now)
    elif acknowledged:
        await answer_message(tx, ContactMethodId(sent.contact_method_id), id, None, now=now)  # that a test arrived is an answer to it
    if receipt:
        await receive(tx, id, receipt, channel="pushover", now=now)
    return acknowledged or rules.is_expired(said)
