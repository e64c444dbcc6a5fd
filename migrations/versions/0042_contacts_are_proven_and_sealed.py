"""Contact methods: used only when the one before failed, sealed where they are secrets, and tested; lists say how they stand."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STANDS_IN = "notification_rules_what_stands_in_repeats_as_the_rule_before_it"
MARK = "contact_methods_{}_channel_address_mark_key"


def upgrade() -> None:
    op.add_column("notification_rules", sa.Column("only_after_failure", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_check_constraint(op.f(STANDS_IN), "notification_rules", "NOT only_after_failure OR repeat_every IS NULL")
    op.add_column("notifications", sa.Column("stands_in_for", sa.UUID(), nullable=True))
    op.add_column("contact_methods", sa.Column("address_mark", sa.LargeBinary(), nullable=True))
    op.create_table(
        "contact_tests",
        sa.Column("contact_method_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rang_on_silent", sa.String(), nullable=True),
        sa.Column("rings_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("rang_on_silent IN ('yes', 'no', 'not_tried')", name=op.f("contact_tests_answer_is_known")),
        sa.CheckConstraint("rang_on_silent IS NULL OR answered_at IS NOT NULL", name=op.f("contact_tests_what_is_said_is_an_answer")),
        sa.ForeignKeyConstraint(
            ["contact_method_id"], ["contact_methods.id"], name=op.f("contact_tests_contact_method_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_method_id", name=op.f("contact_tests_pkey")),
    )
    op.create_table(
        "list_standings",
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("list_standings_notification_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("list_standings_incident_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("notification_id", "incident_id", name=op.f("list_standings_pkey")),
    )
    op.create_index("list_standings_new_idx", "list_standings", ["at"], postgresql_where=sa.text("is_new"))
    op.create_index("list_standings_incident_idx", "list_standings", ["incident_id"])
    for owner in ("user_id", "team_id"):
        op.create_unique_constraint(op.f(MARK.format(owner)), "contact_methods", [owner, "channel", "address_mark"])


def downgrade() -> None:
    # What stands in for another message is due never: a node that knows nothing of it leaves it alone, and so does this.
    op.execute("DELETE FROM notifications WHERE stands_in_for IS NOT NULL AND due_at = 'infinity'")
    op.drop_column("notifications", "stands_in_for")
    op.drop_table("list_standings")
    op.drop_table("contact_tests")
    for owner in ("team_id", "user_id"):
        op.drop_constraint(op.f(MARK.format(owner)), "contact_methods")
    op.drop_column("contact_methods", "address_mark")
    op.drop_constraint(op.f(STANDS_IN), "notification_rules")
    op.drop_column("notification_rules", "only_after_failure")
