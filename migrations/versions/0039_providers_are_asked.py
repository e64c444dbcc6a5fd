"""Providers are asked what became of a message where they do not tell: each such message has an instant at which to ask next.

What is sent in a day over a channel that costs money is counted, and messages that can be changed say how their incident stands.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "inquiries",
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("inquiries_pkey")),
        sa.ForeignKeyConstraint(["notification_id"], ["notifications.id"], name=op.f("inquiries_notification_id_fkey"), ondelete="CASCADE"),
    )
    op.create_table(
        "message_edits",
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("message_edits_pkey")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("message_edits_notification_id_fkey"), ondelete="CASCADE"
        ),
    )
    op.create_index("message_edits_next_at_idx", "message_edits", ["next_at"])
    op.create_table(
        "spending",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "day", name=op.f("spending_pkey")),
    )
    op.create_index("inquiries_next_at_idx", "inquiries", ["next_at"])


def downgrade() -> None:
    op.drop_table("spending")
    op.drop_table("message_edits")
    op.drop_table("inquiries")
