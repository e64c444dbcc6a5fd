"""Events are listed by their key: those without an alert by an index of their own, which costs the others nothing."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # As in 0013 it takes seconds for millions of events, and intake waits.
    op.create_index("events_without_alert_idx", "events", ["dedup_key", "id"], postgresql_where=sa.text("alert_id IS NULL"))


def downgrade() -> None:
    op.drop_index("events_without_alert_idx", "events")
