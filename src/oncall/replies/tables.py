"""Codes by which people answer text messages, and what came from each number in vain."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import UUID

from oncall.kit.db import instant, metadata

# At one number a code means one message: the primary key says so.
reply_codes = Table(
    "reply_codes",
    metadata,
    Column("address", String, primary_key=True),
    Column("code", String, primary_key=True),
    Column("notification_id", UUID(as_uuid=True), ForeignKey("notifications.id", ondelete="CASCADE"), nullable=False),
    instant("created_at"),
    UniqueConstraint("notification_id", name="reply_codes_once_per_notification"),
    CheckConstraint("code ~ '^[0-9]{4}$'", name="a_code_has_four_digits"),
)

reply_tries = Table(
    "reply_tries",
    metadata,
    Column("address", String, primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    instant("since"),
)
