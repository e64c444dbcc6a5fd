"""Everyone else is told: status updates, what of them is published, who subscribed, and the feeds that show it; windows may be public."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "status_feeds",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("status_feeds_pkey")),
        sa.UniqueConstraint("slug", name="status_feeds_slug_is_free"),
    )
    op.create_table(
        "update_cadences",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("p1", sa.Interval(), nullable=True),
        sa.Column("p2", sa.Interval(), nullable=True),
        sa.Column("p3", sa.Interval(), nullable=True),
        sa.Column("p4", sa.Interval(), nullable=True),
        sa.Column("p5", sa.Interval(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("update_cadences_there_is_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("update_cadences_pkey")),
    )
    op.create_table(
        "status_feed_services",
        sa.Column("feed_id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["status_feeds.id"], name=op.f("status_feed_services_feed_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("status_feed_services_service_id_fkey")),
        sa.PrimaryKeyConstraint("feed_id", "service_id", name=op.f("status_feed_services_pkey")),
    )
    op.create_index("status_feed_services_service_idx", "status_feed_services", ["service_id"], unique=False)
    op.create_table(
        "update_templates",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("team_id", UUID(as_uuid=True), nullable=True),
        sa.Column("service_id", UUID(as_uuid=True), nullable=True),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("audience IN ('internal', 'public')", name=op.f("update_templates_audience_is_known")),
        sa.CheckConstraint(
            "state IN ('investigating', 'identified', 'monitoring', 'resolved')", name=op.f("update_templates_state_is_known")
        ),
        sa.CheckConstraint("num_nonnulls(team_id, service_id) < 2", name=op.f("update_templates_belongs_to_one_at_most")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("update_templates_service_id_fkey")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("update_templates_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("update_templates_pkey")),
    )
    op.create_index("update_templates_service_idx", "update_templates", ["service_id"], unique=False)
    op.create_index("update_templates_team_idx", "update_templates", ["team_id"], unique=False)
    op.create_table(
        "published_incidents",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("incident_id", UUID(as_uuid=True), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("service_ids", ARRAY(UUID()), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('investigating', 'identified', 'monitoring', 'resolved')", name=op.f("published_incidents_state_is_known")
        ),
        sa.CheckConstraint("title <> ''", name=op.f("published_incidents_has_a_title")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("published_incidents_incident_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("published_incidents_pkey")),
        sa.UniqueConstraint("incident_id", name="published_incidents_once"),
    )
    op.create_index("published_incidents_services_idx", "published_incidents", ["service_ids"], unique=False, postgresql_using="gin")
    op.create_index(
        "published_incidents_unresolved_idx", "published_incidents", ["id"], unique=False, postgresql_where=sa.text("state <> 'resolved'")
    )
    op.create_table(
        "subscribers",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("incident_id", UUID(as_uuid=True), nullable=True),
        sa.Column("service_id", UUID(as_uuid=True), nullable=True),
        sa.Column("team_id", UUID(as_uuid=True), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirm_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("author", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("audience IN ('internal', 'public')", name=op.f("subscribers_audience_is_known")),
        sa.CheckConstraint("kind IN ('user', 'team', 'email', 'webhook', 'slack')", name=op.f("subscribers_kind_is_known")),
        sa.CheckConstraint("num_nonnulls(confirmed_at, confirm_by) = 1", name=op.f("subscribers_is_confirmed_or_waits")),
        sa.CheckConstraint("num_nonnulls(incident_id, service_id, team_id) = 1", name=op.f("subscribers_follows_one_thing")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("subscribers_incident_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("subscribers_service_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("subscribers_team_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("subscribers_pkey")),
    )
    op.create_index(
        "subscribers_confirm_by_idx", "subscribers", ["confirm_by"], unique=False, postgresql_where=sa.text("confirm_by IS NOT NULL")
    )
    op.create_index(
        "subscribers_incident_idx",
        "subscribers",
        ["incident_id", "kind", "address"],
        unique=True,
        postgresql_where=sa.text("incident_id IS NOT NULL"),
    )
    op.create_index(
        "subscribers_service_idx",
        "subscribers",
        ["service_id", "kind", "address"],
        unique=True,
        postgresql_where=sa.text("service_id IS NOT NULL"),
    )
    op.create_index(
        "subscribers_team_idx", "subscribers", ["team_id", "kind", "address"], unique=True, postgresql_where=sa.text("team_id IS NOT NULL")
    )
    op.create_table(
        "update_clocks",
        sa.Column("incident_id", UUID(as_uuid=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("every", sa.Interval(), nullable=False),
        sa.Column("promised", sa.Boolean(), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("every > '0'", name=op.f("update_clocks_lasts")),
        sa.CheckConstraint("next_at IS NULL OR due_at IS NOT NULL", name=op.f("update_clocks_reminds_of_what_is_owed")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("update_clocks_incident_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("update_clocks_pkey")),
    )
    op.create_index(
        "update_clocks_next_at_idx", "update_clocks", ["next_at"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL")
    )
    op.create_table(
        "status_updates",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("incident_id", UUID(as_uuid=True), nullable=False),
        sa.Column("published_id", UUID(as_uuid=True), nullable=True),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("author", JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retracted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retracted", JSONB(), nullable=True),
        sa.CheckConstraint("audience = 'public' OR published_id IS NULL", name=op.f("status_updates_internal_ones_are_not_published")),
        sa.CheckConstraint("audience IN ('internal', 'public')", name=op.f("status_updates_audience_is_known")),
        sa.CheckConstraint(
            "state IN ('investigating', 'identified', 'monitoring', 'resolved')", name=op.f("status_updates_state_is_known")
        ),
        sa.CheckConstraint("(retracted_at IS NULL) = (retracted IS NULL)", name=op.f("status_updates_retracted_says_by_whom")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("status_updates_incident_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["published_id"], ["published_incidents.id"], name=op.f("status_updates_published_id_fkey"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("status_updates_pkey")),
    )
    op.create_index("status_updates_incident_idx", "status_updates", ["incident_id", "id"], unique=False)
    op.create_index(
        "status_updates_published_idx",
        "status_updates",
        ["published_id", "id"],
        unique=False,
        postgresql_where=sa.text("published_id IS NOT NULL"),
    )
    op.create_table(
        "update_deliveries",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("update_id", UUID(as_uuid=True), nullable=True),
        sa.Column("subscriber_id", UUID(as_uuid=True), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status IN ('pending', 'sending')) = (next_at IS NOT NULL)", name=op.f("update_deliveries_only_unfinished_ones_have_next_at")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'sent', 'failed', 'cancelled')", name=op.f("update_deliveries_status_is_known")
        ),
        sa.CheckConstraint(
            "(next_at IS NULL) = (finished_at IS NOT NULL)", name=op.f("update_deliveries_only_finished_ones_have_finished_at")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("update_deliveries_subscriber_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["update_id"], ["status_updates.id"], name=op.f("update_deliveries_update_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("update_deliveries_pkey")),
    )
    op.create_index(
        "update_deliveries_finished_at_idx",
        "update_deliveries",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "update_deliveries_next_at_idx", "update_deliveries", ["next_at"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL")
    )
    op.create_index(
        "update_deliveries_once_idx",
        "update_deliveries",
        ["update_id", "channel", "address"],
        unique=True,
        postgresql_where=sa.text("update_id IS NOT NULL"),
    )
    op.create_index("update_deliveries_subscriber_idx", "update_deliveries", ["subscriber_id"], unique=False)
    op.create_index(
        "incidents_graded_idx",
        "incidents",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status IN ('triggered', 'acknowledged') AND (priority IS NOT NULL OR is_major)"),
    )
    op.add_column("maintenance_windows", sa.Column("public", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    op.drop_column("maintenance_windows", "public")
    op.drop_index("incidents_graded_idx", table_name="incidents")
    for table in (
        "update_deliveries",
        "subscribers",
        "update_clocks",
        "update_cadences",
        "update_templates",
        "status_updates",
        "published_incidents",
        "status_feed_services",
        "status_feeds",
    ):
        op.drop_table(table)
