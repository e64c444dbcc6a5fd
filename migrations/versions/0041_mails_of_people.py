"""People report by mail: whose mails come in by an integration, and which mails of reporters were heard and sent."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("integrations", sa.Column("reporter_kind", sa.String(), server_default="monitor", nullable=False))
    op.create_check_constraint(
        op.f("integrations_reporter_kind_is_known"), "integrations", "reporter_kind IN ('employee', 'customer', 'vendor', 'monitor')"
    )
    op.create_table(
        "reporter_mails",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=True),
        sa.Column("became", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_by", sa.UUID(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("proves", sa.Boolean(), nullable=False),
        sa.CheckConstraint("became IN ('incident', 'note', 'sent', 'word')", name=op.f("reporter_mails_became_is_known")),
        sa.CheckConstraint("(heard_by IS NULL) = (message_id IS NULL)", name=op.f("reporter_mails_what_was_heard_says_where")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="reporter_mails_incident_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="reporter_mails_pkey"),
        sa.UniqueConstraint("message_id", "heard_by", name="reporter_mails_heard_once"),
    )
    op.create_index("reporter_mails_address_idx", "reporter_mails", ["address", "at"])
    op.create_index("reporter_mails_proven_idx", "reporter_mails", ["address"], postgresql_where=sa.text("proves"))
    op.create_index("reporter_mails_heard_by_idx", "reporter_mails", ["heard_by", "at"], postgresql_where=sa.text("heard_by IS NOT NULL"))
    op.create_index("reporter_mails_incident_idx", "reporter_mails", ["incident_id", "at"])
    op.create_index("incidents_follows_idx", "incidents", ["follows_id", "id"], postgresql_where=sa.text("follows_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("incidents_follows_idx", table_name="incidents")
    op.drop_table("reporter_mails")
    op.drop_constraint(op.f("integrations_reporter_kind_is_known"), "integrations")
    op.drop_column("integrations", "reporter_kind")
