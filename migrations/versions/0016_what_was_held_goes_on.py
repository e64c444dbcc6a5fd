"""What an incident was before it was held: it is that again when nothing holds it any more."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("incidents", sa.Column("held_from", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("incidents", "held_from")
