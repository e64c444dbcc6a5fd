"""What change events say is kept; alerts know until when their monitor's word holds, and are found by whatever people know of them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "change_events",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=False),
        sa.Column("integration_id", UUID(as_uuid=True), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("labels", JSONB(), nullable=False),
        sa.Column("links", JSONB(), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="change_events_pkey"),
    )
    # Of those that came before, what the journal holds: the rest is in their bodies, while these are kept.
    op.execute("""
        INSERT INTO change_events (id, service_id, integration_id, occurred_at, received_at, summary, source, labels, links, details)
        SELECT id, service_id, integration_id, occurred_at, received_at, summary, '', '{}', '[]', '{}'
        FROM events WHERE decision = 'change_recorded'
    """)
    op.create_index("change_events_service_idx", "change_events", ["service_id", "occurred_at", "id"])
    op.create_index("change_events_integration_idx", "change_events", ["integration_id", "occurred_at", "id"])
    op.create_index("change_events_occurred_at_idx", "change_events", ["occurred_at", "id"])

    # Events are looked for by their alert, and an incident's are those of its alerts: one index instead of another, so that taking events
    # costs what it did. As in 0006 it takes seconds for millions, and intake waits.
    op.create_index("events_alert_idx", "events", ["alert_id", "id"], postgresql_where=sa.text("alert_id IS NOT NULL"))
    op.drop_index("events_incident_idx", "events")

    op.add_column("alerts", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("alerts_dedup_key_idx", "alerts", ["dedup_key", "id"])
    op.create_index("alerts_integration_idx", "alerts", ["integration_id", "id"])
    op.create_index("alerts_severity_idx", "alerts", ["severity", "id"])
    op.create_index("alerts_open_idx", "alerts", ["id"], postgresql_where=sa.text("state = 'open'"))


def downgrade() -> None:
    for name in ("alerts_open_idx", "alerts_severity_idx", "alerts_integration_idx", "alerts_dedup_key_idx"):
        op.drop_index(name, "alerts")
    op.drop_column("alerts", "expires_at")
    op.create_index("events_incident_idx", "events", ["incident_id", "id"], postgresql_where=sa.text("incident_id IS NOT NULL"))
    op.drop_index("events_alert_idx", "events")
    op.drop_table("change_events")
