"""What the service desk agrees on (categories, priorities, calendars, SLAs), its record of an incident; priority, process, filing."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _version() -> sa.Column[object]:
    return sa.Column("version", sa.Integer(), server_default="1", nullable=False)


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_id", UUID(as_uuid=True), nullable=True),
        _instant("created_at"),
        _version(),
        sa.PrimaryKeyConstraint("id", name="categories_pkey"),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name="categories_parent_id_fkey"),
        sa.CheckConstraint("parent_id <> id", name=op.f("categories_none_is_below_itself")),
    )
    op.create_index(
        "categories_name_idx",
        "categories",
        [sa.text("coalesce(parent_id, '00000000-0000-0000-0000-000000000000')"), sa.text("lower(name)")],
        unique=True,
    )
    op.create_index("categories_parent_idx", "categories", ["parent_id"])
    op.create_table(
        "priority_matrix",
        sa.Column("is_the_one", sa.Boolean(), nullable=False),
        sa.Column("cells", JSONB(), nullable=False),
        _version(),
        sa.PrimaryKeyConstraint("is_the_one", name="priority_matrix_pkey"),
        sa.CheckConstraint("is_the_one", name=op.f("priority_matrix_there_is_one")),
    )
    op.create_table(
        "calendars",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("hours", JSONB(), nullable=False),
        sa.Column("holidays", JSONB(), nullable=False),
        _instant("created_at"),
        _version(),
        sa.PrimaryKeyConstraint("id", name="calendars_pkey"),
    )
    op.create_index("calendars_name_idx", "calendars", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "slas",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("calendar_id", UUID(as_uuid=True), nullable=True),
        sa.Column("targets", JSONB(), nullable=False),
        sa.Column("manager_policy_id", UUID(as_uuid=True), nullable=True),
        _instant("created_at"),
        _version(),
        sa.PrimaryKeyConstraint("id", name="slas_pkey"),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="slas_calendar_id_fkey"),
        sa.ForeignKeyConstraint(["manager_policy_id"], ["escalation_policies.id"], name="slas_manager_policy_id_fkey"),
    )
    op.create_index("slas_name_idx", "slas", [sa.text("lower(name)")], unique=True)
    op.create_index("slas_calendar_idx", "slas", ["calendar_id"])
    op.create_index("slas_manager_policy_idx", "slas", ["manager_policy_id"])
    op.add_column("services", sa.Column("process", sa.String(), server_default="sre", nullable=False))
    op.add_column("services", sa.Column("default_category_id", UUID(as_uuid=True), nullable=True))
    op.add_column("services", sa.Column("default_impact", sa.String(), nullable=True))
    op.add_column("services", sa.Column("default_business_urgency", sa.String(), nullable=True))
    op.add_column("services", sa.Column("auto_close_days", sa.SmallInteger(), nullable=True))
    op.create_foreign_key("services_default_category_id_fkey", "services", "categories", ["default_category_id"], ["id"])
    op.create_check_constraint(op.f("services_process_is_known"), "services", "process IN ('sre', 'itil')")
    op.create_check_constraint(
        op.f("services_default_impact_is_known"), "services", "default_impact IN ('widespread', 'large', 'limited', 'minor')"
    )
    op.create_check_constraint(
        op.f("services_default_business_urgency_is_known"),
        "services",
        "default_business_urgency IN ('critical', 'high', 'medium', 'low')",
    )
    op.create_check_constraint(op.f("services_auto_close_days_are_some"), "services", "auto_close_days BETWEEN 1 AND 90")
    op.create_index("services_category_idx", "services", ["default_category_id"])
    op.add_column("services", sa.Column("report_key", sa.String(), nullable=True))
    op.create_index("services_report_key_idx", "services", ["report_key"], unique=True, postgresql_where=sa.text("report_key IS NOT NULL"))
    op.add_column("incidents", sa.Column("process", sa.String(), server_default="sre", nullable=False))
    op.add_column("incidents", sa.Column("priority", sa.String(), nullable=True))
    op.add_column("incidents", sa.Column("is_major", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_check_constraint(op.f("incidents_process_is_known"), "incidents", "process IN ('sre', 'itil')")
    op.create_check_constraint(op.f("incidents_priority_is_known"), "incidents", "priority IN ('P1', 'P2', 'P3', 'P4', 'P5')")
    op.create_table(
        "incident_records",
        sa.Column("incident_id", UUID(as_uuid=True), nullable=False),
        _version(),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("reporter", JSONB(), nullable=True),
        _instant("reported_at", nullable=True),
        _instant("noticed_at", nullable=True),
        sa.Column("category_id", UUID(as_uuid=True), nullable=True),
        sa.Column("logged_category_id", UUID(as_uuid=True), nullable=True),
        sa.Column("impact", sa.String(), nullable=True),
        sa.Column("business_urgency", sa.String(), nullable=True),
        sa.Column("affected_users", sa.Integer(), nullable=True),
        sa.Column("risks", ARRAY(sa.String()), nullable=False),
        sa.Column("priority_reason", sa.String(), nullable=False),
        sa.Column("priority_by", JSONB(), nullable=True),
        sa.Column("sla_id", UUID(as_uuid=True), nullable=True),
        _instant("acknowledge_by", nullable=True),
        _instant("resolve_by", nullable=True),
        _instant("update_by", nullable=True),
        sa.Column("marks", ARRAY(sa.String()), nullable=False),
        _instant("next_at", nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("resolution_code", sa.String(), nullable=True),
        sa.Column("resolution_text", sa.String(), nullable=False),
        _instant("monitoring_until", nullable=True),
        sa.Column("closure", sa.String(), nullable=True),
        _instant("closure_since", nullable=True),
        sa.Column("verification", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("incident_id", name="incident_records_pkey"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="incident_records_incident_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name="incident_records_category_id_fkey"),
        sa.ForeignKeyConstraint(["logged_category_id"], ["categories.id"], name="incident_records_logged_category_id_fkey"),
        sa.ForeignKeyConstraint(["sla_id"], ["slas.id"], name="incident_records_sla_id_fkey"),
        sa.CheckConstraint("impact IN ('widespread', 'large', 'limited', 'minor')", name=op.f("incident_records_impact_is_known")),
        sa.CheckConstraint(
            "business_urgency IN ('critical', 'high', 'medium', 'low')", name=op.f("incident_records_business_urgency_is_known")
        ),
        sa.CheckConstraint("affected_users >= 0", name=op.f("incident_records_affected_users_are_not_negative")),
        sa.CheckConstraint(
            "closure IN ('awaiting_reporter', 'awaiting_desk', 'not_satisfied')", name=op.f("incident_records_closure_is_known")
        ),
        sa.CheckConstraint("(closure IS NULL) = (closure_since IS NULL)", name=op.f("incident_records_a_closure_says_since_when")),
    )
    op.create_index("incident_records_next_at_idx", "incident_records", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_index(
        "incident_records_closure_idx", "incident_records", ["closure", "incident_id"], postgresql_where=sa.text("closure IS NOT NULL")
    )
    op.create_index("incident_records_category_idx", "incident_records", ["category_id"])
    op.create_index("incident_records_sla_idx", "incident_records", ["sla_id"])


def downgrade() -> None:
    op.drop_table("incident_records")
    for column in ("is_major", "priority", "process"):
        op.drop_column("incidents", column)
    for column in ("report_key", "auto_close_days", "default_business_urgency", "default_impact", "default_category_id", "process"):
        op.drop_column("services", column)
    for table in ("slas", "calendars", "priority_matrix", "categories"):
        op.drop_table(table)
