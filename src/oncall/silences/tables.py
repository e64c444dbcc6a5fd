"""Silences, maintenance windows with the services they are for, and inhibitions. Matchers are kept in their canonical form."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Interval, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

silences = Table(
    "silences",
    metadata,
    id_column(),
    Column("matchers", ARRAY(String), nullable=False),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), nullable=True),
    instant("starts_at"),
    instant("ends_at"),
    Column("comment", String, nullable=False),
    Column("author", JSONB, nullable=False),
    instant("created_at"),
    version_column(),
    CheckConstraint("starts_at <= ends_at", name="ends_not_before_it_starts"),
    CheckConstraint("comment <> ''", name="says_why"),
    Index("silences_ends_at_idx", "ends_at"),
    Index("silences_service_idx", "service_id"),
)

maintenance_windows = Table(
    "maintenance_windows",
    metadata,
    id_column(),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("description", String, nullable=False),
    Column("matchers", ARRAY(String), nullable=False),
    instant("starts_at", nullable=True),
    instant("ends_at", nullable=True),
    Column("rrule", String, nullable=True),
    Column("time_zone", String, nullable=True),
    # On the clocks of its zone: what that is in UTC changes with the rules of the zone.
    Column("local_start", DateTime(timezone=False), nullable=True),
    Column("duration", Interval, nullable=True),
    instant("until", nullable=True),
    Column("ended_early", ARRAY(DateTime(timezone=True)), nullable=False, server_default=text("'{}'")),
    # Shown on the status pages of its services.
    Column("public", Boolean, nullable=False, server_default=text("false")),
    Column("author", JSONB, nullable=False),
    instant("created_at"),
    version_column(),
    CheckConstraint("kind IN ('maintenance', 'freeze')", name="kind_is_known"),
    CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
    CheckConstraint("duration > '0'", name="lasts"),
    CheckConstraint(
        "num_nonnulls(starts_at, ends_at) = (CASE WHEN rrule IS NULL THEN 2 ELSE 0 END)"
        " AND num_nonnulls(time_zone, local_start, duration) = (CASE WHEN rrule IS NULL THEN 0 ELSE 3 END)"
        " AND (until IS NULL OR rrule IS NOT NULL)",
        name="is_planned_once_or_recurs",
    ),
)

maintenance_window_services = Table(
    "maintenance_window_services",
    metadata,
    Column("window_id", UUID(as_uuid=True), ForeignKey("maintenance_windows.id", ondelete="CASCADE"), primary_key=True),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), primary_key=True),
    Index("maintenance_window_services_service_idx", "service_id"),
)

inhibitions = Table(
    "inhibitions",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("source_matchers", ARRAY(String), nullable=False),
    Column("target_matchers", ARRAY(String), nullable=False),
    Column("equal", ARRAY(String), nullable=False),
    instant("created_at"),
    version_column(),
    CheckConstraint("cardinality(source_matchers) > 0 AND cardinality(target_matchers) > 0", name="matches_something"),
)
