"""Attempts can be found by when they were made: health asks for the latest."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("attempts_at_idx", "attempts", ["at"])


def downgrade() -> None:
    op.drop_index("attempts_at_idx", "attempts")
