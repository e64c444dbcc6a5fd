"""Users, teams and who is in them."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

users = Table(
    "users",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("time_zone", String, nullable=False),
    Column("org_roles", ARRAY(String), nullable=False),
    Column("quiet_hours", JSONB, nullable=True),
    instant("created_at"),
    version_column(),
    CheckConstraint("org_roles <@ ARRAY['owner', 'admin', 'service_desk', 'stakeholder']::varchar[]", name="org_roles_are_known"),
    Index("users_email_key", text("lower(email)"), unique=True),
)

# What those were called who are gone: what they did, and when they were on call, is told for ever.
former_users = Table(
    "former_users",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    instant("removed_at"),
)

# Schedules and policies belong to teams and teams point back at them: these two keys are added once all tables exist.
teams = Table(
    "teams",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column(
        "schedule_id",
        UUID(as_uuid=True),
        ForeignKey("schedules.id", name="teams_schedule_id_fkey", use_alter=True),
        nullable=True,
    ),
    Column(
        "fallback_policy_id",
        UUID(as_uuid=True),
        ForeignKey("escalation_policies.id", name="teams_fallback_policy_id_fkey", ondelete="SET NULL", use_alter=True),
        nullable=True,
    ),
    instant("created_at"),
    version_column(),
    UniqueConstraint("name"),
    Index("teams_schedule_idx", "schedule_id"),
    Index("teams_fallback_policy_idx", "fallback_policy_id"),
)

team_members = Table(
    "team_members",
    metadata,
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role", String, nullable=False),
    CheckConstraint("role IN ('manager', 'responder', 'observer')", name="role_is_known"),
    Index("team_members_user_idx", "user_id"),
)
