"""Pages, notices, notifications (the only queue-shaped table) and attempts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from oncall.kit.db import id_column, instant, metadata

pages = Table(
    "pages",
    metadata,
    id_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    # No foreign key: who was paged stays true when the account is gone.
    Column("user_id", UUID(as_uuid=True), nullable=False),
    Column("user_name", String, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("subject", JSONB, nullable=False),
    # An acknowledgement does not cancel what is still to be sent of it.
    Column("until_resolved", Boolean, nullable=False, server_default=text("false")),
    # Whose channel was paged, of which `user_id` is the contact method's id; no foreign key, as above.
    Column("team_id", UUID(as_uuid=True), nullable=True),
    # How and when it goes, and why so; nothing for those that were made before this was decided.
    Column("pace", String),
    instant("goes_at", nullable=True),
    Column("because", String),
    instant("created_at"),
    UniqueConstraint("incident_id", "cycle", "round", "step", "user_id", name="pages_once_per_user_and_step"),
    CheckConstraint("pace IN ('at_once', 'waits', 'digest', 'storm_at_once', 'storm_critical')", name="pace_is_known"),
    # With what each is about, so that a year of them is counted without one look at the pages themselves.
    Index("pages_user_idx", "user_id", "created_at", postgresql_include=["incident_id"]),
)

notices = Table(
    "notices",
    metadata,
    id_column(),
    # No foreign key: who was told stays true when the account is gone.
    Column("user_id", UUID(as_uuid=True), nullable=False),
    Column("user_name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("urgency", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", JSONB, nullable=False),
    instant("created_at"),
    # Later than this it is of no use any more, and is not sent.
    instant("expires_at", nullable=True),
    # Of a page update.
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE")),
    UniqueConstraint("topic", name="notices_once_per_topic"),
    CheckConstraint("urgency IN ('high', 'low')", name="urgency_is_known"),
    Index("notices_incident_idx", "incident_id", postgresql_where=text("incident_id IS NOT NULL")),
)

notifications = Table(
    "notifications",
    metadata,
    id_column(),
    Column("page_id", UUID(as_uuid=True), ForeignKey("pages.id", ondelete="CASCADE")),
    Column("notice_id", UUID(as_uuid=True), ForeignKey("notices.id", ondelete="CASCADE")),
    Column("incident_id", UUID(as_uuid=True)),
    Column("user_id", UUID(as_uuid=True), nullable=False),
    # No foreign key: the record outlives the contact method; the user's own id stands for the account e-mail.
    Column("contact_method_id", UUID(as_uuid=True), nullable=False),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("cycle", Integer),
    Column("round", Integer),
    Column("step", Integer),
    Column("nth", Integer, nullable=False),
    # Repeats an earlier one until somebody acknowledges.
    Column("again", Boolean, nullable=False, server_default=text("false")),
    # What is sent first: high before low, and page updates last.
    Column("urgency", String, nullable=False, server_default="high"),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("may_have_arrived", Boolean, nullable=False),
    instant("due_at"),
    # When to look at it again: due (pending) or the end of the lease (sending); nothing otherwise.
    instant("next_at", nullable=True),
    instant("created_at"),
    # From then on it may travel with others to the same contact method.
    instant("gathers_from", nullable=True),
    # Of one that is bundled: the notification whose message told of it.
    Column("carrier_id", UUID(as_uuid=True)),
    # Sent only when that one has failed; until then due at 'infinity'.
    Column("stands_in_for", UUID(as_uuid=True)),
    # The furthest that its provider told of it; it may come before the try is recorded.
    Column("receipt", String),
    UniqueConstraint(
        "incident_id", "cycle", "round", "step", "nth", "contact_method_id", name="notifications_once_per_position_and_contact_method"
    ),
    CheckConstraint("num_nonnulls(page_id, notice_id) = 1", name="is_of_one_page_or_one_notice"),
    CheckConstraint(
        "num_nonnulls(incident_id, cycle, round, step) = CASE WHEN page_id IS NULL THEN 0 ELSE 4 END",
        name="a_page_has_a_whole_position_and_a_notice_none",
    ),
    CheckConstraint(
        "status IN ('pending', 'sending', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'bundled')", name="status_is_known"
    ),
    CheckConstraint("urgency IN ('high', 'low', 'update')", name="urgency_is_known"),
    CheckConstraint("receipt IN ('sent', 'delivered', 'read', 'failed')", name="receipt_is_known"),
    CheckConstraint("(status = 'bundled') = (carrier_id IS NOT NULL)", name="what_is_bundled_has_a_carrier"),
    CheckConstraint("(status IN ('pending', 'sending')) = (next_at IS NOT NULL)", name="only_unfinished_ones_have_next_at"),
    Index("notifications_next_at_idx", "channel", "urgency", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index(
        "notifications_gathering_idx",
        "contact_method_id",
        "next_at",
        postgresql_where=text("next_at IS NOT NULL AND gathers_from IS NOT NULL"),
    ),
    Index(
        "notifications_once_per_notice_and_contact_method",
        "notice_id",
        "nth",
        "contact_method_id",
        unique=True,
        postgresql_where=text("notice_id IS NOT NULL"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("notification_id", UUID(as_uuid=True), ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    instant("at"),
    Column("outcome", String, nullable=False),
    Column("detail", String, nullable=False),
    # What the provider calls the message, by which its receipts name it.
    Column("provider_id", String),
    Index("attempts_at_idx", "at"),
    Index("attempts_provider_idx", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
)

# What providers told of a message after they took it: each state once. A trigger refuses every UPDATE (migration 0023).
receipts = Table(
    "receipts",
    metadata,
    Column("notification_id", UUID(as_uuid=True), ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String, primary_key=True),
    instant("at"),
    Column("detail", String, nullable=False),
    instant("received_at"),
    CheckConstraint("state IN ('sent', 'delivered', 'read', 'failed')", name="state_is_known"),
)

# Messages that are to say how their incident stands, on channels where they can be changed: the latest only.
message_edits = Table(
    "message_edits",
    metadata,
    Column("notification_id", UUID(as_uuid=True), ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String, nullable=False),
    Column("said", String, nullable=False),
    instant("at"),
    # Raised by newer news: whoever has changed the message by older ones is not done.
    Column("changed", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    instant("next_at"),
    Index("message_edits_next_at_idx", "next_at"),
)

# How each incident of a list that was sent stands now, where the list can be changed; what `is_new` is still to be said.
list_standings = Table(
    "list_standings",
    metadata,
    Column("notification_id", UUID(as_uuid=True), ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String, nullable=False),
    Column("said", String, nullable=False),
    instant("at"),
    Column("is_new", Boolean, nullable=False),
    Index("list_standings_new_idx", "at", postgresql_where=text("is_new")),
    Index("list_standings_incident_idx", "incident_id"),
)

# What was sent in a day of UTC over a channel that costs money, and what was not because of its cap.
spending = Table(
    "spending",
    metadata,
    Column("channel", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("sent", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)

# The list that one message printed: its link acts on these incidents, and on nothing that joined later.
bundles = Table(
    "bundles",
    metadata,
    id_column(),
    Column("notification_id", UUID(as_uuid=True), nullable=False),
    Column("user_id", UUID(as_uuid=True), nullable=False),
    instant("created_at"),
    Index("bundles_notification_idx", "notification_id"),
)

bundle_incidents = Table(
    "bundle_incidents",
    metadata,
    Column("bundle_id", UUID(as_uuid=True), ForeignKey("bundles.id", ondelete="CASCADE"), primary_key=True),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("cycle", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Index("bundle_incidents_incident_idx", "incident_id"),
)

# What was sent, when, to whom, by what, with which outcome: each row is sealed with the hash of the one before it. No foreign keys: it
# outlives what it tells of. A trigger refuses every UPDATE (migration 0021); what is deleted is missed by whoever verifies.
delivery_ledger = Table(
    "delivery_ledger",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("notification_id", UUID(as_uuid=True), nullable=False),
    Column("number", Integer, nullable=False),
    instant("at"),
    Column("incident_id", UUID(as_uuid=True), nullable=True),
    Column("user_id", UUID(as_uuid=True), nullable=False),
    Column("channel", String, nullable=False),
    # Masked: the ledger is kept for long, and nobody needs the whole address in it.
    Column("address", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("detail", String, nullable=False),
    instant("sealed_at"),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("notification_id", "number", name="delivery_ledger_seals_each_try_once"),
    CheckConstraint("octet_length(hash) = 32", name="a_hash_is_sha256"),
)

# The last row of each part that was cut off at the front: from the newest one the rest is verified.
delivery_ledger_anchors = Table(
    "delivery_ledger_anchors",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    instant("pruned_until"),
    instant("pruned_at"),
    CheckConstraint("octet_length(hash) = 32", name="a_hash_is_sha256"),
)
