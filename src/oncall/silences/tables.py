"""Silences and maintenance windows."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, String, Table
from sqlalchemy.dialects.postgresql import JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

silences = Table(
    "silences",
    metadata,
    id_column(),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), nullable=True),
    Column("matchers", String, nullable=False),
    Column("matches_everything", Boolean, nullable=False),
    instant("starts_at"),
    instant("ends_at"),
    Column("comment", String, nullable=False),
    Column("author", JSONB, nullable=False),
    instant("created_at"),
    version_column(),
    CheckConstraint("ends_at >= starts_at", name="ends_after_it_starts"),
    Index("silences_ends_at_idx", "ends_at"),
    Index("silences_service_idx", "service_id"),
)

maintenance_windows = Table(
    "maintenance_windows",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("description", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("matchers", String, nullable=False),
    # Once or recurring, as `silences.values` has it.
    Column("planned", JSONB, nullable=False),
    Column("ended", JSONB, nullable=False),
    # When the last occurrence of one that is planned once ends; null for one that recurs.
    instant("ends_at", nullable=True),
    instant("created_at"),
    version_column(),
    CheckConstraint("kind IN ('maintenance', 'freeze')", name="kind_is_known"),
)

maintenance_window_services = Table(
    "maintenance_window_services",
    metadata,
    Column("window_id", UUID(as_uuid=True), ForeignKey("maintenance_windows.id", ondelete="CASCADE"), primary_key=True),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), primary_key=True),
    Index("maintenance_window_services_service_idx", "service_id"),
)
