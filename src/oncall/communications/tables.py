"""What we tell everyone else: the rooms and bridges of incidents."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column


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
