"""What one incident comes to, as a view: how soon it came again, and whether it was told of in time. Feeds show groups of services."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# From its timeline by `timeline_entries_incident_idx`, its pages by `pages_once_per_user_and_step`, its first alert by
# `alerts_incident_idx`, and the alert of that key before it by `alerts_resolved_idx`.
OUTCOMES = """
    CREATE VIEW incident_outcomes AS
    SELECT i.id AS incident_id, i.service_id, t.opened_at, coalesce(i.closed_at, i.resolved_at) AS settled_at, i.urgency, i.severity,
        i.priority, r.category_id, r.resolution_code AS cause,
        CAST(extract(epoch FROM t.acknowledged_at - t.opened_at) AS integer) AS acknowledge_seconds,
        CASE WHEN i.status IN ('resolved', 'closed') THEN CAST(extract(epoch FROM i.resolved_at - t.opened_at) AS integer) END
            AS resolve_seconds,
        CAST(extract(epoch FROM t.told_at - t.opened_at) AS integer) AS first_update_seconds,
        CAST(extract(epoch FROM t.opened_at - before.resolved_at) AS integer) AS away_seconds,
        t.reopened, p.pages, i.status IN ('resolved', 'closed') AND NOT t.touched AS no_action,
        CASE WHEN 'acknowledge_breached' = ANY(r.marks) THEN false WHEN 'acknowledge_kept' = ANY(r.marks) THEN true END
            AS acknowledged_in_time,
        CASE WHEN 'resolve_breached' = ANY(r.marks) THEN false WHEN 'resolve_kept' = ANY(r.marks) THEN true END AS resolved_in_time,
        CASE WHEN t.told_late THEN false WHEN t.told_in_time THEN true END AS told_in_time
    FROM incidents i
    LEFT JOIN incident_records r ON r.incident_id = i.id
    CROSS JOIN LATERAL (
        SELECT coalesce(min(e.at), i.triggered_at) AS opened_at, min(e.at) FILTER (WHERE e.kind = 'acknowledged') AS acknowledged_at,
            min(e.at) FILTER (WHERE e.kind = 'status_update') AS told_at,
            CAST(count(*) FILTER (WHERE e.kind = 'reopened') AS integer) AS reopened,
            coalesce(bool_or(e.actor_kind IN ('user', 'api_key')), false) AS touched,
            bool_or(e.kind = 'status_update' AND e.detail @> '{"in_time": true}') AS told_in_time,
            bool_or(e.kind IN ('status_update', 'update_reminded') AND e.detail @> '{"in_time": false}') AS told_late
        FROM timeline_entries e WHERE e.incident_id = i.id
    ) t
    CROSS JOIN LATERAL (
        SELECT CAST(count(*) AS integer) AS pages FROM pages p WHERE p.incident_id = i.id AND p.team_id IS NULL
    ) p
    LEFT JOIN LATERAL (
        SELECT a.service_id, a.dedup_key FROM alerts a WHERE a.incident_id = i.id ORDER BY a.id LIMIT 1
    ) first ON true
    LEFT JOIN LATERAL (
        SELECT a.resolved_at FROM alerts a
        WHERE a.state = 'resolved' AND a.service_id = first.service_id AND a.dedup_key = first.dedup_key
            AND a.resolved_at <= t.opened_at AND a.incident_id <> i.id
        ORDER BY a.resolved_at DESC LIMIT 1
    ) before ON true
"""


def upgrade() -> None:
    op.add_column("incident_measures", sa.Column("away_seconds", sa.Integer(), nullable=True))
    op.add_column("incident_measures", sa.Column("told_in_time", sa.Boolean(), nullable=True))
    op.execute(OUTCOMES)
    op.create_index("pages_user_about_idx", "pages", ["user_id", "created_at"], postgresql_include=["incident_id"])
    op.drop_index("pages_user_idx", table_name="pages")
    op.execute("ALTER INDEX pages_user_about_idx RENAME TO pages_user_idx")
    op.create_table(
        "status_feed_service_groups",
        sa.Column("feed_id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_group_id", UUID(as_uuid=True), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("feed_id", "service_group_id", name="status_feed_service_groups_pkey"),
        sa.ForeignKeyConstraint(["feed_id"], ["status_feeds.id"], name="status_feed_service_groups_feed_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["service_group_id"], ["service_groups.id"], name="status_feed_service_groups_service_group_id_fkey"),
    )
    op.create_index("status_feed_service_groups_group_idx", "status_feed_service_groups", ["service_group_id"])


def downgrade() -> None:
    op.drop_table("status_feed_service_groups")
    op.create_index("pages_user_only_idx", "pages", ["user_id", "created_at"])
    op.drop_index("pages_user_idx", table_name="pages")
    op.execute("ALTER INDEX pages_user_only_idx RENAME TO pages_user_idx")
    op.execute("DROP VIEW incident_outcomes")
    op.drop_column("incident_measures", "told_in_time")
    op.drop_column("incident_measures", "away_seconds")
