"""What happened in a range, one row for each incident that is over. Takes a transaction, returns values; never commits."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId, TeamId
from oncall.reports.values.trends import Happened

# By `incident_measures_opened_at_idx`; of each its first alert by `alerts_incident_idx`, its pages by `pages_once_per_user_and_step`.
HAPPENED = text("""
    SELECT m.service_id, s.name AS service, coalesce(a.dedup_key, i.title) AS dedup_key, i.title, coalesce(c.name, '') AS category,
        m.severity, m.opened_at, m.resolve_seconds, m.no_action, m.pages, p.nights, m.reopened
    FROM incident_measures m
    JOIN incidents i ON i.id = m.incident_id
    JOIN services s ON s.id = m.service_id
    LEFT JOIN categories c ON c.id = m.category_id
    LEFT JOIN LATERAL (SELECT dedup_key FROM alerts WHERE incident_id = m.incident_id ORDER BY id LIMIT 1) a ON true
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (
            WHERE date_part('hour', g.created_at AT TIME ZONE u.time_zone + interval '2 hours') < 8
        ) AS nights
        FROM pages g JOIN users u ON u.id = g.user_id WHERE g.incident_id = m.incident_id AND g.team_id IS NULL
    ) p
    WHERE m.opened_at >= :since AND m.opened_at < :until AND m.resolve_seconds IS NOT NULL
        AND (CAST(:service_id AS uuid) IS NULL OR m.service_id = :service_id)
        AND (CAST(:team_id AS uuid) IS NULL OR s.team_id = :team_id)
    LIMIT :limit
""")


async def happened(
    tx: AsyncConnection, *, since: datetime, until: datetime, service_id: ServiceId | None, team_id: TeamId | None, limit: int
) -> list[Happened]:
    """Incidents that opened in `[since, until)` and are over, in no order, at most `limit`."""
    asked = {"since": since, "until": until, "service_id": service_id, "team_id": team_id, "limit": limit}
    return [
        Happened(
            ServiceId(r.service_id),
            r.service,
            r.dedup_key,
            r.title,
            r.category,
            r.severity,
            r.opened_at.astimezone(UTC),
            timedelta(seconds=r.resolve_seconds),
            r.no_action,
            r.pages,
            r.nights,
            r.reopened,
        )
        for r in await tx.execute(HAPPENED, asked)
    ]
