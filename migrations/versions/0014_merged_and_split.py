"""Two incidents may be one, and one may be two: each says where its alerts went, or came from."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("incidents", sa.Column("merged_into_id", UUID(as_uuid=True), nullable=True))
    op.add_column("incidents", sa.Column("split_from_id", UUID(as_uuid=True), nullable=True))
    op.create_check_constraint("a_merged_one_is_over", "incidents", "merged_into_id IS NULL OR status IN ('resolved', 'closed')")


def downgrade() -> None:
    op.drop_constraint("incidents_a_merged_one_is_over", "incidents")
    op.drop_column("incidents", "split_from_id")
    op.drop_column("incidents", "merged_into_id")
