"""Services, what they depend on, groups of them, their integrations, the keys of those, and the rules that send events to services."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Interval,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

services = Table(
    "services",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), nullable=True),
    Column("escalation_policy_id", UUID(as_uuid=True), ForeignKey("escalation_policies.id"), nullable=False),
    Column("ack_timeout", Interval, nullable=True),
    Column("urgency", String, nullable=False),
    Column("reopen_window", Interval, nullable=False),
    instant("created_at"),
    version_column(),
    Column("grouping", JSONB, nullable=True),
    Column("group_max_age", Interval, nullable=False, server_default=text("'24:00:00'::interval")),
    Column("flapping", JSONB, nullable=True),
    Column("threshold", JSONB, nullable=True),
    Column("delay", JSONB, nullable=True),
    # How its incidents are filed.
    Column("process", String, nullable=False, server_default="sre"),
    Column("default_category_id", UUID(as_uuid=True), ForeignKey("categories.id"), nullable=True),
    Column("default_impact", String, nullable=True),
    Column("default_business_urgency", String, nullable=True),
    Column("auto_close_days", SmallInteger, nullable=True),
    # The address of the form by which anybody reports a problem with it.
    Column("report_key", String, nullable=True),
    Column("sla_id", UUID(as_uuid=True), ForeignKey("slas.id"), nullable=True),
    CheckConstraint("process IN ('sre', 'itil')", name="process_is_known"),
    CheckConstraint("default_impact IN ('widespread', 'large', 'limited', 'minor')", name="default_impact_is_known"),
    CheckConstraint("default_business_urgency IN ('critical', 'high', 'medium', 'low')", name="default_business_urgency_is_known"),
    CheckConstraint("auto_close_days BETWEEN 1 AND 90", name="auto_close_days_are_some"),
    Column("description", String, nullable=False, server_default=""),
    Column("tier", SmallInteger, nullable=True),
    Column("links", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("runbook_url", String, nullable=True),
    Column("owner_contact", String, nullable=False, server_default=""),
    Column("dependencies_version", Integer, nullable=False, server_default="1"),
    CheckConstraint("tier BETWEEN 1 AND 4", name="tier_is_known"),
    CheckConstraint("grouping ->> 'type' IN ('labels', 'window', 'all')", name="grouping_is_known"),
    CheckConstraint("group_max_age >= interval '1 minute'", name="group_max_age_is_a_minute_at_least"),
    Column("support_hours_id", UUID(as_uuid=True), ForeignKey("calendars.id"), nullable=True),
    CheckConstraint("urgency IN ('high', 'low', 'by_severity', 'by_support_hours')", name="urgency_is_known"),
    CheckConstraint("urgency <> 'by_support_hours' OR support_hours_id IS NOT NULL", name="what_goes_by_support_hours_has_some"),
    Index("services_support_hours_idx", "support_hours_id"),
    Index("services_team_idx", "team_id"),
    Index("services_policy_idx", "escalation_policy_id"),
    Index("services_category_idx", "default_category_id"),
    Index("services_report_key_idx", "report_key", unique=True, postgresql_where=text("report_key IS NOT NULL")),
    Index("services_sla_idx", "sla_id"),
)

# Who depends on what goes with the service that depends; what others depend on stays until they no longer do.
service_dependencies = Table(
    "service_dependencies",
    metadata,
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id", ondelete="CASCADE"), primary_key=True),
    Column("depends_on_id", UUID(as_uuid=True), ForeignKey("services.id"), primary_key=True),
    instant("created_at"),
    CheckConstraint("service_id <> depends_on_id", name="nothing_depends_on_itself"),
    Index("service_dependencies_depends_on_idx", "depends_on_id"),
)

service_groups = Table(
    "service_groups",
    metadata,
    id_column(),
    Column("name", String, nullable=False, unique=True),
    Column("description", String, nullable=False),
    instant("created_at"),
    version_column(),
)

service_group_members = Table(
    "service_group_members",
    metadata,
    Column("group_id", UUID(as_uuid=True), ForeignKey("service_groups.id", ondelete="CASCADE"), primary_key=True),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), primary_key=True),
    Index("service_group_members_service_idx", "service_id"),
)

integrations = Table(
    "integrations",
    metadata,
    id_column(),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id", ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column("type", String, nullable=False),
    instant("created_at"),
    version_column(),
    Column("mapping", JSONB, nullable=True),
    Column("authentication", LargeBinary, nullable=True),  # sealed: a dump of the database holds no secret
    Column("on_unreadable", String, nullable=False, server_default="page"),
    Column("auto_resolve_after", Interval, nullable=True),
    # Whose mails come in by it: a monitor's, or people's, who report.
    Column("reporter_kind", String, nullable=False, server_default="monitor"),
    CheckConstraint("reporter_kind IN ('employee', 'customer', 'vendor', 'monitor')", name="reporter_kind_is_known"),
    CheckConstraint("auto_resolve_after >= interval '1 minute'", name="auto_resolve_after_is_a_minute_at_least"),
    CheckConstraint("on_unreadable IN ('page', 'record')", name="on_unreadable_is_known"),
    Index("integrations_service_idx", "service_id"),
)

integration_keys = Table(
    "integration_keys",
    metadata,
    id_column(),
    Column("integration_id", UUID(as_uuid=True), ForeignKey("integrations.id", ondelete="CASCADE"), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("key_prefix", String, nullable=False),
    instant("created_at"),
    UniqueConstraint("key_hash"),
    UniqueConstraint("integration_id", "slot", name="integration_keys_at_most_two"),
    CheckConstraint("octet_length(key_hash) = 32", name="only_a_hash_is_stored"),
    CheckConstraint("slot IN (1, 2)", name="slot_is_known"),
)

# Neither a service nor an integration that a rule names can be deleted: events would go elsewhere, or the rule with it, and nobody be told.
routing_rules = Table(
    "routing_rules",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("integration_id", UUID(as_uuid=True), ForeignKey("integrations.id"), nullable=True),
    Column("matchers", ARRAY(String), nullable=False),
    Column("continues", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), nullable=True),
    Column("severity", String, nullable=True),
    Column("urgency", String, nullable=True),
    Column("group_key", ARRAY(String), nullable=False),
    Column("add_labels", JSONB, nullable=False),
    Column("drop_labels", ARRAY(String), nullable=False),
    instant("created_at"),
    version_column(),
    CheckConstraint("position >= 0", name="position_is_not_negative"),
    CheckConstraint("severity IN ('critical', 'error', 'warning', 'info', 'unknown')", name="severity_is_known"),
    CheckConstraint("urgency IN ('high', 'low')", name="urgency_is_known"),
    CheckConstraint(
        "num_nonnulls(service_id, severity, urgency) > 0 OR cardinality(group_key) + cardinality(drop_labels) > 0 OR add_labels <> '{}'",
        name="it_sets_something",
    ),
    Index("routing_rules_service_idx", "service_id"),
    Index("routing_rules_integration_idx", "integration_id"),
)
