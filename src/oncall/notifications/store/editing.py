"""SQL about messages that are to say how their incident stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId, NotificationId, UserId
from oncall.notifications.values import Claimed, Page, Step, Subject
from oncall.notifications.values.editing import EDITING, Edit, NewStanding, Shown

# Pages by the unique index of a position: what was claimed may be on the wire, and is changed once its provider has named it. Lists by
# bundle_incidents_incident_idx (incident_id), each with a row of its own for each incident, which its caller has locked: whoever
# acknowledges what is in several lists waits for nobody who acknowledges something else in them.
WANT = text("""
    WITH s AS (
        SELECT * FROM unnest(CAST(:incident_ids AS uuid[]), CAST(:states AS text[]), CAST(:said AS text[])) AS s (incident_id, state, said)
    ), lists AS (
        INSERT INTO list_standings (notification_id, incident_id, state, said, at, is_new)
        SELECT DISTINCT ON (n.id, s.incident_id) n.id, s.incident_id, s.state, s.said, CAST(:now AS timestamptz), true
        FROM s JOIN bundle_incidents i ON i.incident_id = s.incident_id
        JOIN bundles b ON b.id = i.bundle_id
        JOIN notifications n ON n.id = b.notification_id AND n.channel = ANY(:channels) AND n.attempt > 0
            AND n.status IN ('sending', 'sent', 'delivered', 'read', 'cancelled')
        ORDER BY n.id, s.incident_id
        ON CONFLICT (notification_id, incident_id) DO UPDATE SET
            state = excluded.state, said = excluded.said, at = excluded.at, is_new = true
        RETURNING notification_id
    ), pages AS (
        INSERT INTO message_edits AS e (notification_id, state, said, at, changed, tries, next_at)
        SELECT n.id, s.state, s.said, CAST(:now AS timestamptz), 1, 0, CAST(:now AS timestamptz)
        FROM s JOIN notifications n ON n.incident_id = s.incident_id AND n.channel = ANY(:channels) AND n.attempt > 0
            AND n.status IN ('sending', 'sent', 'delivered', 'read', 'cancelled')
        WHERE NOT EXISTS (SELECT FROM bundles b WHERE b.notification_id = n.id)
        ORDER BY n.id
        ON CONFLICT (notification_id) DO UPDATE SET
            state = excluded.state, said = excluded.said, at = excluded.at, changed = e.changed + 1, tries = 0, next_at = excluded.next_at
        RETURNING notification_id
    )
    SELECT notification_id FROM lists UNION ALL SELECT notification_id FROM pages LIMIT 1
""")
# By message_edits_next_at_idx (next_at).
CLAIM = text("""
    UPDATE message_edits e SET tries = e.tries + 1, next_at = :lease_until
    FROM (SELECT notification_id FROM message_edits WHERE next_at <= :now ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED) due
    WHERE e.notification_id = due.notification_id
    RETURNING e.notification_id, e.state, e.said, e.at, e.changed, e.tries
""")
NEXT_AT = text("SELECT least((SELECT min(next_at) FROM message_edits), (SELECT min(at) FROM list_standings WHERE is_new))")
SHOWN = text("""
    SELECT n.id, n.incident_id, n.user_id, n.contact_method_id, n.channel, n.address, n.cycle, n.round, n.step, n.nth, n.due_at, n.attempt,
        n.may_have_arrived, n.reason, p.user_name, p.subject::text AS subject,
        CASE WHEN p.team_id IS NOT NULL THEN p.user_id END AS recipient, a.provider_id, a.at AS sent_at
    FROM notifications n JOIN pages p ON p.id = n.page_id LEFT JOIN LATERAL (
        SELECT provider_id, at FROM attempts WHERE notification_id = n.id AND provider_id IS NOT NULL
        ORDER BY number DESC LIMIT 1) a ON true
    WHERE n.id = ANY(:ids)
""")
DONE = text("DELETE FROM message_edits WHERE notification_id = :id AND changed = :changed")
PUT_OFF = text("UPDATE message_edits SET next_at = :next_at WHERE notification_id = :id AND changed = :changed")


async def want(tx: AsyncConnection, standings: Sequence[NewStanding], *, now: datetime) -> bool:
    """Every message of these that can be changed, a page or a list, is to say so; whether there is any."""
    params = {
        "incident_ids": [one.incident_id for one in standings],
        "states": [one.state for one in standings],
        "said": [one.said for one in standings],
        "channels": list(EDITING),
        "now": now,
    }
    return bool((await tx.execute(WANT, params)).first())


async def claim(tx: AsyncConnection, *, now: datetime, lease_until: datetime, limit: int) -> list[Edit]:
    rows = await tx.execute(CLAIM, {"now": now, "lease_until": lease_until, "limit": limit})
    return [Edit(NotificationId(r.notification_id), r.state, r.said, r.at, r.changed, r.tries) for r in rows]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def load_shown(tx: AsyncConnection, ids: Sequence[NotificationId]) -> Mapping[NotificationId, Shown]:
    """These messages as they were sent."""
    found = {}
    for r in await tx.execute(SHOWN, {"ids": list(ids)}):
        page = Page(
            Step(IncidentId(r.incident_id), r.cycle, r.round, r.step),
            r.reason,
            msgspec.json.decode(r.subject, type=Subject),
            UserId(r.recipient) if r.recipient else None,
        )
        claimed = Claimed(
            NotificationId(r.id),
            UserId(r.user_id),
            r.user_name,
            r.nth,
            r.channel,
            r.address,
            r.due_at,
            r.attempt,
            r.may_have_arrived,
            r.due_at,
            page,
            r.contact_method_id,
        )
        found[claimed.id] = Shown(claimed, r.provider_id, r.sent_at)
    return found


async def done(tx: AsyncConnection, edit: Edit) -> None:
    """Unless there is newer news, which is still to be said."""
    await tx.execute(DONE, {"id": edit.notification_id, "changed": edit.changed})


async def put_off(tx: AsyncConnection, edit: Edit, *, next_at: datetime) -> None:
    await tx.execute(PUT_OFF, {"id": edit.notification_id, "changed": edit.changed, "next_at": next_at})
