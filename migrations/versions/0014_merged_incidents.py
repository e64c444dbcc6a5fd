"""Incidents are merged and split: where their alerts went, and when an alert came into its incident from another one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for name in ("merged_into_id", "split_from_id"):
        op.add_column("incidents", sa.Column(name, UUID(as_uuid=True), nullable=True))
        op.create_foreign_key(f"incidents_{name}_fkey", "incidents", "incidents", [name], ["id"])
    op.create_check_constraint("a_merged_one_is_over", "incidents", "merged_into_id IS NULL OR status IN ('resolved', 'closed')")
    op.create_check_constraint("none_is_merged_into_itself", "incidents", "merged_into_id <> id")
    op.add_column("alerts", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("alerts", "moved_at")
    op.drop_constraint("none_is_merged_into_itself", "incidents", type_="check")
    op.drop_constraint("a_merged_one_is_over", "incidents", type_="check")
    for name in ("split_from_id", "merged_into_id"):
        op.drop_constraint(f"incidents_{name}_fkey", "incidents", type_="foreignkey")
        op.drop_column("incidents", name)
