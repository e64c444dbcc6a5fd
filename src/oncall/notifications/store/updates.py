"""SQL about page updates: whom a page left for, and what they were told since."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId, NotificationId, UserId
from oncall.notifications.values.updating import About, Earlier, Paged

# By the unique index of a position. What was claimed and has no outcome yet may be on the wire: it counts as having left, also if it was
# cancelled meanwhile.
PAGED = text("""
    SELECT n.incident_id, n.user_id, n.contact_method_id, max(coalesce(a.at, n.due_at)) AS paged_at
    FROM notifications n LEFT JOIN attempts a ON a.notification_id = n.id AND a.outcome IN ('sent', 'unknown')
    WHERE n.incident_id = ANY(:incident_ids) AND (a.at IS NOT NULL
        OR n.status IN ('sending', 'cancelled') AND n.attempt > 0
            AND NOT EXISTS (SELECT FROM attempts last WHERE last.notification_id = n.id AND last.number = n.attempt))
    GROUP BY n.incident_id, n.user_id, n.contact_method_id
    ORDER BY n.incident_id, n.user_id, n.contact_method_id
""")
ABOUT = text("""
    SELECT DISTINCT ON (incident_id) incident_id, CAST(subject ->> 'number' AS int) AS number, subject ->> 'title' AS title,
        subject ->> 'service' AS service
    FROM pages WHERE incident_id = ANY(:incident_ids) ORDER BY incident_id, cycle DESC, round DESC, step DESC
""")
# By notices_incident_idx (incident_id) WHERE incident_id IS NOT NULL, and the unique index of a notice's messages. Here too, what was
# claimed and has no outcome yet may be on the wire.
EARLIER = text("""
    SELECT n.id, o.incident_id, n.contact_method_id, o.body -> 'update' ->> 'said' AS said,
        CASE WHEN n.next_at IS NULL THEN tried.left_at END AS left_at, n.next_at IS NOT NULL AS is_to_leave,
        n.status IN ('sending', 'cancelled') AND n.attempt > 0 AND n.attempt <> coalesce(tried.last, 0) AS is_leaving
    FROM notices o JOIN notifications n ON n.notice_id = o.id
    LEFT JOIN LATERAL (
        SELECT max(a.at) FILTER (WHERE a.outcome IN ('sent', 'unknown')) AS left_at, max(a.number) AS last
        FROM attempts a WHERE a.notification_id = n.id
    ) AS tried ON true
    WHERE o.incident_id = ANY(:incident_ids)
        AND (n.next_at IS NOT NULL OR n.status IN ('sent', 'delivered', 'read') OR n.status = 'cancelled' AND n.attempt > 0)
    ORDER BY n.id
""")
WITHDRAW = text("""
    UPDATE notifications SET status = 'cancelled', next_at = NULL
    WHERE id IN (SELECT id FROM notifications WHERE id = ANY(:ids) AND next_at IS NOT NULL ORDER BY id FOR NO KEY UPDATE)
""")


async def list_paged(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> list[Paged]:
    """Each contact method once by which a page of these incidents has left, or may have."""
    rows = await tx.execute(PAGED, {"incident_ids": list(incident_ids)})
    return [Paged(IncidentId(r.incident_id), UserId(r.user_id), r.contact_method_id, r.paged_at) for r in rows]


async def list_about(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, About]:
    rows = await tx.execute(ABOUT, {"incident_ids": list(incident_ids)})
    return {IncidentId(r.incident_id): About(r.number, r.title, r.service) for r in rows}


async def list_earlier(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> list[Earlier]:
    """Updates that left us, may be leaving us, or are still to leave, in the order they were made."""
    rows = await tx.execute(EARLIER, {"incident_ids": list(incident_ids)})
    return [
        Earlier(NotificationId(r.id), IncidentId(r.incident_id), r.contact_method_id, r.said, r.left_at, r.is_to_leave, r.is_leaving)
        for r in rows
    ]


async def withdraw(tx: AsyncConnection, ids: Sequence[NotificationId]) -> None:
    """Those of them that have not left are not sent."""
    await tx.execute(WITHDRAW, {"ids": list(ids)})
