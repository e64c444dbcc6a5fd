"""The one table of access."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import UUID

from oncall.kit.db import id_column, instant, metadata

api_keys = Table(
    "api_keys",
    metadata,
    id_column(),
    Column("prefix", String, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("name", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    instant("created_at"),
    instant("revoked_at", nullable=True),
    UniqueConstraint("key_hash"),
    CheckConstraint("scope IN ('read', 'respond', 'admin')", name="scope_is_known"),
    CheckConstraint("octet_length(key_hash) = 32", name="only_a_hash_is_stored"),
    Index("api_keys_user_idx", "user_id"),
)
