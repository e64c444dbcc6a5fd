"""SQL about messages that somebody answers."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId, NotificationId, UserId
from oncall.notifications.values import Step
from oncall.notifications.values.answering import MessageSent

FIND = text("""
    SELECT id, user_id, contact_method_id, channel, address, incident_id, cycle, round, step FROM notifications
    WHERE id = :id AND (attempt > 0 OR status = 'bundled')
""")


async def find_message(tx: AsyncConnection, id: NotificationId) -> MessageSent | None:
    r = (await tx.execute(FIND, {"id": id})).one_or_none()
    if r is None:
        return None
    page = Step(IncidentId(r.incident_id), r.cycle, r.round, r.step) if r.incident_id else None
    return MessageSent(NotificationId(r.id), UserId(r.user_id), r.contact_method_id, r.channel, r.address, page)
