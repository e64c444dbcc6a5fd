"""SQL about the lists that messages printed: only inserts and reads."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import BundleId, IncidentId, NotificationId, UserId
from oncall.notifications.values.travelling import Printed

ADD = text("INSERT INTO bundles (id, notification_id, user_id, created_at) VALUES (:id, :notification_id, :user_id, :now)")
# Of an incident that is gone nothing is kept.
ADD_INCIDENTS = text("""
    INSERT INTO bundle_incidents (bundle_id, incident_id, cycle, round)
    SELECT :id, p.incident_id, p.cycle, p.round FROM unnest(CAST(:incident_ids AS uuid[]), CAST(:cycles AS int[]), CAST(:rounds AS int[]))
        AS p (incident_id, cycle, round) JOIN incidents i ON i.id = p.incident_id
""")
LIST = text("""
    SELECT i.incident_id, i.cycle, i.round FROM bundles b JOIN bundle_incidents i ON i.bundle_id = b.id
    WHERE b.id = :id AND b.user_id = :user_id ORDER BY i.incident_id
""")
# By bundles_notification_idx (notification_id). Of a message that went out more than once, what every one of its lists had.
LIST_OF = text("""
    SELECT i.incident_id, i.cycle, i.round FROM bundles b JOIN bundle_incidents i ON i.bundle_id = b.id
    WHERE b.notification_id = :id GROUP BY i.incident_id, i.cycle, i.round
    HAVING count(*) = (SELECT count(*) FROM bundles WHERE notification_id = :id) ORDER BY i.incident_id
""")


async def add(
    tx: AsyncConnection, id: BundleId, notification_id: NotificationId, user_id: UserId, listed: Sequence[Printed], *, now: datetime
) -> None:
    await tx.execute(ADD, {"id": id, "notification_id": notification_id, "user_id": user_id, "now": now})
    await tx.execute(
        ADD_INCIDENTS,
        {
            "id": id,
            "incident_ids": [one.incident_id for one in listed],
            "cycles": [one.cycle for one in listed],
            "rounds": [one.round for one in listed],
        },
    )


async def list_printed(tx: AsyncConnection, id: BundleId, user_id: UserId) -> list[Printed]:
    rows = await tx.execute(LIST, {"id": id, "user_id": user_id})
    return [Printed(IncidentId(r.incident_id), r.cycle, r.round) for r in rows]


async def list_of(tx: AsyncConnection, notification_id: NotificationId) -> list[Printed]:
    rows = await tx.execute(LIST_OF, {"id": notification_id})
    return [Printed(IncidentId(r.incident_id), r.cycle, r.round) for r in rows]
