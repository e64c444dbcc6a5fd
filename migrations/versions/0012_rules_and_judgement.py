"""Routing rules; and how a service judges its events: grouping, flapping, threshold, delay."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0012"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SETTINGS = ("grouping", "flapping", "threshold", "delay")


def upgrade() -> None:
    # None of them rewrites a row: null, or a constant default.
    for name in SETTINGS:
        op.add_column("services", sa.Column(name, JSONB(), nullable=True))
    op.add_column("services", sa.Column("group_max_age", sa.Interval(), nullable=False, server_default=sa.text("'24:00:00'::interval")))
    op.create_check_constraint("grouping_is_known", "services", "grouping ->> 'type' IN ('labels', 'window', 'all')")
    op.create_check_constraint("group_max_age_is_a_minute_at_least", "services", "group_max_age >= interval '1 minute'")
    op.add_column("integrations", sa.Column("auto_resolve_after", sa.Interval(), nullable=True))
    op.create_check_constraint("auto_resolve_after_is_a_minute_at_least", "integrations", "auto_resolve_after >= interval '1 minute'")


def downgrade() -> None:
    op.drop_column("integrations", "auto_resolve_after")
    for name in (*SETTINGS, "group_max_age"):
        op.drop_column("services", name)
