"""Incidents have rooms and bridges; what happens to all incidents can be followed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _incident() -> sa.Column[object]:
    return sa.Column("incident_id", UUID(as_uuid=True), nullable=False)


def _of_incident(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=f"{table}_incident_id_fkey", ondelete="CASCADE")


def upgrade() -> None:
    # Without a default for the rows that are there, so that none is rewritten; what happened before is in no stream.
    op.add_column("timeline_entries", sa.Column("xact", sa.BigInteger(), nullable=True))
    op.alter_column("timeline_entries", "xact", server_default=sa.text("((pg_current_xact_id())::text)::bigint"))
    op.create_index("timeline_entries_xact_idx", "timeline_entries", ["xact", "seq"], postgresql_where=sa.text("xact IS NOT NULL"))
    op.create_table(
        "rooms",
        _incident(),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name="rooms_pkey"),
        _of_incident("rooms"),
    )
    op.create_table(
        "room_messages",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        _incident(),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("posted_by", JSONB(), nullable=False),
        _instant("posted_at"),
        _instant("edited_at", nullable=True),
        _instant("deleted_at", nullable=True),
        sa.Column("deleted_by", JSONB(), nullable=True),
        sa.Column("mentions", ARRAY(UUID(as_uuid=True)), nullable=False),
        sa.Column("mirrored_as", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="room_messages_pkey"),
        sa.UniqueConstraint("incident_id", "seq", name="room_messages_are_numbered_by_incident"),
        _of_incident("room_messages"),
        sa.CheckConstraint("(deleted_at IS NULL) = (deleted_by IS NULL)", name=op.f("room_messages_a_deleted_one_says_by_whom")),
        sa.CheckConstraint("deleted_at IS NULL OR text = ''", name=op.f("room_messages_a_deleted_one_says_nothing")),
    )
    op.create_table(
        "room_entries",
        _incident(),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("message_id", UUID(as_uuid=True), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("by", JSONB(), nullable=False),
        _instant("at"),
        sa.PrimaryKeyConstraint("incident_id", "seq", name="room_entries_pkey"),
        _of_incident("room_entries"),
        sa.ForeignKeyConstraint(["message_id"], ["room_messages.id"], name="room_entries_message_id_fkey", ondelete="CASCADE"),
        sa.CheckConstraint("kind IN ('posted', 'edited', 'deleted')", name=op.f("room_entries_kind_is_known")),
    )
    op.create_index("room_entries_message_idx", "room_entries", ["message_id"])
    op.create_table(
        "room_settings",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=True),
        sa.Column("team_id", UUID(as_uuid=True), nullable=True),
        sa.Column("bridge", sa.String(), nullable=True),
        sa.Column("bridge_from", sa.String(), nullable=True),
        sa.Column("slack_channel", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="room_settings_pkey"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="room_settings_service_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="room_settings_team_id_fkey", ondelete="CASCADE"),
        sa.UniqueConstraint("service_id", name="room_settings_one_for_a_service"),
        sa.UniqueConstraint("team_id", name="room_settings_one_for_a_team"),
        sa.CheckConstraint("num_nonnulls(service_id, team_id) = 1", name=op.f("room_settings_are_of_a_service_or_a_team")),
        sa.CheckConstraint("bridge_from IN ('P1', 'P2', 'P3', 'P4', 'P5', 'never')", name=op.f("room_settings_bridge_from_is_known")),
    )
    op.create_table(
        "bridges",
        _incident(),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("opened_by", JSONB(), nullable=False),
        _instant("opened_at"),
        sa.Column("closed_by", JSONB(), nullable=True),
        _instant("closed_at", nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name="bridges_pkey"),
        _of_incident("bridges"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("bridges_a_closed_one_says_by_whom")),
    )
    op.create_table(
        "room_followers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("xact", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="room_followers_pkey"),
    )
    op.create_table(
        "room_mirrors",
        _incident(),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=True),
        sa.Column("wanted_seq", sa.BigInteger(), nullable=False),
        sa.Column("mirrored_seq", sa.BigInteger(), nullable=False),
        _instant("next_at", nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("incident_id", name="room_mirrors_pkey"),
        _of_incident("room_mirrors"),
    )
    op.create_index("room_mirrors_next_at_idx", "room_mirrors", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))


def downgrade() -> None:
    for table in ("room_mirrors", "room_followers", "bridges", "room_settings", "room_entries", "room_messages", "rooms"):
        op.drop_table(table)
    op.drop_index("timeline_entries_xact_idx", "timeline_entries")
    op.drop_column("timeline_entries", "xact")
