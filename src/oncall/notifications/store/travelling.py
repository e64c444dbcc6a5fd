"""SQL about messages that travel together: claimed along with the first of them, and calls that come too soon after another."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId
from oncall.notifications.store.sending import claimed_of
from oncall.notifications.values import Claimed

# What may travel with what was claimed just now, to the same contact methods, by notifications_gathering_idx (contact_method_id, next_at):
# whatever is due, and what has only waited for others and would go within a minute. Claimed as everything else, so that each has a lease
# and a fence of its own.
CLAIM_ALONG = text("""
    WITH first AS (
        SELECT id, row_number() OVER (PARTITION BY contact_method_id ORDER BY id) AS nth FROM notifications
        WHERE contact_method_id = ANY(CAST(:methods AS uuid[])) AND channel = :channel AND gathers_from <= :now
            AND next_at IS NOT NULL AND (next_at <= :now OR next_at <= :soon AND status = 'pending' AND attempt = 0)
    ), due AS MATERIALIZED (
        SELECT id, status, attempt, page_id, notice_id FROM notifications
        WHERE id IN (SELECT id FROM first WHERE nth <= :each)
            AND (next_at <= :now OR next_at <= :soon AND status = 'pending' AND attempt = 0)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), unknown AS (
        INSERT INTO attempts (notification_id, number, at, outcome, detail)
        SELECT id, attempt, :now, 'unknown', 'its sender did not report before the lease ran out' FROM due WHERE status = 'sending'
        ON CONFLICT DO NOTHING
    )
    UPDATE notifications n
    SET status = 'sending', attempt = n.attempt + 1, next_at = :lease_until,
        may_have_arrived = n.may_have_arrived OR due.status = 'sending'
    FROM due LEFT JOIN pages p ON p.id = due.page_id LEFT JOIN notices o ON o.id = due.notice_id WHERE n.id = due.id
    RETURNING n.id, n.notice_id, n.contact_method_id, n.gathers_from, n.incident_id, n.user_id,
        coalesce(p.user_name, o.user_name) AS user_name, n.cycle, n.round, n.step, n.nth, coalesce(o.urgency, n.urgency) AS urgency,
        n.channel, n.address, n.due_at, n.attempt, n.may_have_arrived, n.reason,
        p.subject::text AS subject, p.because, CASE WHEN p.team_id IS NOT NULL THEN p.user_id END AS recipient,
        o.kind, o.subject AS headline, o.body::text AS body, o.created_at, o.expires_at
""")
# In a storm: a call that left within five minutes, or is on the wire, is enough; what is critical and new rings all the same, and puts off
# nothing else, or the list would never be read out while more of these come. What has waited for that long already is hushed no more, and
# takes the others with it. By attempts_at_idx (at), and only on a channel that rings.
HUSH = text("""
    WITH taken AS (
        SELECT n.id, n.contact_method_id, n.due_at, p.pace FROM notifications n JOIN pages p ON p.id = n.page_id WHERE n.id = ANY(:ids)
    ), storming AS (
        SELECT contact_method_id, min(due_at) AS due_at FROM taken WHERE pace IN ('digest', 'storm_at_once')
        GROUP BY contact_method_id HAVING min(due_at) > :since
    ), asked AS (
        SELECT t.id, t.contact_method_id, s.due_at FROM taken t JOIN storming s USING (contact_method_id) WHERE t.pace <> 'storm_critical'
    ), rang AS (
        SELECT m.contact_method_id, max(a.at) AS at FROM attempts a JOIN notifications m ON m.id = a.notification_id
        JOIN pages p ON p.id = m.page_id
        WHERE a.at > :since AND a.outcome IN ('sent', 'unknown') AND p.pace IS DISTINCT FROM 'storm_critical'
            AND m.contact_method_id IN (SELECT contact_method_id FROM asked)
        GROUP BY m.contact_method_id
        UNION ALL
        SELECT m.contact_method_id, CAST(:now AS timestamptz) FROM notifications m JOIN pages p ON p.id = m.page_id
        WHERE m.next_at > :now AND m.status = 'sending' AND p.pace IS DISTINCT FROM 'storm_critical' AND m.id <> ALL(:ids)
            AND m.contact_method_id IN (SELECT contact_method_id FROM asked)
    )
    UPDATE notifications n SET status = 'pending', attempt = n.attempt - 1, next_at = least(last.at, asked.due_at) + CAST(:per AS interval)
    FROM asked JOIN (SELECT contact_method_id, max(at) AS at FROM rang GROUP BY contact_method_id) last USING (contact_method_id)
    WHERE n.id = asked.id
    RETURNING n.id
""")


async def claim_along(
    tx: AsyncConnection, *, channel: str, methods: Sequence[UUID], soon: datetime, now: datetime, lease_until: datetime, each: int
) -> list[Claimed]:
    """What may travel to these contact methods, and would go until `soon`; at most so many to each."""
    params = {"channel": channel, "methods": list(methods), "soon": soon, "now": now, "lease_until": lease_until, "each": each}
    return claimed_of(await tx.execute(CLAIM_ALONG, params), lease_until)


async def hush(tx: AsyncConnection, ids: Sequence[NotificationId], *, per: timedelta, now: datetime) -> set[NotificationId]:
    """Those of these calls of a storm that come too soon after another: they wait."""
    rows = await tx.execute(HUSH, {"ids": list(ids), "per": per, "since": now - per, "now": now})
    return {NotificationId(row.id) for row in rows}
