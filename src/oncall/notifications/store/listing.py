"""SQL about lists that were sent, and are to say how their incidents stand."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import BundleId, IncidentId, NotificationId, UserId
from oncall.notifications.values import Page, Step, Subject
from oncall.notifications.values.editing import Listed, NewStanding

# By list_standings_new_idx (at) WHERE is_new. Of several in one list the list is changed once.
GATHER = text("""
    WITH fresh AS (
        UPDATE list_standings SET is_new = false WHERE (notification_id, incident_id) IN (
            SELECT notification_id, incident_id FROM list_standings WHERE is_new ORDER BY at LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING notification_id, at
    )
    INSERT INTO message_edits AS e (notification_id, state, said, at, changed, tries, next_at)
    SELECT notification_id, 'list', '', max(at), 1, 0, CAST(:now AS timestamptz) FROM fresh
    GROUP BY notification_id ORDER BY notification_id
    ON CONFLICT (notification_id) DO UPDATE SET at = excluded.at, changed = e.changed + 1, tries = 0, next_at = excluded.next_at
""")
# What its last try printed: that is the message which is there. Of each incident the latest page that it told of.
LISTED = text("""
    SELECT b.notification_id, b.id AS bundle_id, p.incident_id, p.cycle, p.round, p.step, p.reason, p.subject::text AS subject, p.because,
        CASE WHEN p.team_id IS NOT NULL THEN p.user_id END AS recipient, s.state, s.said, s.at
    FROM unnest(CAST(:ids AS uuid[])) AS m (id)
    CROSS JOIN LATERAL (
        SELECT id, notification_id, user_id, created_at FROM bundles WHERE notification_id = m.id ORDER BY id DESC LIMIT 1) b
    JOIN bundle_incidents i ON i.bundle_id = b.id
    CROSS JOIN LATERAL (
        SELECT * FROM pages WHERE incident_id = i.incident_id AND (cycle, round) = (i.cycle, i.round) AND user_id = b.user_id
            AND created_at <= b.created_at ORDER BY step DESC LIMIT 1) p
    LEFT JOIN list_standings s ON s.notification_id = m.id AND s.incident_id = i.incident_id
""")


async def gather(tx: AsyncConnection, *, now: datetime) -> None:
    """Lists of which something is new are due."""
    await tx.execute(GATHER, {"now": now})


async def load_listed(tx: AsyncConnection, ids: Sequence[NotificationId]) -> dict[NotificationId, list[Listed]]:
    """What these messages listed, in no order; those about one incident alone are absent."""
    found: dict[NotificationId, list[Listed]] = {}
    for r in await tx.execute(LISTED, {"ids": list(ids)}):
        step = Step(IncidentId(r.incident_id), r.cycle, r.round, r.step)
        recipient = UserId(r.recipient) if r.recipient else None
        page = Page(step, r.reason, msgspec.json.decode(r.subject, type=Subject), recipient, because=r.because)
        now = NewStanding(step.incident_id, r.state, r.said) if r.state else None
        found.setdefault(NotificationId(r.notification_id), []).append(Listed(BundleId(r.bundle_id), page, now))
    return found
