"""Schedules, what they said from when on, who takes part, everything that changes who is on call, and the record of who was.

Nothing here is forgotten: what is taken back gets an instant (`removed_at`, `withdrawn_at`, `deleted_at`), so that one can ask later
what was known when. People are named without foreign keys where the past must outlive their accounts.
"""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint, text
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
    instant("deleted_at", nullable=True),
    # Who was on call is written down up to here (NULL: nothing yet), and must be written down again at `next_at`.
    instant("recorded_until", nullable=True),
    instant("next_at", nullable=True),
    Index("schedules_team_idx", "team_id"),
    Index("schedules_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    CheckConstraint("deleted_at IS NULL OR next_at IS NULL", name="what_is_deleted_is_not_recorded"),
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
    Column("author", String, nullable=False, server_default=""),
    # How its rotations go on from what was in force before it; asked again while it is still to come.
    Column("continuation", String, nullable=False, server_default="keep"),
    instant("withdrawn_at", nullable=True),
    CheckConstraint("continuation IN ('keep', 'restart')", name="continuation_is_known"),
    Index("schedule_versions_created_idx", "created_at"),
)

# Everybody whom a definition names that is in force or will be: they cannot be deleted without the schedule being told.
schedule_participants = Table(
    "schedule_participants",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id"), primary_key=True),
    Index("schedule_participants_user_idx", "user_id"),
)

schedule_team_turns = Table(
    "schedule_team_turns",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), primary_key=True),
    Index("schedule_team_turns_team_idx", "team_id"),
)

schedule_nestings = Table(
    "schedule_nestings",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    Column("nested_id", UUID(as_uuid=True), ForeignKey("schedules.id"), primary_key=True),
    Index("schedule_nestings_nested_idx", "nested_id"),
)

schedule_overrides = Table(
    "schedule_overrides",
    metadata,
    id_column(),
    seq_column(),
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False),
    instant("start_at"),
    instant("end_at"),
    Column("user_id", UUID(as_uuid=True), nullable=True),
    Column("replaces_user_id", UUID(as_uuid=True), nullable=True),
    Column("reason", String, nullable=False, server_default=""),
    Column("author", String, nullable=False, server_default=""),
    instant("created_at"),
    instant("removed_at", nullable=True),
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

schedule_temporaries = Table(
    "schedule_temporaries",
    metadata,
    id_column(),
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), nullable=False),
    instant("start_at"),
    instant("end_at"),
    # [{start, end, user_ids}], instants as RFC 3339
    Column("shifts", JSONB, nullable=False),
    Column("author", String, nullable=False),
    instant("created_at"),
    instant("removed_at", nullable=True),
    CheckConstraint("start_at < end_at", name="ends_after_it_starts"),
    Index("schedule_temporaries_schedule_idx", "schedule_id", "end_at"),
    Index("schedule_temporaries_end_idx", "end_at"),
)

unavailability = Table(
    "unavailability",
    metadata,
    id_column(),
    Column("user_id", UUID(as_uuid=True), nullable=False),
    instant("start_at"),
    instant("end_at"),
    Column("cover_user_id", UUID(as_uuid=True), nullable=True),
    Column("reason", String, nullable=False),
    # Which calendar said so (NULL: a person did, or it is gone with its owner), and its own name for the event.
    Column("source_id", UUID(as_uuid=True), ForeignKey("calendar_sources.id", ondelete="SET NULL"), nullable=True),
    Column("uid", String, nullable=True),
    Column("author", String, nullable=False),
    instant("created_at"),
    instant("removed_at", nullable=True),
    CheckConstraint("start_at < end_at", name="ends_after_it_starts"),
    CheckConstraint("user_id <> cover_user_id", name="nobody_covers_for_themselves"),
    Index("unavailability_user_idx", "user_id", "end_at"),
    Index("unavailability_source_idx", "source_id"),
    Index("unavailability_cover_idx", "cover_user_id", "end_at", postgresql_where=text("cover_user_id IS NOT NULL")),
)

# Who was on call from `from_at` on, because of what: append only, so that nothing that comes later changes the past.
schedule_record = Table(
    "schedule_record",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    Column("from_at", DateTime(timezone=True), primary_key=True),
    Column("users", JSONB, nullable=False),
    Column("sources", JSONB, nullable=False),
    Column("tzdata", String, nullable=False),
    instant("recorded_at"),
)

# Calendars of others that are read again and again: a user's absences, or the fixed shifts of a layer.
calendar_sources = Table(
    "calendar_sources",
    metadata,
    id_column(),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), nullable=True),
    Column("layer_id", UUID(as_uuid=True), nullable=True),
    Column("url", String, nullable=False),
    instant("next_at", nullable=True),
    Column("failures", Integer, nullable=False),
    Column("last_error", String, nullable=True),
    # Of the last good copy: what was left out, and when it was read.
    Column("notes", JSONB, nullable=False),
    instant("read_at", nullable=True),
    instant("created_at"),
    instant("removed_at", nullable=True),
    CheckConstraint("(user_id IS NULL) <> (schedule_id IS NULL)", name="belongs_to_a_user_or_a_schedule"),
    CheckConstraint("(schedule_id IS NULL) = (layer_id IS NULL)", name="fills_a_layer_of_its_schedule"),
    CheckConstraint("removed_at IS NULL OR next_at IS NULL", name="what_is_removed_is_not_read"),
    Index("calendar_sources_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("calendar_sources_user_idx", "user_id"),
    Index("calendar_sources_schedule_idx", "schedule_id"),
)

# Who holds the token of a feed reads it, and nothing else; only its hash is kept.
calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), nullable=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id", ondelete="CASCADE"), nullable=True),
    instant("created_at"),
    instant("revoked_at", nullable=True),
    UniqueConstraint("token_hash"),
    CheckConstraint("num_nonnulls(schedule_id, user_id, team_id) = 1", name="is_of_one_schedule_user_or_team"),
    CheckConstraint("octet_length(token_hash) = 32", name="only_a_hash_is_stored"),
    Index("calendar_feeds_schedule_idx", "schedule_id"),
    Index("calendar_feeds_user_idx", "user_id"),
    Index("calendar_feeds_team_idx", "team_id"),
)
