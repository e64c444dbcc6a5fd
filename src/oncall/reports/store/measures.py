"""Measures of incidents: taken once they are over, counted by groups. Takes a transaction, returns values; never commits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId, TeamId, UserId
from oncall.reports.values.measures import By, Group, Load, Spread

# What one incident comes to is said by the view `incident_outcomes` (migration 0043), and nowhere else: from its timeline, pages, alerts.
# Taken are those that are over and not measured as they ended: by `incidents_settled_at_idx`, no further back than an hour before the
# newest that is measured, since whoever ends one commits sooner than that.
TAKE = text("""
    WITH unmeasured AS MATERIALIZED (
        SELECT i.id FROM incidents i LEFT JOIN incident_measures m ON m.incident_id = i.id
        WHERE i.status IN ('resolved', 'closed')
            AND coalesce(i.closed_at, i.resolved_at)
                >= coalesce((SELECT max(settled_at) FROM incident_measures) - interval '1 hour', '-infinity')
            AND m.settled_at IS DISTINCT FROM coalesce(i.closed_at, i.resolved_at)
        ORDER BY coalesce(i.closed_at, i.resolved_at) LIMIT :limit
    )
    INSERT INTO incident_measures (incident_id, service_id, opened_at, settled_at, urgency, severity, priority, category_id, cause,
        acknowledge_seconds, resolve_seconds, first_update_seconds, away_seconds, reopened, pages, no_action, acknowledged_in_time,
        resolved_in_time, told_in_time)
    SELECT incident_id, service_id, opened_at, settled_at, urgency, severity, priority, category_id, cause,
        acknowledge_seconds, resolve_seconds, first_update_seconds, away_seconds, reopened, pages, no_action, acknowledged_in_time,
        resolved_in_time, told_in_time
    FROM incident_outcomes WHERE incident_id IN (SELECT id FROM unmeasured)
    ON CONFLICT (incident_id) DO UPDATE SET
        service_id = excluded.service_id, opened_at = excluded.opened_at, settled_at = excluded.settled_at, urgency = excluded.urgency,
        severity = excluded.severity, priority = excluded.priority, category_id = excluded.category_id, cause = excluded.cause,
        acknowledge_seconds = excluded.acknowledge_seconds, resolve_seconds = excluded.resolve_seconds,
        first_update_seconds = excluded.first_update_seconds, away_seconds = excluded.away_seconds, reopened = excluded.reopened,
        pages = excluded.pages, no_action = excluded.no_action, acknowledged_in_time = excluded.acknowledged_in_time,
        resolved_in_time = excluded.resolved_in_time, told_in_time = excluded.told_in_time
""")

# Of several nodes one does it: the others would only wait for its rows.
LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('oncall measures', 0))")


async def take(tx: AsyncConnection, *, limit: int) -> int:
    """Measure incidents that are over, those that ended first before others; how many. None while another transaction does it."""
    if not (await tx.execute(LOCK)).scalar_one():
        return 0
    return (await tx.execute(TAKE, {"limit": limit})).rowcount


# A group's key is a week, an id or a word, each as the database has it, which sorts much quicker than text does; it is
# written out once for each group. What is measured, by `incident_measures_opened_at_idx`, but for the incidents that are open, by
# `incidents_open_idx`, or over since the last look: these few are counted from their timelines, by the very view.
COUNT = text("""
    WITH live AS MATERIALIZED (
        SELECT id FROM incidents WHERE status IN ('triggered', 'acknowledged')
        UNION
        SELECT i.id FROM incidents i LEFT JOIN incident_measures m ON m.incident_id = i.id
        WHERE i.status IN ('resolved', 'closed')
            AND coalesce(i.closed_at, i.resolved_at)
                >= coalesce((SELECT max(settled_at) FROM incident_measures) - interval '1 hour', '-infinity')
            AND m.settled_at IS DISTINCT FROM coalesce(i.closed_at, i.resolved_at)
    ), counted AS (
        SELECT service_id, opened_at, settled_at, urgency, severity, priority, category_id, cause, acknowledge_seconds, resolve_seconds,
            first_update_seconds, away_seconds, reopened, pages, no_action, acknowledged_in_time, resolved_in_time, told_in_time
        FROM incident_measures m
        WHERE opened_at >= :since AND opened_at < :until AND NOT EXISTS (SELECT 1 FROM live WHERE live.id = m.incident_id)
        UNION ALL
        SELECT service_id, opened_at, settled_at, urgency, severity, priority, category_id, cause, acknowledge_seconds, resolve_seconds,
            first_update_seconds, away_seconds, reopened, pages, no_action, acknowledged_in_time, resolved_in_time, told_in_time
        FROM incident_outcomes WHERE incident_id IN (SELECT id FROM live) AND opened_at >= :since AND opened_at < :until
    ), chosen AS (
        SELECT CASE CAST(:by AS text) WHEN 'week' THEN date_trunc('week', opened_at AT TIME ZONE 'UTC') END AS week,
            CASE CAST(:by AS text) WHEN 'service' THEN service_id WHEN 'category' THEN category_id END AS id,
            (CASE CAST(:by AS text) WHEN 'urgency' THEN urgency WHEN 'severity' THEN severity WHEN 'priority' THEN priority
                WHEN 'cause' THEN cause END) COLLATE "C" AS word,
            settled_at, acknowledge_seconds, resolve_seconds, first_update_seconds, away_seconds, reopened, pages, no_action,
            acknowledged_in_time, resolved_in_time, told_in_time
        FROM counted
        WHERE (CAST(:service_id AS uuid) IS NULL OR service_id = :service_id)
            AND (CAST(:team_id AS uuid) IS NULL OR service_id IN (SELECT s.id FROM services s WHERE s.team_id = :team_id))
    ), summed AS (
        SELECT coalesce(to_char(week, 'YYYY-MM-DD'), CAST(id AS text), word, '') COLLATE "C" AS key,
            GROUPING(week) AS is_total, count(*) AS incidents, count(*) FILTER (WHERE settled_at IS NULL) AS open,
            count(acknowledge_seconds) AS acknowledged, count(*) FILTER (WHERE no_action) AS no_action,
            coalesce(sum(reopened), 0) AS reopened, coalesce(sum(pages), 0) AS pages,
            percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY acknowledge_seconds) AS acknowledge,
            percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY resolve_seconds) AS resolve,
            count(first_update_seconds) AS told,
            percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY first_update_seconds) AS first_update,
            count(*) FILTER (WHERE acknowledged_in_time) AS acknowledged_met,
            count(*) FILTER (WHERE NOT acknowledged_in_time) AS acknowledged_late,
            count(*) FILTER (WHERE resolved_in_time) AS resolved_met, count(*) FILTER (WHERE NOT resolved_in_time) AS resolved_late,
            count(*) FILTER (WHERE told_in_time) AS told_met, count(*) FILTER (WHERE NOT told_in_time) AS told_late,
            count(*) FILTER (WHERE away_seconds <= CAST(:again_within AS integer)) AS repeated
        FROM chosen GROUP BY GROUPING SETS ((week, id, word), ())
    )
    SELECT key, is_total, incidents, open, acknowledged, no_action, reopened, pages, acknowledge, resolve, told,
        first_update, acknowledged_met, acknowledged_late, resolved_met, resolved_late, told_met, told_late, repeated
    FROM summed ORDER BY is_total DESC, key LIMIT :limit
