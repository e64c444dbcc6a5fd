"""Events are listed by their key: those without an alert by an index of their own, which costs the others nothing."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # Seconds for millions of events, in which intake goes on: it would not wait so long for a lock, and refuse. What a build that was
    # broken off has left is of no use. It waits for transactions that are older, and holds up nobody meanwhile.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS events_without_alert_idx")
        op.create_index(
            "events_without_alert_idx",
            "events",
            ["dedup_key", "id"],
            postgresql_where=sa.text("alert_id IS NULL"),
            postgresql_concurrently=True,
        )
        op.execute("SET lock_timeout = '5s'")


def downgrade() -> None:
    op.drop_index("events_without_alert_idx", "events")
