"""Escalation policies: steps and targets as rows, so that the database knows what refers to whom."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Interval,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

escalation_policies = Table(
    "escalation_policies",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), nullable=True),
    Column("repeat", Integer, nullable=False),
    Column("exhausted_retry", Interval, nullable=True),
    Column("escalate_low", Boolean, nullable=False),
    instant("created_at"),
    version_column(),
    CheckConstraint("repeat BETWEEN 0 AND 100", name="repeat_is_sensible"),
)

escalation_steps = Table(
    "escalation_steps",
    metadata,
    Column("policy_id", UUID(as_uuid=True), ForeignKey("escalation_policies.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("delay", Interval, nullable=False),
    Column("strategy", String, nullable=False, server_default="everyone"),
    Column("condition", String, nullable=False, server_default="unacknowledged"),
    Column("severities", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("hours", JSONB, nullable=True),
    Column("priorities", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("in_support_hours", Boolean, nullable=True),
    CheckConstraint("strategy IN ('everyone', 'round_robin')", name="strategy_is_known"),
    CheckConstraint("condition IN ('unacknowledged', 'unresolved')", name="condition_is_known"),
    CheckConstraint("priorities <@ ARRAY['P1', 'P2', 'P3', 'P4', 'P5']", name="priorities_are_known"),
)

escalation_targets = Table(
    "escalation_targets",
    metadata,
    Column("policy_id", UUID(as_uuid=True), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id"), nullable=True),
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id"), nullable=True),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), nullable=True),
    Column("contact_method_id", UUID(as_uuid=True), ForeignKey("contact_methods.id"), nullable=True),
    ForeignKeyConstraint(["policy_id", "step"], ["escalation_steps.policy_id", "escalation_steps.position"], ondelete="CASCADE"),
    CheckConstraint("num_nonnulls(user_id, schedule_id, team_id, contact_method_id) = 1", name="names_exactly_one_target"),
    Index("escalation_targets_user_idx", "user_id"),
    Index("escalation_targets_schedule_idx", "schedule_id"),
    Index("escalation_targets_team_idx", "team_id"),
    Index("escalation_targets_contact_method_idx", "contact_method_id"),
)

# Who was chosen last by steps that page one after the other. It outlives its policy: incidents go on with the snapshot of a deleted one.
escalation_turns = Table(
    "escalation_turns",
    metadata,
    Column("policy_id", UUID(as_uuid=True), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("turn", BigInteger, nullable=False),
)
