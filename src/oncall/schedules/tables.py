"""Schedules, what they said from when on, who takes part, and overrides."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table
from sqlalchemy.dialects.postgresql import JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, seq_column, version_column

schedules = Table(
    "schedules",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), nullable=True),
    instant("created_at"),
    version_column(),
    Index("schedules_team_idx", "team_id"),
)

# A row is never changed: an edit adds one, in force from its own instant on, so that no edit reaches back. NULL is from the beginning.
schedule_versions = Table(
    "schedule_versions",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    instant("effective_from", nullable=True),
    Column("definition", JSONB, nullable=False),
    instant("created_at"),
)

# Everybody the newest definition names: they cannot be deleted without the schedule being told.
schedule_participants = Table(
    "schedule_participants",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id"), primary_key=True),
    Index("schedule_participants_user_idx", "user_id"),
)

# Overrides of a deleted user go with them: the layers show through, so somebody is on call.
schedule_overrides = Table(
    "schedule_overrides",
    metadata,
    id_column(),
    seq_column(),
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False),
    instant("start_at"),
    instant("end_at"),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    Column("replaces_user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    instant("created_at"),
    CheckConstraint("start_at < end_at", name="ends_after_it_starts"),
    CheckConstraint("kind IN ('cover', 'clear', 'add', 'remove', 'replace')", name="kind_is_known"),
    CheckConstraint("(kind = 'clear') = (user_id IS NULL)", name="names_a_user_unless_it_clears"),
    CheckConstraint("(kind = 'replace') = (replaces_user_id IS NOT NULL)", name="names_who_is_replaced"),
    CheckConstraint("user_id <> replaces_user_id", name="nobody_replaces_themselves"),
    # Those that touch a span of time: end_at > since finds the few that are not over.
    Index("schedule_overrides_schedule_idx", "schedule_id", "end_at"),
    Index("schedule_overrides_user_idx", "user_id"),
    Index("schedule_overrides_replaces_user_idx", "replaces_user_id"),
)
