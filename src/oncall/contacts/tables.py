"""Contact methods, what was sent to prove them, and notification rules."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Interval,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from oncall.kit.db import id_column, instant, metadata

contact_methods = Table(
    "contact_methods",
    metadata,
    id_column(),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), nullable=True),
    # Of a team: what a policy points at as a channel.
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), nullable=True),
    Column("channel", String, nullable=False),
    # Of a channel whose addresses are secrets: what is shown of it, then the whole of it sealed.
    Column("address", String, nullable=False),
    # Of a sealed one: the same for the same address.
    Column("address_mark", LargeBinary, nullable=True),
    instant("verified_at", nullable=True),
    instant("created_at"),
    instant("last_proven_at", nullable=True),
    instant("last_failed_at", nullable=True),
    Column("last_error", String, nullable=True),
    UniqueConstraint("user_id", "channel", "address"),
    UniqueConstraint("team_id", "channel", "address"),
    UniqueConstraint("user_id", "channel", "address_mark"),
    UniqueConstraint("team_id", "channel", "address_mark"),
    CheckConstraint("num_nonnulls(user_id, team_id) = 1", name="is_of_one_user_or_of_one_team"),
    # What the rules' foreign key points at.
    UniqueConstraint("user_id", "id"),
)

notification_rules = Table(
    "notification_rules",
    metadata,
    id_column(),
    Column("user_id", UUID(as_uuid=True), nullable=False),
    Column("urgency", String, nullable=False),
    Column("delay", Interval, nullable=False),
    Column("contact_method_id", UUID(as_uuid=True), nullable=False),
    instant("created_at"),
    Column("repeat_every", Interval, nullable=True),
    Column("repeat_at_most", Integer, nullable=True),
    # Used only when the message of the rule before it failed.
    Column("only_after_failure", Boolean, nullable=False, server_default=text("false")),
    # Over both columns, so that nobody's rule can name a method of somebody else; a deleted user takes methods and rules along.
    ForeignKeyConstraint(["user_id", "contact_method_id"], ["contact_methods.user_id", "contact_methods.id"], ondelete="CASCADE"),
    CheckConstraint("urgency IN ('high', 'low')", name="urgency_is_known"),
    CheckConstraint("delay >= INTERVAL '0'", name="delay_is_not_negative"),
    CheckConstraint("NOT only_after_failure OR repeat_every IS NULL", name="what_stands_in_repeats_as_the_rule_before_it"),
    CheckConstraint(
        "(repeat_every IS NULL) = (repeat_at_most IS NULL)"
        " AND repeat_every BETWEEN INTERVAL '1 minute' AND INTERVAL '1 hour' AND repeat_at_most BETWEEN 1 AND 20",
        name="repeats_within_bounds",
    ),
    Index("notification_rules_method_idx", "user_id", "contact_method_id"),
)

# The last test of each contact method, and since when somebody says that it rings on silent.
contact_tests = Table(
    "contact_tests",
    metadata,
    Column("contact_method_id", UUID(as_uuid=True), ForeignKey("contact_methods.id", ondelete="CASCADE"), primary_key=True),
    Column("id", UUID(as_uuid=True), nullable=False),
    # No foreign key: what was sent may be dropped before.
    Column("notification_id", UUID(as_uuid=True), nullable=False),
    instant("sent_at"),
    instant("accepted_at", nullable=True),
    instant("answered_at", nullable=True),
    Column("rang_on_silent", String, nullable=True),
    instant("rings_since", nullable=True),
    CheckConstraint("rang_on_silent IN ('yes', 'no', 'not_tried')", name="answer_is_known"),
    CheckConstraint("rang_on_silent IS NULL OR answered_at IS NOT NULL", name="what_is_said_is_an_answer"),
)

contact_proofs = Table(
    "contact_proofs",
    metadata,
    id_column(),
    # Whose address it is: a user's, or a team's. Forgotten within the hour.
    Column("user_id", UUID(as_uuid=True), nullable=False),
    # No foreign key: whoever deletes an address and adds it again has had their codes all the same.
    Column("contact_method_id", UUID(as_uuid=True), nullable=False),
    Column("kind", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("code_hash", LargeBinary, nullable=True),
    Column("wrong_tries", Integer, nullable=False),
    instant("created_at"),
    CheckConstraint("kind IN ('code', 'test')", name="kind_is_known"),
    CheckConstraint("(kind = 'code') = (code_hash IS NOT NULL)", name="a_code_has_a_hash"),
    CheckConstraint("octet_length(code_hash) = 32", name="only_a_hash_is_stored"),
    Index("contact_proofs_address_idx", "channel", "address"),
    Index("contact_proofs_user_idx", "user_id"),
)
