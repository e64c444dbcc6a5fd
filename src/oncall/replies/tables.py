"""Codes by which people answer text messages, what came from each number in vain, and what providers are to be asked about."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint
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

# Messages that their provider is asked about, until it says its last word.
inquiries = Table(
    "inquiries",
    metadata,
    Column("notification_id", UUID(as_uuid=True), ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String, nullable=False),
    Column("provider_id", String, nullable=False),
    instant("sent_at"),
    Column("asked", Integer, nullable=False),
    instant("next_at"),
    Index("inquiries_next_at_idx", "next_at"),
)
