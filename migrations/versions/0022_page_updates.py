"""Those who were paged for an incident are told what has become of it, after all pages."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RANK = "notifications_urgency_is_known"


def upgrade() -> None:
    op.add_column("notices", sa.Column("incident_id", sa.UUID(), nullable=True))
    op.create_foreign_key(op.f("notices_incident_id_fkey"), "notices", "incidents", ["incident_id"], ["id"], ondelete="CASCADE")
    op.create_index("notices_incident_idx", "notices", ["incident_id"], postgresql_where=sa.text("incident_id IS NOT NULL"))
    op.drop_constraint(op.f(RANK), "notifications")
    op.create_check_constraint(op.f(RANK), "notifications", "urgency IN ('high', 'low', 'update')")


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE incident_id IS NOT NULL")
    op.drop_constraint(op.f(RANK), "notifications")
    op.create_check_constraint(op.f(RANK), "notifications", "urgency IN ('high', 'low')")
    op.drop_index("notices_incident_idx", table_name="notices")
    op.drop_column("notices", "incident_id")
