"""Postmortems, their versions, templates and settings; action items."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Interval, PrimaryKeyConstraint, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

postmortems = Table(
    "postmortems",
    metadata,
    id_column(),
    # What was learned stays when a team is gone.
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id", ondelete="SET NULL"), nullable=True),
    Column("title", String, nullable=False),
    Column("body", String, nullable=False),
    Column("factors", ARRAY(String), nullable=False),
    Column("status", String, nullable=False),
    Column("created_by", String, nullable=False),
    instant("created_at"),
    Column("updated_by", String, nullable=False),
    instant("updated_at"),
    Column("published_by", String, nullable=True),
    instant("published_at", nullable=True),
    version_column(),
    CheckConstraint("status IN ('draft', 'published')", name="status_is_known"),
    CheckConstraint(
        "(status = 'published') = (published_at IS NOT NULL) AND (published_at IS NULL) = (published_by IS NULL)",
        name="a_published_one_says_by_whom_and_when",
    ),
    CheckConstraint("octet_length(body) <= 65536", name="a_body_has_a_limit"),
    Index("postmortems_team_idx", "team_id", "id"),
)

# An incident is told of in one postmortem at most.
postmortem_incidents = Table(
    "postmortem_incidents",
    metadata,
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("postmortem_id", UUID(as_uuid=True), ForeignKey("postmortems.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("incident_id"),
    Index("postmortem_incidents_postmortem_idx", "postmortem_id"),
)

postmortem_versions = Table(
    "postmortem_versions",
    metadata,
    Column("postmortem_id", UUID(as_uuid=True), ForeignKey("postmortems.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", String, nullable=False),
    Column("body", String, nullable=False),
    Column("factors", ARRAY(String), nullable=False),
    Column("author", String, nullable=False),
    instant("at"),
    PrimaryKeyConstraint("postmortem_id", "version"),
)

postmortem_templates = Table(
    "postmortem_templates",
    metadata,
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id", ondelete="CASCADE"), nullable=False),
    Column("body", String, nullable=False),
    version_column(),
    PrimaryKeyConstraint("team_id"),
)

# One row at most: where there is none, the settings are those that everybody begins with.
postmortem_settings = Table(
    "postmortem_settings",
    metadata,
    Column("is_the_one", Boolean, nullable=False),
    Column("factors", ARRAY(String), nullable=False),
    Column("due_after", JSONB, nullable=False),
    Column("owed_within", Interval, nullable=False),
    version_column(),
    PrimaryKeyConstraint("is_the_one"),
    CheckConstraint("is_the_one", name="there_is_one"),
)

action_items = Table(
    "action_items",
    metadata,
    id_column(),
    Column("postmortem_id", UUID(as_uuid=True), ForeignKey("postmortems.id", ondelete="CASCADE"), nullable=False),
    Column("title", String, nullable=False),
    Column("detail", String, nullable=False),
    # Empty once the account is gone: the promise stays.
    Column("owner_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="SET NULL"), nullable=True),
    Column("priority", String, nullable=False),
    instant("due_at"),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=True),
    Column("created_by", String, nullable=False),
    instant("created_at"),
    Column("finished_by", String, nullable=True),
    instant("finished_at", nullable=True),
    # When its owner is reminded next; nothing once it is done or dropped.
    instant("next_at", nullable=True),
    Column("last_error", String, nullable=True),
    version_column(),
    CheckConstraint("priority IN ('P1', 'P2', 'P3', 'P4', 'P5')", name="priority_is_known"),
    CheckConstraint("status IN ('open', 'done', 'dropped')", name="status_is_known"),
    CheckConstraint("(status = 'open') = (next_at IS NOT NULL)", name="an_open_one_reminds"),
    CheckConstraint("(status = 'open') = (finished_at IS NULL)", name="a_finished_one_says_when"),
    CheckConstraint("(status = 'dropped') = (reason IS NOT NULL)", name="a_dropped_one_says_why"),
    Index("action_items_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("action_items_postmortem_idx", "postmortem_id", "id"),
    Index("action_items_owner_idx", "owner_id", "id"),
)
