"""Notices: messages that are about no incident travel in the same queue as those of pages."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OF_A_PAGE = ("page_id", "incident_id", "cycle", "round", "step")


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("user_id", UUID(as_uuid=True), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="notices_pkey"),
        sa.UniqueConstraint("topic", name="notices_once_per_topic"),
        sa.CheckConstraint("urgency IN ('high', 'low')", name=op.f("notices_urgency_is_known")),
    )
    # An older node goes on to add messages of pages, and to send them; it takes no notice to the wire.
    op.add_column("notifications", sa.Column("notice_id", UUID(as_uuid=True), nullable=True))
    op.create_foreign_key("notifications_notice_id_fkey", "notifications", "notices", ["notice_id"], ["id"], ondelete="CASCADE")
    for column in OF_A_PAGE:
        op.alter_column("notifications", column, nullable=True)
    op.create_check_constraint("is_of_one_page_or_one_notice", "notifications", "num_nonnulls(page_id, notice_id) = 1")
    op.create_check_constraint(
        "a_page_has_a_whole_position_and_a_notice_none",
        "notifications",
        "num_nonnulls(incident_id, cycle, round, step) = CASE WHEN page_id IS NULL THEN 0 ELSE 4 END",
    )
    op.create_index(
        "notifications_once_per_notice_and_contact_method",
        "notifications",
        ["notice_id", "nth", "contact_method_id"],
        unique=True,
        postgresql_where=sa.text("notice_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM notifications WHERE notice_id IS NOT NULL")
    op.drop_constraint(op.f("notifications_a_page_has_a_whole_position_and_a_notice_none"), "notifications")
    op.drop_constraint(op.f("notifications_is_of_one_page_or_one_notice"), "notifications")
    for column in OF_A_PAGE:
        op.alter_column("notifications", column, nullable=False)
    op.drop_column("notifications", "notice_id")
    op.drop_table("notices")
