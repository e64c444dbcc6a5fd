"""Messages of high urgency are claimed first; attempts can be found by when they were made."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNFINISHED = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("attempts_at_idx", "attempts", ["at"])
    # What an older node adds meanwhile counts as high: better too early than behind.
    op.add_column("notifications", sa.Column("urgency", sa.String(), nullable=False, server_default="high"))
    op.create_check_constraint("urgency_is_known", "notifications", "urgency IN ('high', 'low')")
    op.drop_index("notifications_next_at_idx", "notifications")
    op.create_index("notifications_next_at_idx", "notifications", ["channel", "urgency", "next_at"], postgresql_where=UNFINISHED)


def downgrade() -> None:
    op.drop_index("notifications_next_at_idx", "notifications")
    op.create_index("notifications_next_at_idx", "notifications", ["channel", "next_at"], postgresql_where=UNFINISHED)
    op.drop_constraint(op.f("notifications_urgency_is_known"), "notifications")
    op.drop_column("notifications", "urgency")
    op.drop_index("attempts_at_idx", "attempts")
