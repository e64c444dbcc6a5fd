"""An end finds its alert in whatever service it is open: the index of open alerts begins with their key."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _index("dedup_key", "service_id")


def downgrade() -> None:
    _index("service_id", "dedup_key")


def _index(*columns: str) -> None:
    op.drop_index("alerts_one_open_per_key", "alerts")
    op.create_index("alerts_one_open_per_key", "alerts", list(columns), unique=True, postgresql_where=sa.text("state = 'open'"))
