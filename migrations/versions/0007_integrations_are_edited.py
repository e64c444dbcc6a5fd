"""Integrations are edited, have up to two keys so that one can be changed without a gap, and may ask their senders for more than a key."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("integrations", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("integrations", sa.Column("mapping", JSONB(), nullable=True))
    op.add_column("integrations", sa.Column("authentication", sa.LargeBinary(), nullable=True))
    op.add_column("integrations", sa.Column("on_unreadable", sa.String(), server_default="page", nullable=False))
    op.create_check_constraint("on_unreadable_is_known", "integrations", "on_unreadable IN ('page', 'record')")
    op.create_table(
        "integration_keys",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("integration_id", UUID(as_uuid=True), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_prefix", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="integration_keys_pkey"),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], name="integration_keys_integration_id_fkey", ondelete="CASCADE"),
        sa.UniqueConstraint("key_hash", name="integration_keys_key_hash_key"),
        sa.UniqueConstraint("integration_id", "slot", name="integration_keys_at_most_two"),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("integration_keys_only_a_hash_is_stored")),
        sa.CheckConstraint("slot IN (1, 2)", name=op.f("integration_keys_slot_is_known")),
    )
    # Every integration has had one key; it is as old as the integration, and may have its id.
    op.execute("""
        INSERT INTO integration_keys (id, integration_id, slot, key_hash, key_prefix, created_at)
        SELECT id, id, 1, key_hash, key_prefix, created_at FROM integrations
    """)
    op.drop_column("integrations", "key_hash")
    op.drop_column("integrations", "key_prefix")


def downgrade() -> None:
    op.add_column("integrations", sa.Column("key_hash", sa.LargeBinary(), nullable=True))
    op.add_column("integrations", sa.Column("key_prefix", sa.String(), nullable=True))
    # There is room for one: the newest, which senders are being moved to.
    op.execute("""
        UPDATE integrations SET key_hash = newest.key_hash, key_prefix = newest.key_prefix
        FROM (SELECT DISTINCT ON (integration_id) * FROM integration_keys ORDER BY integration_id, created_at DESC, id DESC) AS newest
        WHERE newest.integration_id = integrations.id
    """)
    op.alter_column("integrations", "key_hash", nullable=False)
    op.alter_column("integrations", "key_prefix", nullable=False)
    op.create_unique_constraint("integrations_key_hash_key", "integrations", ["key_hash"])
    op.create_check_constraint("only_a_hash_is_stored", "integrations", "octet_length(key_hash) = 32")
    op.drop_table("integration_keys")
    for column in ("on_unreadable", "authentication", "mapping", "version"):
        op.drop_column("integrations", column)
