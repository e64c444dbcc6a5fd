"""A notification rule may repeat its message until somebody acknowledges."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "notification_rules_repeats_within_bounds"


def upgrade() -> None:
    op.add_column("notification_rules", sa.Column("repeat_every", sa.Interval(), nullable=True))
    op.add_column("notification_rules", sa.Column("repeat_at_most", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f(NAME),
        "notification_rules",
        "(repeat_every IS NULL) = (repeat_at_most IS NULL)"
        " AND repeat_every BETWEEN INTERVAL '1 minute' AND INTERVAL '1 hour' AND repeat_at_most BETWEEN 1 AND 20",
    )


def downgrade() -> None:
    op.drop_constraint(op.f(NAME), "notification_rules")
    op.drop_column("notification_rules", "repeat_at_most")
    op.drop_column("notification_rules", "repeat_every")
