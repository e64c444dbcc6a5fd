"""Repetitions are told from other messages; what need not go at once travels as one message; receipts are kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATES = "IN ('sent', 'delivered', 'read', 'failed')"
PACES = "pace IN ('at_once', 'waits', 'digest', 'storm_at_once', 'storm_critical')"


def upgrade() -> None:
    op.add_column("pages", sa.Column("pace", sa.String(), nullable=True))
    op.add_column("pages", sa.Column("goes_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("pages", sa.Column("because", sa.String(), nullable=True))
    op.create_check_constraint(op.f("pages_pace_is_known"), "pages", PACES)
    op.create_index("pages_user_idx", "pages", ["user_id", "created_at"])
    op.add_column("notifications", sa.Column("again", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("notifications", sa.Column("gathers_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notifications", sa.Column("carrier_id", sa.UUID(), nullable=True))
    its_carrier = "(status = 'bundled') = (carrier_id IS NOT NULL)"
    op.create_check_constraint(op.f("notifications_what_is_bundled_has_a_carrier"), "notifications", its_carrier)
    op.create_index(
        "notifications_gathering_idx",
        "notifications",
        ["contact_method_id", "next_at"],
        postgresql_where=sa.text("next_at IS NOT NULL AND gathers_from IS NOT NULL"),
    )
    op.create_table(
        "bundles",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("bundles_pkey")),
    )
    op.create_table(
        "bundle_incidents",
        sa.Column("bundle_id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundles.id"], name=op.f("bundle_incidents_bundle_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("bundle_incidents_incident_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("bundle_id", "incident_id", name=op.f("bundle_incidents_pkey")),
    )
    op.create_index("bundle_incidents_incident_idx", "bundle_incidents", ["incident_id"])
    op.add_column("notifications", sa.Column("receipt", sa.String(), nullable=True))
    op.create_check_constraint(op.f("notifications_receipt_is_known"), "notifications", f"receipt {STATES}")
    op.add_column("attempts", sa.Column("provider_id", sa.String(), nullable=True))
    op.create_index("attempts_provider_idx", "attempts", ["provider_id"], postgresql_where=sa.text("provider_id IS NOT NULL"))
    op.create_table(
        "receipts",
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["notification_id"], ["notifications.id"], name=op.f("receipts_notification_id_fkey"), ondelete="CASCADE"),
        sa.CheckConstraint(f"state {STATES}", name=op.f("receipts_state_is_known")),
        sa.PrimaryKeyConstraint("notification_id", "state", name=op.f("receipts_pkey")),
    )
    # The function is of migration 0021.
    op.execute("CREATE TRIGGER receipts_are_never_rewritten BEFORE UPDATE ON receipts FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite()")


def downgrade() -> None:
    op.drop_table("receipts")
    op.drop_index("attempts_provider_idx", table_name="attempts")
    op.drop_column("attempts", "provider_id")
    op.drop_constraint(op.f("notifications_receipt_is_known"), "notifications")
    op.drop_column("notifications", "receipt")
    op.drop_table("bundle_incidents")
    op.drop_table("bundles")
    op.execute("UPDATE notifications SET status = 'sent', carrier_id = NULL WHERE status = 'bundled'")
    op.drop_index("notifications_gathering_idx", table_name="notifications")
    op.drop_constraint(op.f("notifications_what_is_bundled_has_a_carrier"), "notifications")
    for column in ("carrier_id", "gathers_from", "again"):
        op.drop_column("notifications", column)
    op.drop_index("pages_user_idx", table_name="pages")
    op.drop_constraint(op.f("pages_pace_is_known"), "pages")
    for column in ("because", "goes_at", "pace"):
        op.drop_column("pages", column)
