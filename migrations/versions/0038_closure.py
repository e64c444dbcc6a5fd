"""What is resolved and waits for its closure is found by an index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "incidents_awaiting_closure_idx", "incidents", ["id"], postgresql_where=sa.text("status = 'resolved' AND process = 'itil'")
    )


def downgrade() -> None:
    op.drop_index("incidents_awaiting_closure_idx", table_name="incidents")
