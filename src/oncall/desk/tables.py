"""Categories, the priority matrix, calendars, SLAs; and the record of each incident that has one."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Interval, PrimaryKeyConstraint, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

categories = Table(
    "categories",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("parent_id", UUID(as_uuid=True), ForeignKey("categories.id"), nullable=True),
    instant("created_at"),
    version_column(),
    CheckConstraint("parent_id <> id", name="none_is_below_itself"),
    Index("categories_name_idx", text("coalesce(parent_id, '00000000-0000-0000-0000-000000000000')"), text("lower(name)"), unique=True),
    Index("categories_parent_idx", "parent_id"),
)

# One row at most: where there is none, the matrix is the one that everybody begins with.
priority_matrix = Table(
    "priority_matrix",
    metadata,
    Column("is_the_one", Boolean, nullable=False),
    Column("cells", JSONB, nullable=False),
    version_column(),
    PrimaryKeyConstraint("is_the_one"),
    CheckConstraint("is_the_one", name="there_is_one"),
)

calendars = Table(
    "calendars",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("time_zone", String, nullable=False),
    Column("hours", JSONB, nullable=False),
    Column("holidays", JSONB, nullable=False),
    instant("created_at"),
    version_column(),
    Index("calendars_name_idx", text("lower(name)"), unique=True),
)

slas = Table(
    "slas",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("calendar_id", UUID(as_uuid=True), ForeignKey("calendars.id"), nullable=True),
    Column("targets", JSONB, nullable=False),
    Column("manager_policy_id", UUID(as_uuid=True), ForeignKey("escalation_policies.id"), nullable=True),
    instant("created_at"),
    version_column(),
    Column("round_the_clock", ARRAY(String), nullable=False, server_default="{}"),
    Index("slas_name_idx", text("lower(name)"), unique=True),
    Index("slas_calendar_idx", "calendar_id"),
    Index("slas_manager_policy_idx", "manager_policy_id"),
)

incident_records = Table(
    "incident_records",
    metadata,
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    version_column(),
    Column("description", String, nullable=False),
    Column("reporter", JSONB, nullable=True),
    instant("reported_at", nullable=True),
    instant("noticed_at", nullable=True),
    Column("category_id", UUID(as_uuid=True), ForeignKey("categories.id"), nullable=True),
    Column("logged_category_id", UUID(as_uuid=True), ForeignKey("categories.id"), nullable=True),
    Column("impact", String, nullable=True),
    Column("business_urgency", String, nullable=True),
    Column("affected_users", Integer, nullable=True),
    Column("risks", ARRAY(String), nullable=False),
    Column("priority_reason", String, nullable=False),
    Column("priority_by", JSONB, nullable=True),
    Column("sla_id", UUID(as_uuid=True), ForeignKey("slas.id"), nullable=True),
    instant("acknowledge_by", nullable=True),
    instant("resolve_by", nullable=True),
    instant("update_by", nullable=True),
    Column("marks", ARRAY(String), nullable=False),
    # Its own timer, beside that of the escalation: what is late here delays no page.
    instant("next_at", nullable=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", String, nullable=True),
    Column("resolution_code", String, nullable=True),
    Column("resolution_text", String, nullable=False),
    instant("monitoring_until", nullable=True),
    Column("closure", String, nullable=True),
    instant("closure_since", nullable=True),
    Column("verification", JSONB, nullable=True),
    instant("acknowledge_at_risk_at", nullable=True),
    instant("resolve_at_risk_at", nullable=True),
    instant("update_at_risk_at", nullable=True),
    Column("resolve_left", Interval, nullable=True),
    PrimaryKeyConstraint("incident_id"),
    CheckConstraint("impact IN ('widespread', 'large', 'limited', 'minor')", name="impact_is_known"),
    CheckConstraint("business_urgency IN ('critical', 'high', 'medium', 'low')", name="business_urgency_is_known"),
    CheckConstraint("affected_users >= 0", name="affected_users_are_not_negative"),
    CheckConstraint("closure IN ('awaiting_reporter', 'awaiting_desk', 'not_satisfied')", name="closure_is_known"),
    CheckConstraint("(closure IS NULL) = (closure_since IS NULL)", name="a_closure_says_since_when"),
    Index("incident_records_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("incident_records_closure_idx", "closure", "incident_id", postgresql_where=text("closure IS NOT NULL")),
    Index("incident_records_category_idx", "category_id"),
    Index("incident_records_sla_idx", "sla_id"),
    Index("incident_records_marks_idx", "marks", postgresql_using="gin"),
)

incident_templates = Table(
    "incident_templates",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("title", String, nullable=False),
    Column("description", String, nullable=False),
    Column("category_id", UUID(as_uuid=True), ForeignKey("categories.id"), nullable=True),
    Column("impact", String, nullable=True),
    Column("business_urgency", String, nullable=True),
    Column("tasks", JSONB, nullable=False),
    Column("roles", ARRAY(String), nullable=False),
    Column("first_update", String, nullable=False),
    instant("created_at"),
    version_column(),
    CheckConstraint("impact IN ('widespread', 'large', 'limited', 'minor')", name="impact_is_known"),
    CheckConstraint("business_urgency IN ('critical', 'high', 'medium', 'low')", name="business_urgency_is_known"),
    Index("incident_templates_name_idx", text("lower(name)"), unique=True),
    Index("incident_templates_category_idx", "category_id"),
)
