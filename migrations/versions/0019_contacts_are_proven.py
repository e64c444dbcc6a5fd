"""Contact methods are proven: what was sent to prove or to test one, the hash of each code, and what last became of a message there."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("contact_methods", sa.Column("last_proven_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact_methods", sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact_methods", sa.Column("last_error", sa.String(), nullable=True))
    op.create_table(
        "contact_proofs",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("user_id", UUID(as_uuid=True), nullable=False),
        sa.Column("contact_method_id", UUID(as_uuid=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="contact_proofs_pkey"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="contact_proofs_user_id_fkey", ondelete="CASCADE"),
        sa.CheckConstraint("kind IN ('code', 'test')", name=op.f("contact_proofs_kind_is_known")),
        sa.CheckConstraint("(kind = 'code') = (code_hash IS NOT NULL)", name=op.f("contact_proofs_a_code_has_a_hash")),
        sa.CheckConstraint("octet_length(code_hash) = 32", name=op.f("contact_proofs_only_a_hash_is_stored")),
    )
    op.create_index("contact_proofs_address_idx", "contact_proofs", ["channel", "address"])
    op.create_index("contact_proofs_user_idx", "contact_proofs", ["user_id"])


def downgrade() -> None:
    op.drop_table("contact_proofs")
    for column in ("last_error", "last_failed_at", "last_proven_at"):
        op.drop_column("contact_methods", column)
