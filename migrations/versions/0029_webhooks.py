"""Other programs are told what happens to incidents: webhooks, their deliveries and each try; who listens to timelines."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNFINISHED = sa.text("next_at IS NOT NULL")


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "timeline_listeners",
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="timeline_listeners_pkey"),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("event_types", ARRAY(sa.String()), nullable=False),
        sa.Column("team_id", UUID(as_uuid=True), nullable=True),
        sa.Column("service_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
        sa.Column("urgencies", ARRAY(sa.String()), nullable=False),
        sa.Column("severities", ARRAY(sa.String()), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("off_because", sa.String(), nullable=True),
        _instant("disabled_at", nullable=True),
        _instant("failing_since", nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        _instant("previous_secret_until", nullable=True),
        sa.Column("created_by", UUID(as_uuid=True), nullable=True),
        _instant("created_at"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="webhooks_pkey"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="webhooks_team_id_fkey"),
        sa.CheckConstraint("cardinality(event_types) > 0", name=op.f("webhooks_wants_something")),
        sa.CheckConstraint(
            "enabled = (off_because IS NULL) AND enabled = (disabled_at IS NULL)", name=op.f("webhooks_off_says_why_and_since_when")
        ),
        sa.CheckConstraint(
            "(previous_secret IS NULL) = (previous_secret_until IS NULL)", name=op.f("webhooks_a_previous_secret_has_an_end")
        ),
    )
    op.create_index("webhooks_team_idx", "webhooks", ["team_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("webhook_id", UUID(as_uuid=True), nullable=False),
        sa.Column("incident_id", UUID(as_uuid=True), nullable=True),
        sa.Column("lane", UUID(as_uuid=True), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tries_before", sa.Integer(), nullable=False),
        _instant("next_at", nullable=True),
        _instant("give_up_at"),
        _instant("created_at"),
        _instant("finished_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="webhook_deliveries_pkey"),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'delivered', 'failed', 'cancelled')", name=op.f("webhook_deliveries_status_is_known")
        ),
        sa.CheckConstraint(
            "(status IN ('pending', 'sending')) = (next_at IS NOT NULL)",
            name=op.f("webhook_deliveries_only_unfinished_ones_have_next_at"),
        ),
        sa.CheckConstraint(
            "(next_at IS NULL) = (finished_at IS NOT NULL)", name=op.f("webhook_deliveries_only_finished_ones_have_finished_at")
        ),
    )
    op.create_index("webhook_deliveries_next_at_idx", "webhook_deliveries", ["webhook_id", "next_at"], postgresql_where=UNFINISHED)
    op.create_index("webhook_deliveries_lane_idx", "webhook_deliveries", ["webhook_id", "lane", "seq"], postgresql_where=UNFINISHED)
    op.create_index("webhook_deliveries_log_idx", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index(
        "webhook_deliveries_finished_at_idx",
        "webhook_deliveries",
        ["finished_at"],
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", UUID(as_uuid=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _instant("at"),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="webhook_attempts_pkey"),
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_deliveries.id"], name="webhook_attempts_delivery_id_fkey", ondelete="CASCADE"),
        sa.CheckConstraint("outcome IN ('delivered', 'refused', 'not_sent', 'unknown')", name=op.f("webhook_attempts_outcome_is_known")),
    )


def downgrade() -> None:
    for table in ("webhook_attempts", "webhook_deliveries", "webhooks", "timeline_listeners"):
        op.drop_table(table)
