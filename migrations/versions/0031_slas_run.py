"""SLAs of services, and what runs of what is promised to an incident; listeners to the timelines of some incidents."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("slas", sa.Column("round_the_clock", ARRAY(sa.String()), server_default="{}", nullable=False))
    op.add_column("services", sa.Column("sla_id", UUID(as_uuid=True), nullable=True))
    op.create_foreign_key("services_sla_id_fkey", "services", "slas", ["sla_id"], ["id"])
    op.create_index("services_sla_idx", "services", ["sla_id"])
    for name in ("acknowledge_at_risk_at", "resolve_at_risk_at", "update_at_risk_at"):
        op.add_column("incident_records", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident_records", sa.Column("resolve_left", sa.Interval(), nullable=True))
    op.create_index("incident_records_marks_idx", "incident_records", ["marks"], postgresql_using="gin")
    op.create_table(
        "timeline_followers",
        sa.Column("incident_id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "name", name="timeline_followers_pkey"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="timeline_followers_incident_id_fkey", ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("timeline_followers")
    op.drop_index("incident_records_marks_idx", "incident_records")
    for name in ("acknowledge_at_risk_at", "resolve_at_risk_at", "update_at_risk_at", "resolve_left"):
        op.drop_column("incident_records", name)
    op.drop_column("services", "sla_id")
    op.drop_column("slas", "round_the_clock")
