"""People are paged directly, teams are reassigned to, and people are asked to join an incident."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("incidents", sa.Column("assigned_team_id", sa.UUID(), nullable=True))
    op.add_column("incidents", sa.Column("opened_by", postgresql.JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("incidents_it_waits_for_a_person_or_a_team"), "incidents", "num_nonnulls(assigned_to_id, assigned_team_id) <= 1"
    )
    op.create_check_constraint(
        op.f("incidents_an_acknowledged_one_waits_for_no_team"), "incidents", "assigned_team_id IS NULL OR status <> 'acknowledged'"
    )
    op.create_table(
        "responders",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("requested_by", postgresql.JSONB(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", postgresql.JSONB(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("responders_incident_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("responders_pkey")),
        sa.UniqueConstraint("incident_id", "nth", name="responders_are_numbered_by_incident"),
        sa.CheckConstraint("state IN ('requested', 'accepted', 'declined', 'cancelled')", name=op.f("responders_state_is_known")),
        sa.CheckConstraint("(state = 'requested') = (answered_at IS NULL)", name=op.f("responders_only_an_open_request_has_no_answer")),
    )
    op.create_index(
        "responders_one_open_request_per_person",
        "responders",
        ["incident_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("state = 'requested'"),
    )


def downgrade() -> None:
    op.drop_table("responders")
    op.drop_constraint(op.f("incidents_an_acknowledged_one_waits_for_no_team"), "incidents")
    op.drop_constraint(op.f("incidents_it_waits_for_a_person_or_a_team"), "incidents")
    op.drop_column("incidents", "opened_by")
    op.drop_column("incidents", "assigned_team_id")