""")


async def count(
    tx: AsyncConnection,
    by: By,
    *,
    since: datetime,
    until: datetime,
    again_within: timedelta,
    service_id: ServiceId | None,
    team_id: TeamId | None,
    limit: int,
) -> list[Group]:
    """Incidents that opened in `[since, until)` by groups, at most `limit`; first the one without a key, which is all together."""
    asked = {"by": by.value, "since": since, "until": until, "service_id": service_id, "team_id": team_id, "limit": limit}
    asked["again_within"] = int(again_within.total_seconds())
    return [
        Group(
            None if row.is_total else row.key,
            row.incidents,
            row.open,
            row.acknowledged,
            row.no_action,
            int(row.reopened),
            int(row.pages),
            _spread(row.acknowledge),
            _spread(row.resolve),
            row.acknowledged_late,
            row.resolved_late,
            row.acknowledged_met,
            row.resolved_met,
            row.told,
            _spread(row.first_update),
            row.told_met,
            row.told_late,
            row.repeated,
        )
        for row in await tx.execute(COUNT, asked)
    ]


# By their primary keys.
NAMES = {
    By.SERVICE: text("SELECT CAST(id AS text) AS key, name FROM services WHERE id = ANY(CAST(:keys AS uuid[]))"),
    By.CATEGORY: text("""
        SELECT CAST(c.id AS text) AS key, concat_ws(' / ', above.name, c.name) AS name
        FROM categories c LEFT JOIN categories above ON above.id = c.parent_id WHERE c.id = ANY(CAST(:keys AS uuid[]))
    """),
}


async def names(tx: AsyncConnection, by: By, keys: Sequence[str]) -> dict[str, str]:
    """What people call the things that these keys are the ids of."""
    if by not in NAMES or not keys:
        return {}
    return {row.key: row.name for row in await tx.execute(NAMES[by], {"keys": [UUID(key) for key in keys]})}


def _spread(seconds: list[int] | None) -> Spread | None:
    """Half of them were no slower than the first, nineteen in twenty no slower than the second; None if there is none."""
    return Spread(*seconds) if seconds and seconds[0] is not None else None


# Each by the index `pages_user_idx ON pages (user_id, created_at) INCLUDE (incident_id)` alone. A removed person keeps their pages. A
# night, 22:00 to 06:00, is before eight on a clock that is two hours ahead, which is asked once.
PEOPLE = text("""
    SELECT u.id, u.name, p.week, p.pages, p.incidents, p.nights
    FROM users u CROSS JOIN LATERAL (
        SELECT CASE WHEN :by_week THEN date_trunc('week', created_at AT TIME ZONE 'UTC') END AS week,
            count(*) AS pages, count(DISTINCT incident_id) AS incidents, count(*) FILTER (
                WHERE date_part('hour', created_at AT TIME ZONE u.time_zone + interval '2 hours') < 8
            ) AS nights
        FROM pages WHERE user_id = u.id AND created_at >= :since AND created_at < :until GROUP BY 1
    ) p
    ORDER BY p.week, p.nights DESC, p.pages DESC, u.name, u.id LIMIT :limit
""")


async def load(tx: AsyncConnection, *, since: datetime, until: datetime, by_week: bool, limit: int) -> list[Load]:
    """Everybody who was paged in `[since, until)`, whoever lost the most sleep first; in each week of it, or in all of it."""
    rows = await tx.execute(PEOPLE, {"since": since, "until": until, "by_week": by_week, "limit": limit})
    return [
        Load(UserId(row.id), row.name, row.pages, row.incidents, row.nights, row.week.date().isoformat() if row.week else None)
        for row in rows
    ]
