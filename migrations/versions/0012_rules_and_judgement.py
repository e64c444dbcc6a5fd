"""Routing rules; and how a service judges its events: grouping, flapping, threshold, delay."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SETTINGS = ("grouping", "flapping", "threshold", "delay")


def upgrade() -> None:
    # None of them rewrites a row: null, or a constant default.
    for name in SETTINGS:
        op.add_column("services", sa.Column(name, JSONB(), nullable=True))
    op.add_column("services", sa.Column("group_max_age", sa.Interval(), nullable=False, server_default=sa.text("'24:00:00'::interval")))
    op.create_check_constraint("grouping_is_known", "services", "grouping ->> 'type' IN ('labels', 'window', 'all')")
    op.create_check_constraint("group_max_age_is_a_minute_at_least", "services", "group_max_age >= interval '1 minute'")
    op.add_column("integrations", sa.Column("auto_resolve_after", sa.Interval(), nullable=True))
    op.create_check_constraint("auto_resolve_after_is_a_minute_at_least", "integrations", "auto_resolve_after >= interval '1 minute'")
    op.create_table(
        "routing_rules",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("integration_id", UUID(as_uuid=True), nullable=True),
        sa.Column("matchers", ARRAY(sa.String()), nullable=False),
        sa.Column("continues", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("urgency", sa.String(), nullable=True),
        sa.Column("group_key", ARRAY(sa.String()), nullable=False),
        sa.Column("add_labels", JSONB(), nullable=False),
        sa.Column("drop_labels", ARRAY(sa.String()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="routing_rules_pkey"),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name="routing_rules_integration_id_fkey"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="routing_rules_service_id_fkey"),
        sa.CheckConstraint("position >= 0", name=op.f("routing_rules_position_is_not_negative")),
        sa.CheckConstraint("severity IN ('critical', 'error', 'warning', 'info', 'unknown')", name=op.f("routing_rules_severity_is_known")),
        sa.CheckConstraint("urgency IN ('high', 'low')", name=op.f("routing_rules_urgency_is_known")),
        sa.CheckConstraint(
            "num_nonnulls(service_id, severity, urgency) > 0 OR cardinality(group_key) + cardinality(drop_labels) > 0"
            " OR add_labels <> '{}'",
            name=op.f("routing_rules_it_sets_something"),
        ),
    )
    op.create_index("routing_rules_service_idx", "routing_rules", ["service_id"])
    op.create_index("routing_rules_integration_idx", "routing_rules", ["integration_id"])


def downgrade() -> None:
    op.drop_table("routing_rules")
    op.drop_column("integrations", "auto_resolve_after")
    for name in (*SETTINGS, "group_max_age"):
        op.drop_column("services", name)
