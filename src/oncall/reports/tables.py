"""What is counted of each incident that is over."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table
from sqlalchemy.dialects.postgresql import UUID

from oncall.kit.db import instant, metadata

# One narrow row for each incident that is resolved or closed, made from its timeline once it is, and anew when that changes. It can be
# emptied at any time: what is missing is counted from the timeline itself.
incident_measures = Table(
    "incident_measures",
    metadata,
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("service_id", UUID(as_uuid=True), nullable=False),
    instant("opened_at"),
    # When it was closed, or else resolved: another instant than the incident's own means that the row is of the past.
    instant("settled_at"),
    Column("urgency", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("priority", String, nullable=True),
    Column("category_id", UUID(as_uuid=True), nullable=True),
    Column("cause", String, nullable=True),
    Column("acknowledge_seconds", Integer, nullable=True),
    Column("resolve_seconds", Integer, nullable=True),
    # Until somebody told everybody else for the first time.
    Column("first_update_seconds", Integer, nullable=True),
    # How long the alert that it began with had been resolved when it came again.
    Column("away_seconds", Integer, nullable=True),
    Column("reopened", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    # Nobody did anything: it came, and went by itself.
    Column("no_action", Boolean, nullable=False),
    Column("acknowledged_in_time", Boolean, nullable=True),
    Column("resolved_in_time", Boolean, nullable=True),
    # Every status update that was owed came in time.
    Column("told_in_time", Boolean, nullable=True),
    PrimaryKeyConstraint("incident_id"),
    Index("incident_measures_opened_at_idx", "opened_at"),
    Index("incident_measures_settled_at_idx", "settled_at"),
)
