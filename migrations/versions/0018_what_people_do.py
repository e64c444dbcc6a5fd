"""What people do with an incident: put it off until an instant, reassign it to a person, say that they are still on it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECKS = {
    "a_snoozed_one_says_until_when": "(escalation_state = 'snoozed') = (snoozed_until IS NOT NULL)",
    "only_an_acknowledged_one_is_snoozed": "snoozed_until IS NULL OR status = 'acknowledged'",
    "only_an_acknowledged_one_is_affirmed": "affirmed_at IS NULL OR status = 'acknowledged'",
    "an_acknowledged_one_waits_for_nobody_else": "assigned_to_id IS NULL OR status <> 'acknowledged'",
}


def upgrade() -> None:
    op.add_column("incidents", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incidents", sa.Column("affirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incidents", sa.Column("assigned_to_id", sa.Uuid(), nullable=True))
    for name, check in CHECKS.items():
        op.create_check_constraint(op.f(f"incidents_{name}"), "incidents", check)


def downgrade() -> None:
    op.execute("UPDATE incidents SET escalation_state = 'stopped', snoozed_until = NULL WHERE escalation_state = 'snoozed'")
    for name in CHECKS:
        op.drop_constraint(op.f(f"incidents_{name}"), "incidents", type_="check")
    op.drop_column("incidents", "assigned_to_id")
    op.drop_column("incidents", "affirmed_at")
    op.drop_column("incidents", "snoozed_until")
