"""Steps that page one after the other, only at some severities, in some hours, until it is resolved; and teams as targets."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("escalation_steps", sa.Column("strategy", sa.String(), nullable=False, server_default="everyone"))
    op.add_column("escalation_steps", sa.Column("condition", sa.String(), nullable=False, server_default="unacknowledged"))
    severities = sa.Column("severities", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'::text[]"))
    op.add_column("escalation_steps", severities)
    op.add_column("escalation_steps", sa.Column("hours", postgresql.JSONB(), nullable=True))
    op.create_check_constraint("strategy_is_known", "escalation_steps", "strategy IN ('everyone', 'round_robin')")
    known = "condition IN ('unacknowledged', 'unresolved')"
    op.create_check_constraint("condition_is_known", "escalation_steps", known)
    op.add_column("escalation_targets", sa.Column("team_id", sa.UUID(), nullable=True))
    op.create_foreign_key("escalation_targets_team_id_fkey", "escalation_targets", "teams", ["team_id"], ["id"])
    op.create_index("escalation_targets_team_idx", "escalation_targets", ["team_id"])
    _one_of("user_id, schedule_id, team_id")
    op.create_table(
        "escalation_turns",
        sa.Column("policy_id", sa.UUID(), primary_key=True),
        sa.Column("step", sa.Integer(), primary_key=True),
        sa.Column("user_id", sa.UUID(), primary_key=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
    )
    op.add_column("pages", sa.Column("until_resolved", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("pages", "until_resolved")
    op.drop_table("escalation_turns")
    op.execute("DELETE FROM escalation_targets WHERE team_id IS NOT NULL")
    _one_of("user_id, schedule_id")
    op.drop_index("escalation_targets_team_idx", "escalation_targets")
    op.drop_column("escalation_targets", "team_id")
    for column in ("hours", "severities", "condition", "strategy"):
        op.drop_column("escalation_steps", column)


def _one_of(columns: str) -> None:
    name = "names_exactly_one_target"
    op.drop_constraint(name, "escalation_targets", type_="check")
    op.create_check_constraint(name, "escalation_targets", f"num_nonnulls({columns}) = 1")
