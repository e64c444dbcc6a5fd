"""People answer text messages: each carries a code that means one message at one number, and what nobody asked for is counted."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "reply_codes",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", "code", name=op.f("reply_codes_pkey")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("reply_codes_notification_id_fkey"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("notification_id", name="reply_codes_once_per_notification"),
        sa.CheckConstraint("code ~ '^[0-9]{4}$'", name=op.f("reply_codes_a_code_has_four_digits")),
    )
    op.create_table(
        "reply_tries",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("reply_tries_pkey")),
    )
    op.create_index("bundles_notification_idx", "bundles", ["notification_id"])


def downgrade() -> None:
    op.drop_index("bundles_notification_idx", table_name="bundles")
    op.drop_table("reply_tries")
    op.drop_table("reply_codes")
