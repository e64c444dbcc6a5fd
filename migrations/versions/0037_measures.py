"""Reports: what is counted of each incident that is over, and the index by which those are found."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "incident_measures",
        sa.Column("incident_id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("category_id", UUID(as_uuid=True), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("acknowledge_seconds", sa.Integer(), nullable=True),
        sa.Column("resolve_seconds", sa.Integer(), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("no_action", sa.Boolean(), nullable=False),
        sa.Column("acknowledged_in_time", sa.Boolean(), nullable=True),
        sa.Column("resolved_in_time", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("incident_id", name="incident_measures_pkey"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="incident_measures_incident_id_fkey", ondelete="CASCADE"),
    )
    op.create_index("incident_measures_opened_at_idx", "incident_measures", ["opened_at"])
    op.create_index("incident_measures_settled_at_idx", "incident_measures", ["settled_at"])
    # Only an incident that is over is in it: while one is open, nothing of it is written here.
    op.create_index(
        "incidents_settled_at_idx",
        "incidents",
        [sa.text("coalesce(closed_at, resolved_at)")],
        postgresql_where=sa.text("status IN ('resolved', 'closed')"),
    )


def downgrade() -> None:
    op.drop_index("incidents_settled_at_idx", table_name="incidents")
    op.drop_table("incident_measures")
