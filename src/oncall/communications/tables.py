"""Status updates and what of them is published, templates, cadences, who is told, and the feeds that show it."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Interval,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

STATES = "state IN ('investigating', 'identified', 'monitoring', 'resolved')"
AUDIENCES = "audience IN ('internal', 'public')"

# An incident as the world may know it: a title and services of its own, since those of the incident are for people inside.
published_incidents = Table(
    "published_incidents",
    metadata,
    id_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("title", String, nullable=False),
    Column("state", String, nullable=False),
    # No foreign key: what was published of a service that is gone stays as it was.
    Column("service_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
    instant("began_at"),
    instant("updated_at"),
    UniqueConstraint("incident_id", name="published_incidents_once"),
    CheckConstraint(STATES, name="state_is_known"),
    CheckConstraint("title <> ''", name="has_a_title"),
    Index("published_incidents_services_idx", "service_ids", postgresql_using="gin"),
    Index("published_incidents_unresolved_idx", "id", postgresql_where=text("state <> 'resolved'")),
)

status_updates = Table(
    "status_updates",
    metadata,
    id_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("published_id", UUID(as_uuid=True), ForeignKey("published_incidents.id", ondelete="SET NULL"), nullable=True),
    Column("audience", String, nullable=False),
    Column("state", String, nullable=False),
    Column("text", String, nullable=False),
    # Made from the text once, so that every reader sees the same.
    Column("html", String, nullable=False),
    Column("author", JSONB, nullable=False),
    instant("at"),
    instant("next_update_due_at", nullable=True),
    instant("retracted_at", nullable=True),
    Column("retracted", JSONB, nullable=True),
    CheckConstraint(STATES, name="state_is_known"),
    CheckConstraint(AUDIENCES, name="audience_is_known"),
    CheckConstraint("audience = 'public' OR published_id IS NULL", name="internal_ones_are_not_published"),
    CheckConstraint("(retracted_at IS NULL) = (retracted IS NULL)", name="retracted_says_by_whom"),
    Index("status_updates_incident_idx", "incident_id", "id"),
    Index("status_updates_published_idx", "published_id", "id", postgresql_where=text("published_id IS NOT NULL")),
)

update_templates = Table(
    "update_templates",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), nullable=True),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), nullable=True),
    Column("audience", String, nullable=False),
    Column("state", String, nullable=False),
    Column("title", String, nullable=False),
    Column("text", String, nullable=False),
    instant("created_at"),
    version_column(),
    CheckConstraint(STATES, name="state_is_known"),
    CheckConstraint(AUDIENCES, name="audience_is_known"),
    CheckConstraint("num_nonnulls(team_id, service_id) < 2", name="belongs_to_one_at_most"),
    Index("update_templates_team_idx", "team_id"),
    Index("update_templates_service_idx", "service_id"),
)

# How often each priority is to be told of; one row, which is absent until somebody changes the defaults.
update_cadences = Table(
    "update_cadences",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("p1", Interval, nullable=True),
    Column("p2", Interval, nullable=True),
    Column("p3", Interval, nullable=True),
    Column("p4", Interval, nullable=True),
    Column("p5", Interval, nullable=True),
    version_column(),
    CheckConstraint("id = 1", name="there_is_one"),
)

# When the next update of an incident is owed, and when whoever owes it is reminded next.
update_clocks = Table(
    "update_clocks",
    metadata,
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    instant("since"),
    Column("every", Interval, nullable=False),
    # By somebody, for this once: then another priority changes nothing of it.
    Column("promised", Boolean, nullable=False),
    Column("reminded", Integer, nullable=False),
    # Nothing is owed of what is said to be resolved.
    instant("due_at", nullable=True),
    instant("next_at", nullable=True),
    CheckConstraint("next_at IS NULL OR due_at IS NOT NULL", name="reminds_of_what_is_owed"),
    CheckConstraint("every > '0'", name="lasts"),
    Index("update_clocks_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
)

subscribers = Table(
    "subscribers",
    metadata,
    id_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=True),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id", ondelete="CASCADE"), nullable=True),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id", ondelete="CASCADE"), nullable=True),
    Column("kind", String, nullable=False),
    Column("address", String, nullable=False),
    Column("audience", String, nullable=False),
    instant("confirmed_at", nullable=True),
    # Until when it may be confirmed; later it is forgotten.
    instant("confirm_by", nullable=True),
    Column("author", JSONB, nullable=False),
    instant("created_at"),
    CheckConstraint("num_nonnulls(incident_id, service_id, team_id) = 1", name="follows_one_thing"),
    CheckConstraint("kind IN ('user', 'team', 'email', 'webhook', 'slack')", name="kind_is_known"),
    CheckConstraint(AUDIENCES, name="audience_is_known"),
    CheckConstraint("num_nonnulls(confirmed_at, confirm_by) = 1", name="is_confirmed_or_waits"),
    Index("subscribers_incident_idx", "incident_id", "kind", "address", unique=True, postgresql_where=text("incident_id IS NOT NULL")),
    Index("subscribers_service_idx", "service_id", "kind", "address", unique=True, postgresql_where=text("service_id IS NOT NULL")),
    Index("subscribers_team_idx", "team_id", "kind", "address", unique=True, postgresql_where=text("team_id IS NOT NULL")),
    Index("subscribers_confirm_by_idx", "confirm_by", postgresql_where=text("confirm_by IS NOT NULL")),
)

# What goes to addresses outside: an update, or the question whether they want any. People have notices.
update_deliveries = Table(
    "update_deliveries",
    metadata,
    id_column(),
    Column("update_id", UUID(as_uuid=True), ForeignKey("status_updates.id", ondelete="CASCADE"), nullable=True),
    Column("subscriber_id", UUID(as_uuid=True), ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("status", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    # Due (pending) or the end of the lease (sending); nothing otherwise.
    instant("next_at", nullable=True),
    instant("give_up_at"),
    instant("created_at"),
    instant("finished_at", nullable=True),
    CheckConstraint("status IN ('pending', 'sending', 'sent', 'failed', 'cancelled')", name="status_is_known"),
    CheckConstraint("(status IN ('pending', 'sending')) = (next_at IS NOT NULL)", name="only_unfinished_ones_have_next_at"),
    CheckConstraint("(next_at IS NULL) = (finished_at IS NOT NULL)", name="only_finished_ones_have_finished_at"),
    Index("update_deliveries_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("update_deliveries_finished_at_idx", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    Index("update_deliveries_once_idx", "update_id", "channel", "address", unique=True, postgresql_where=text("update_id IS NOT NULL")),
    Index("update_deliveries_subscriber_idx", "subscriber_id"),
)

status_feeds = Table(
    "status_feeds",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("slug", String, nullable=False),
    Column("description", String, nullable=False),
    Column("public", Boolean, nullable=False),
    instant("created_at"),
    version_column(),
    UniqueConstraint("slug", name="status_feeds_slug_is_free"),
)

status_feed_services = Table(
    "status_feed_services",
    metadata,
    Column("feed_id", UUID(as_uuid=True), ForeignKey("status_feeds.id", ondelete="CASCADE"), primary_key=True),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("group_name", String, nullable=False),
    # What readers call it, which is for the feed to say.
    Column("name", String, nullable=False),
    Index("status_feed_services_service_idx", "service_id"),
)

# Groups of the catalogue in the place of their services, which are looked up when the feed is shown.
status_feed_service_groups = Table(
    "status_feed_service_groups",
    metadata,
    Column("feed_id", UUID(as_uuid=True), ForeignKey("status_feeds.id", ondelete="CASCADE"), primary_key=True),
    Column("service_group_id", UUID(as_uuid=True), ForeignKey("service_groups.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("group_name", String, nullable=False),
    Column("name", String, nullable=False),
    Index("status_feed_service_groups_group_idx", "service_group_id"),
)


def _incident() -> Column[Any]:
    return Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False)


def _its_only() -> Column[Any]:
    return Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True)


# A room exists from its first message on; whoever numbers an entry holds its row until that is committed, so none appears out of order.
rooms = Table("rooms", metadata, _its_only(), Column("last_seq", BigInteger, nullable=False))

room_messages = Table(
    "room_messages",
    metadata,
    id_column(),
    _incident(),
    Column("seq", BigInteger, nullable=False),
    Column("text", String, nullable=False),
    Column("posted_by", JSONB, nullable=False),
    instant("posted_at"),
    instant("edited_at", nullable=True),
    instant("deleted_at", nullable=True),
    Column("deleted_by", JSONB, nullable=True),
    # Who was told of it: nobody is told twice.
    Column("mentions", ARRAY(UUID(as_uuid=True)), nullable=False),
    # What it is called where the room is mirrored, once it is there.
    Column("mirrored_as", String, nullable=True),
    version_column(),
    UniqueConstraint("incident_id", "seq", name="room_messages_are_numbered_by_incident"),
    CheckConstraint("(deleted_at IS NULL) = (deleted_by IS NULL)", name="a_deleted_one_says_by_whom"),
    CheckConstraint("deleted_at IS NULL OR text = ''", name="a_deleted_one_says_nothing"),
)

# What was said and done in a room, in order: what streams and mirrors read. Of a deleted message the texts are gone here as well.
room_entries = Table(
    "room_entries",
    metadata,
    _its_only(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("message_id", UUID(as_uuid=True), ForeignKey("room_messages.id", ondelete="CASCADE"), nullable=False),
    Column("text", String, nullable=False),
    Column("by", JSONB, nullable=False),
    instant("at"),
    CheckConstraint("kind IN ('posted', 'edited', 'deleted')", name="kind_is_known"),
    Index("room_entries_message_idx", "message_id"),
)

# What a service says of the rooms of its incidents; where it says nothing, its team does.
room_settings = Table(
    "room_settings",
    metadata,
    id_column(),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id", ondelete="CASCADE"), nullable=True),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id", ondelete="CASCADE"), nullable=True),
    Column("bridge", String, nullable=True),
    Column("bridge_from", String, nullable=True),
    Column("slack_channel", String, nullable=True),
    version_column(),
    UniqueConstraint("service_id", name="room_settings_one_for_a_service"),
    UniqueConstraint("team_id", name="room_settings_one_for_a_team"),
    CheckConstraint("num_nonnulls(service_id, team_id) = 1", name="are_of_a_service_or_a_team"),
    CheckConstraint("bridge_from IN ('P1', 'P2', 'P3', 'P4', 'P5', 'never')", name="bridge_from_is_known"),
)

bridges = Table(
    "bridges",
    metadata,
    _its_only(),
    Column("url", String, nullable=False),
    Column("opened_by", JSONB, nullable=False),
    instant("opened_at"),
    Column("closed_by", JSONB, nullable=True),
    instant("closed_at", nullable=True),
    version_column(),
    CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="a_closed_one_says_by_whom"),
)

# How far in the timeline of all incidents those who follow it are.
room_followers = Table(
    "room_followers",
    metadata,
    Column("name", String, primary_key=True),
    Column("xact", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

# Where a room is shown beside here, and how far it is: one row for each room, so that it is told in order.
room_mirrors = Table(
    "room_mirrors",
    metadata,
    _its_only(),
    Column("channel", String, nullable=False),
    Column("thread", String, nullable=True),
    # Up to which number it is to be told, and is. What is wanted stands here, where the row's lock orders it with the end of a lease.
    Column("wanted_seq", BigInteger, nullable=False),
    Column("mirrored_seq", BigInteger, nullable=False),
    # When to look at it again: due, or the end of the lease; NULL when all was told, or nothing more can be.
    instant("next_at", nullable=True),
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_error", String, nullable=True),
    Index("room_mirrors_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
)
