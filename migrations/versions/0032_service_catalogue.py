"""What people want to know of a service, what it depends on, groups of services; steps by priority and support hours."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


RISING = sa.text("rises_at IS NOT NULL AND status IN ('triggered', 'acknowledged')")


def upgrade() -> None:
    op.add_column("services", sa.Column("description", sa.String(), server_default="", nullable=False))
    op.add_column("services", sa.Column("tier", sa.SmallInteger(), nullable=True))
    op.add_column("services", sa.Column("links", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False))
    op.add_column("services", sa.Column("runbook_url", sa.String(), nullable=True))
    op.add_column("services", sa.Column("owner_contact", sa.String(), server_default="", nullable=False))
    op.add_column("services", sa.Column("dependencies_version", sa.Integer(), server_default="1", nullable=False))
    op.create_check_constraint(op.f("services_tier_is_known"), "services", "tier BETWEEN 1 AND 4")
    op.add_column("services", sa.Column("support_hours_id", UUID(as_uuid=True), nullable=True))
    op.create_foreign_key("services_support_hours_id_fkey", "services", "calendars", ["support_hours_id"], ["id"])
    op.create_index("services_support_hours_idx", "services", ["support_hours_id"])
    op.drop_constraint(op.f("services_urgency_is_known"), "services")
    op.create_check_constraint(
        op.f("services_urgency_is_known"), "services", "urgency IN ('high', 'low', 'by_severity', 'by_support_hours')"
    )
    op.create_check_constraint(
        op.f("services_what_goes_by_support_hours_has_some"), "services", "urgency <> 'by_support_hours' OR support_hours_id IS NOT NULL"
    )
    op.add_column("incidents", sa.Column("rises_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("incidents_rises_at_idx", "incidents", ["id"], postgresql_where=RISING)
    op.add_column("escalation_steps", sa.Column("priorities", ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False))
    op.add_column("escalation_steps", sa.Column("in_support_hours", sa.Boolean(), nullable=True))
    op.create_check_constraint(
        op.f("escalation_steps_priorities_are_known"), "escalation_steps", "priorities <@ ARRAY['P1', 'P2', 'P3', 'P4', 'P5']"
    )
    op.create_table(
        "service_dependencies",
        sa.Column("service_id", UUID(as_uuid=True), nullable=False),
        sa.Column("depends_on_id", UUID(as_uuid=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "depends_on_id", name="service_dependencies_pkey"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="service_dependencies_service_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["depends_on_id"], ["services.id"], name="service_dependencies_depends_on_id_fkey"),
        sa.CheckConstraint("service_id <> depends_on_id", name=op.f("service_dependencies_nothing_depends_on_itself")),
    )
    op.create_index("service_dependencies_depends_on_idx", "service_dependencies", ["depends_on_id"])
    op.create_table(
        "service_groups",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="service_groups_pkey"),
        sa.UniqueConstraint("name", name="service_groups_name_key"),
    )
    op.create_table(
        "service_group_members",
        sa.Column("group_id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "service_id", name="service_group_members_pkey"),
        sa.ForeignKeyConstraint(["group_id"], ["service_groups.id"], name="service_group_members_group_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="service_group_members_service_id_fkey"),
    )
    op.create_index("service_group_members_service_idx", "service_group_members", ["service_id"])


def downgrade() -> None:
    for column in ("in_support_hours", "priorities"):
        op.drop_column("escalation_steps", column)
    for table in ("service_group_members", "service_groups", "service_dependencies"):
        op.drop_table(table)
    op.drop_index("incidents_rises_at_idx", "incidents")
    op.drop_column("incidents", "rises_at")
    op.execute(sa.text("UPDATE services SET urgency = 'high' WHERE urgency = 'by_support_hours'"))
    op.drop_constraint(op.f("services_urgency_is_known"), "services")
    op.create_check_constraint(op.f("services_urgency_is_known"), "services", "urgency IN ('high', 'low', 'by_severity')")
    for column in ("support_hours_id", "dependencies_version", "owner_contact", "runbook_url", "links", "tier", "description"):
        op.drop_column("services", column)
