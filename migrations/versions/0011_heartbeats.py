"""Heartbeats, what happened to them, their latest check-ins, and when somebody last listened."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def check(name: str, what: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(what, name=op.f(name))


def upgrade() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("every", sa.Interval(), nullable=False),
        sa.Column("grace", sa.Interval(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("allow_get", sa.Boolean(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("labels", JSONB(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_prefix", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("last_check_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_in_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unheard", sa.Interval(), server_default=sa.text("'00:00:00'"), nullable=False),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.String(), nullable=True),
        sa.Column("paused_by", sa.String(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="heartbeats_pkey"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="heartbeats_service_id_fkey"),
        sa.UniqueConstraint("service_id", "name", name="heartbeats_name_is_unique_in_its_service"),
        sa.UniqueConstraint("key_hash", name="heartbeats_key_hash_key"),
        check("heartbeats_only_a_hash_is_stored", "octet_length(key_hash) = 32"),
        check("heartbeats_severity_is_known", "severity IN ('critical', 'error', 'warning', 'info', 'unknown')"),
        check("heartbeats_waits_for_something", "every > '0 s' AND grace >= '0 s'"),
        check("heartbeats_a_clock_has_a_start", "(silent_since IS NULL) = (counts_from IS NULL)"),
        check("heartbeats_a_new_one_does_not_expire", "counts_from IS NULL OR last_check_in_at IS NOT NULL"),
        check("heartbeats_a_paused_one_does_not_expire", "counts_from IS NULL OR paused_until IS NULL"),
        check(
            "heartbeats_is_due_while_its_clock_runs_or_it_is_paused",
            "(next_at IS NOT NULL) = (counts_from IS NOT NULL OR paused_until IS NOT NULL)",
        ),
        check(
            "heartbeats_a_pause_has_an_end_a_reason_and_an_author",
            "num_nulls(paused_at, paused_until, pause_reason, paused_by) IN (0, 4)",
        ),
    )
    op.create_index("heartbeats_next_at_idx", "heartbeats", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_table(
        "heartbeat_changes",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("heartbeat_id", UUID(as_uuid=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="heartbeat_changes_pkey"),
        sa.ForeignKeyConstraint(["heartbeat_id"], ["heartbeats.id"], name="heartbeat_changes_heartbeat_id_fkey", ondelete="CASCADE"),
    )
    op.create_index("heartbeat_changes_heartbeat_idx", "heartbeat_changes", ["heartbeat_id", "id"])
    op.create_table(
        "heartbeat_check_ins",
        sa.Column("heartbeat_id", UUID(as_uuid=True), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("heartbeat_id", "slot", name="heartbeat_check_ins_pkey"),
        sa.ForeignKeyConstraint(["heartbeat_id"], ["heartbeats.id"], name="heartbeat_check_ins_heartbeat_id_fkey", ondelete="CASCADE"),
        check("heartbeat_check_ins_only_the_latest_are_kept", "slot BETWEEN 0 AND 99"),
    )
    op.create_table(
        "heartbeat_listening",
        sa.Column("single", sa.Boolean(), nullable=False),
        sa.Column("heard_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("single", name="heartbeat_listening_pkey"),
        check("heartbeat_listening_there_is_one_row", "single"),
    )


def downgrade() -> None:
    for table in ("heartbeat_listening", "heartbeat_check_ins", "heartbeat_changes", "heartbeats"):
        op.drop_table(table)
