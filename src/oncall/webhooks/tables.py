"""Webhooks, their deliveries (a queue and its log) and each try."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from oncall.kit.db import id_column, instant, metadata, seq_column, version_column

webhooks = Table(
    "webhooks",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("url", String, nullable=False),
    Column("event_types", ARRAY(String), nullable=False),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), nullable=True),
    # No foreign key: a service that is gone has no incidents.
    Column("service_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
    Column("urgencies", ARRAY(String), nullable=False),
    Column("severities", ARRAY(String), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("off_because", String, nullable=True),
    instant("disabled_at", nullable=True),
    instant("failing_since", nullable=True),
    # Sealed: a dump of the database holds no secret.
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary, nullable=True),
    instant("previous_secret_until", nullable=True),
    # No foreign key: whoever made it may be gone.
    Column("created_by", UUID(as_uuid=True), nullable=True),
    instant("created_at"),
    version_column(),
    CheckConstraint("cardinality(event_types) > 0", name="wants_something"),
    CheckConstraint("enabled = (off_because IS NULL) AND enabled = (disabled_at IS NULL)", name="off_says_why_and_since_when"),
    CheckConstraint("(previous_secret IS NULL) = (previous_secret_until IS NULL)", name="a_previous_secret_has_an_end"),
    Index("webhooks_team_idx", "team_id"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    id_column(),
    seq_column(),
    # No foreign keys: what happens to an incident waits for nobody who edits or deletes a webhook.
    Column("webhook_id", UUID(as_uuid=True), nullable=False),
    Column("incident_id", UUID(as_uuid=True), nullable=True),
    # What is told in order: the incident; the delivery itself, if it stands alone.
    Column("lane", UUID(as_uuid=True), nullable=False),
    Column("type", String, nullable=False),
    Column("body", String, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    # Of the attempts, those before it was last delivered again by hand.
    Column("tries_before", Integer, nullable=False),
    # When to look at it again: due (pending) or the end of the lease (sending); nothing otherwise.
    instant("next_at", nullable=True),
    instant("give_up_at"),
    instant("created_at"),
    instant("finished_at", nullable=True),
    CheckConstraint("status IN ('pending', 'sending', 'delivered', 'failed', 'cancelled')", name="status_is_known"),
    CheckConstraint("(status IN ('pending', 'sending')) = (next_at IS NOT NULL)", name="only_unfinished_ones_have_next_at"),
    CheckConstraint("(next_at IS NULL) = (finished_at IS NOT NULL)", name="only_finished_ones_have_finished_at"),
    Index("webhook_deliveries_next_at_idx", "webhook_id", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("webhook_deliveries_lane_idx", "webhook_id", "lane", "seq", postgresql_where=text("next_at IS NOT NULL")),
    Index("webhook_deliveries_log_idx", "webhook_id", "id"),
    Index("webhook_deliveries_finished_at_idx", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("delivery_id", UUID(as_uuid=True), ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    instant("at"),
    Column("outcome", String, nullable=False),
    Column("code", Integer, nullable=True),
    Column("detail", String, nullable=False),
    CheckConstraint("outcome IN ('delivered', 'refused', 'not_sent', 'unknown')", name="outcome_is_known"),
)
