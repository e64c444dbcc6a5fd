"""Heartbeats, what happened to them, their latest check-ins, and when somebody last listened."""

from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.dialects.postgresql import JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

heartbeats = Table(
    "heartbeats",
    metadata,
    id_column(),
    # A service with heartbeats is not deleted: who relies on one must hear of it.
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("every", Interval, nullable=False),  # `interval` is a word of SQL
    Column("grace", Interval, nullable=False),
    Column("severity", String, nullable=False),
    Column("allow_get", Boolean, nullable=False),
    Column("description", String, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("key_prefix", String, nullable=False),
    instant("created_at"),
    version_column(),
    instant("last_check_in_at", nullable=True),
    Column("check_in_count", BigInteger, nullable=False, server_default="0"),
    instant("silent_since", nullable=True),
    instant("counts_from", nullable=True),
    Column("unheard", Interval, nullable=False, server_default=text("'00:00:00'")),
    instant("expired_at", nullable=True),
    instant("paused_at", nullable=True),
    instant("paused_until", nullable=True),
    Column("pause_reason", String, nullable=True),
    Column("paused_by", String, nullable=True),
    instant("next_at", nullable=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", String, nullable=True),
    UniqueConstraint("service_id", "name", name="heartbeats_name_is_unique_in_its_service"),
    UniqueConstraint("key_hash"),
    CheckConstraint("octet_length(key_hash) = 32", name="only_a_hash_is_stored"),
    CheckConstraint("severity IN ('critical', 'error', 'warning', 'info', 'unknown')", name="severity_is_known"),
    CheckConstraint("every > '0 s' AND grace >= '0 s'", name="waits_for_something"),
    CheckConstraint("(silent_since IS NULL) = (counts_from IS NULL)", name="a_clock_has_a_start"),
    CheckConstraint("counts_from IS NULL OR last_check_in_at IS NOT NULL", name="a_new_one_does_not_expire"),
    CheckConstraint("counts_from IS NULL OR paused_until IS NULL", name="a_paused_one_does_not_expire"),
    CheckConstraint(
        "(next_at IS NOT NULL) = (counts_from IS NOT NULL OR paused_until IS NOT NULL)", name="is_due_while_its_clock_runs_or_it_is_paused"
    ),
    CheckConstraint(
        "num_nulls(paused_at, paused_until, pause_reason, paused_by) IN (0, 4)", name="a_pause_has_an_end_a_reason_and_an_author"
    ),
    Index("heartbeats_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
)

heartbeat_changes = Table(
    "heartbeat_changes",
    metadata,
    id_column(),
    Column("heartbeat_id", UUID(as_uuid=True), ForeignKey("heartbeats.id", ondelete="CASCADE"), nullable=False),
    instant("at"),
    Column("kind", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Index("heartbeat_changes_heartbeat_idx", "heartbeat_id", "id"),
)

# A ring: check-in number n is written over number n - 100, so it needs no sweeping.
heartbeat_check_ins = Table(
    "heartbeat_check_ins",
    metadata,
    Column("heartbeat_id", UUID(as_uuid=True), ForeignKey("heartbeats.id", ondelete="CASCADE"), primary_key=True),
    Column("slot", SmallInteger, primary_key=True),
    Column("id", UUID(as_uuid=True), nullable=False),
    instant("at"),
    Column("via", String, nullable=False),
    CheckConstraint("slot BETWEEN 0 AND 99", name="only_the_latest_are_kept"),
)

# One row: when a node last said that it takes check-ins.
heartbeat_listening = Table(
    "heartbeat_listening",
    metadata,
    Column("single", Boolean, primary_key=True),
    instant("heard_until"),
    CheckConstraint("single", name="there_is_one_row"),
)
