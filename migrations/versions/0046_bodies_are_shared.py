"""Events that came in the very same bytes within a moment share a body: where it lies is beside its id."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0046"
down_revision: str | None = "0045"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("events", sa.Column("body_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("""
        INSERT INTO event_bodies (id, received_at, content_type, raw, headers)
        SELECT b.id, e.received_at, b.content_type, b.raw, b.headers
        FROM events e JOIN event_bodies b ON b.id = e.body_id AND b.received_at = e.body_at
        ON CONFLICT DO NOTHING
    """)
    op.drop_column("events", "body_at")
