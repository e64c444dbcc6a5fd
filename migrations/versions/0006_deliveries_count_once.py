"""A sender's own delivery id: one that comes again counts once. Alerts as other tools' APIs look them up."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("events", sa.Column("delivery_id", sa.String(), nullable=True))
    # No row has one yet, but the table is read once for it, as alerts are below: seconds for millions.
    op.create_index(
        "events_once_per_delivery",
        "events",
        ["integration_id", "delivery_id"],
        unique=True,
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
    )

    op.create_index("alerts_service_idx", "alerts", ["service_id", "id"])
    op.create_index(
        "alerts_correlated_idx",
        "alerts",
        ["service_id", sa.text("md5(details ->> 'resource')")],
        postgresql_where=sa.text("state = 'open' AND details ? 'correlate'"),
    )


def downgrade() -> None:
    op.drop_index("alerts_correlated_idx", "alerts")
    op.drop_index("alerts_service_idx", "alerts")
    op.drop_index("events_once_per_delivery", "events")
    op.drop_column("events", "delivery_id")
