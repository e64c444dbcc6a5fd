"""Swaps, what people want to be told of their shifts, and up to when each schedule's people were told."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Interval, String, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from oncall.kit.db import id_column, instant, metadata

# People without foreign keys: who swapped with whom stays true when an account is gone.
swaps = Table(
    "swaps",
    metadata,
    id_column(),
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False),
    Column("giver", UUID(as_uuid=True), nullable=False),
    Column("taker", UUID(as_uuid=True), nullable=True),
    instant("start_at"),
    instant("end_at"),
    instant("return_start_at", nullable=True),
    instant("return_end_at", nullable=True),
    Column("note", String, nullable=False),
    Column("author", String, nullable=False),
    instant("created_at"),
    Column("status", String, nullable=False),
    Column("decided_by", String, nullable=True),
    instant("decided_at", nullable=True),
    Column("override_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
    # The name of an offer that the engine makes, so that it makes it once.
    Column("topic", String, nullable=True),
    UniqueConstraint("topic"),
    CheckConstraint("kind IN ('offer', 'ask')", name="kind_is_known"),
    CheckConstraint("status IN ('open', 'taken', 'declined', 'withdrawn', 'undone')", name="status_is_known"),
    CheckConstraint("start_at < end_at", name="ends_after_it_starts"),
    CheckConstraint("giver <> taker", name="nobody_swaps_with_themselves"),
    CheckConstraint("kind = 'offer' OR taker IS NOT NULL", name="whoever_asks_is_the_taker"),
    CheckConstraint("(return_start_at IS NULL) = (return_end_at IS NULL)", name="what_is_returned_has_two_ends"),
    CheckConstraint("(status = 'open') = (decided_at IS NULL)", name="only_an_open_one_is_undecided"),
    Index("swaps_schedule_idx", "schedule_id", "id"),
)

handoff_preferences = Table(
    "handoff_preferences",
    metadata,
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("before", ARRAY(Interval), nullable=False),
    Column("at_start", Boolean, nullable=False),
    Column("at_end", Boolean, nullable=False),
    Column("quiet_time", Interval, nullable=True),
)

handoff_watches = Table(
    "handoff_watches",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    instant("told_until"),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Index("handoff_watches_next_at_idx", "next_at"),
)
