"""Reports: how long it took until everybody else was told of an incident for the first time."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What was measured before: status updates are few, and each is found by `status_updates_incident_idx`.
KNOWN = """
    UPDATE incident_measures m SET first_update_seconds = CAST(extract(epoch FROM first.at - m.opened_at) AS integer)
    FROM (SELECT incident_id, min(at) AS at FROM status_updates GROUP BY incident_id) first
    WHERE first.incident_id = m.incident_id
"""


def upgrade() -> None:
    op.add_column("incident_measures", sa.Column("first_update_seconds", sa.Integer(), nullable=True))
    op.execute(KNOWN)


def downgrade() -> None:
    op.drop_column("incident_measures", "first_update_seconds")
