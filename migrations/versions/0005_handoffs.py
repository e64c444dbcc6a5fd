"""Swaps, what people want to be told of their shifts, and up to when they were told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def check(name: str, what: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(what, name=op.f(f"swaps_{name}"))


def upgrade() -> None:
    op.create_table(
        "swaps",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("schedule_id", UUID(as_uuid=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("giver", UUID(as_uuid=True), nullable=False),
        sa.Column("taker", UUID(as_uuid=True), nullable=True),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("return_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("override_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
        sa.Column("topic", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="swaps_pkey"),
        sa.UniqueConstraint("topic", name="swaps_topic_key"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="swaps_schedule_id_fkey", ondelete="CASCADE"),
        check("kind_is_known", "kind IN ('offer', 'ask')"),
        check("status_is_known", "status IN ('open', 'taken', 'declined', 'withdrawn', 'undone')"),
        check("ends_after_it_starts", "start_at < end_at"),
        check("nobody_swaps_with_themselves", "giver <> taker"),
        check("whoever_asks_is_the_taker", "kind = 'offer' OR taker IS NOT NULL"),
        check("what_is_returned_has_two_ends", "(return_start_at IS NULL) = (return_end_at IS NULL)"),
        check("only_an_open_one_is_undecided", "(status = 'open') = (decided_at IS NULL)"),
    )
    op.create_index("swaps_schedule_idx", "swaps", ["schedule_id", "id"])
    op.create_table(
        "handoff_preferences",
        sa.Column("user_id", UUID(as_uuid=True), nullable=False),
        sa.Column("before", ARRAY(sa.Interval()), nullable=False),
        sa.Column("at_start", sa.Boolean(), nullable=False),
        sa.Column("at_end", sa.Boolean(), nullable=False),
        sa.Column("quiet_time", sa.Interval(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="handoff_preferences_pkey"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="handoff_preferences_user_id_fkey", ondelete="CASCADE"),
    )
    op.create_table(
        "handoff_watches",
        sa.Column("schedule_id", UUID(as_uuid=True), nullable=False),
        sa.Column("told_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", name="handoff_watches_pkey"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="handoff_watches_schedule_id_fkey", ondelete="CASCADE"),
    )
    op.create_index("handoff_watches_next_at_idx", "handoff_watches", ["next_at"])


def downgrade() -> None:
    for table in ("handoff_watches", "handoff_preferences", "swaps"):
        op.drop_table(table)
