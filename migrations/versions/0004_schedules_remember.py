"""Schedules forget nothing: versions with authors, what is taken back, the record of who was on call; temporary schedules, unavailability,
nested schedules, teams as participants, calendars in and out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def id_of(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, UUID(as_uuid=True), nullable=nullable)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"{table}_pkey")


def points(table: str, column: str, at: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{at}.id"], name=f"{table}_{column}_fkey", ondelete=ondelete)


def check(table: str, name: str, what: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(what, name=op.f(f"{table}_{name}"))


def upgrade() -> None:
    op.create_table(
        "former_users", id_of("id"), sa.Column("name", sa.String(), nullable=False), instant("removed_at"), key("former_users", "id")
    )
    # A team's schedule is not taken away silently any more: who deletes it is told.
    op.drop_constraint("teams_schedule_id_fkey", "teams", type_="foreignkey")
    op.create_foreign_key("teams_schedule_id_fkey", "teams", "schedules", ["schedule_id"], ["id"])

    for name in ("deleted_at", "recorded_until", "next_at"):
        op.add_column("schedules", instant(name, nullable=True))
    op.create_index("schedules_next_at_idx", "schedules", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_check_constraint("what_is_deleted_is_not_recorded", "schedules", "deleted_at IS NULL OR next_at IS NULL")
    # What exists is recorded from its newest version on: nobody edits what is before that.
    op.execute(
        "UPDATE schedules s SET recorded_until = v.at, next_at = v.at"
        " FROM (SELECT schedule_id, max(created_at) AS at FROM schedule_versions GROUP BY schedule_id) v WHERE v.schedule_id = s.id"
    )
    op.add_column("schedule_versions", sa.Column("author", sa.String(), nullable=False, server_default=""))
    op.add_column("schedule_versions", sa.Column("continuation", sa.String(), nullable=False, server_default="keep"))
    op.add_column("schedule_versions", instant("withdrawn_at", nullable=True))
    op.create_check_constraint("continuation_is_known", "schedule_versions", "continuation IN ('keep', 'restart')")
    op.create_index("schedule_versions_created_idx", "schedule_versions", ["created_at"])

    op.create_table(
        "schedule_team_turns",
        id_of("schedule_id"),
        id_of("team_id"),
        key("schedule_team_turns", "schedule_id", "team_id"),
        points("schedule_team_turns", "schedule_id", "schedules", "CASCADE"),
        points("schedule_team_turns", "team_id", "teams"),
    )
    op.create_index("schedule_team_turns_team_idx", "schedule_team_turns", ["team_id"])
    op.create_table(
        "schedule_nestings",
        id_of("schedule_id"),
        id_of("nested_id"),
        key("schedule_nestings", "schedule_id", "nested_id"),
        points("schedule_nestings", "schedule_id", "schedules", "CASCADE"),
        points("schedule_nestings", "nested_id", "schedules"),
    )
    op.create_index("schedule_nestings_nested_idx", "schedule_nestings", ["nested_id"])

    # Whoever was on call stays so when their account is gone.
    op.drop_constraint("schedule_overrides_user_id_fkey", "schedule_overrides", type_="foreignkey")
    op.drop_constraint("schedule_overrides_replaces_user_id_fkey", "schedule_overrides", type_="foreignkey")
    op.add_column("schedule_overrides", sa.Column("reason", sa.String(), nullable=False, server_default=""))
    op.add_column("schedule_overrides", sa.Column("author", sa.String(), nullable=False, server_default=""))
    op.add_column("schedule_overrides", instant("removed_at", nullable=True))

    op.create_table(
        "schedule_temporaries",
        id_of("id"),
        id_of("schedule_id"),
        instant("start_at"),
        instant("end_at"),
        sa.Column("shifts", JSONB(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        instant("created_at"),
        instant("removed_at", nullable=True),
        key("schedule_temporaries", "id"),
        points("schedule_temporaries", "schedule_id", "schedules", "CASCADE"),
        check("schedule_temporaries", "ends_after_it_starts", "start_at < end_at"),
    )
    op.create_index("schedule_temporaries_schedule_idx", "schedule_temporaries", ["schedule_id", "end_at"])
    op.create_index("schedule_temporaries_end_idx", "schedule_temporaries", ["end_at"])

    op.create_table(
        "calendar_sources",
        id_of("id"),
        id_of("user_id", nullable=True),
        id_of("schedule_id", nullable=True),
        id_of("layer_id", nullable=True),
        sa.Column("url", sa.String(), nullable=False),
        instant("next_at", nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("notes", JSONB(), nullable=False),
        instant("read_at", nullable=True),
        instant("created_at"),
        instant("removed_at", nullable=True),
        key("calendar_sources", "id"),
        points("calendar_sources", "user_id", "users", "CASCADE"),
        points("calendar_sources", "schedule_id", "schedules", "CASCADE"),
        check("calendar_sources", "belongs_to_a_user_or_a_schedule", "(user_id IS NULL) <> (schedule_id IS NULL)"),
        check("calendar_sources", "fills_a_layer_of_its_schedule", "(schedule_id IS NULL) = (layer_id IS NULL)"),
        check("calendar_sources", "what_is_removed_is_not_read", "removed_at IS NULL OR next_at IS NULL"),
    )
    op.create_index("calendar_sources_next_at_idx", "calendar_sources", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_index("calendar_sources_user_idx", "calendar_sources", ["user_id"])
    op.create_index("calendar_sources_schedule_idx", "calendar_sources", ["schedule_id"])

    op.create_table(
        "unavailability",
        id_of("id"),
        id_of("user_id"),
        instant("start_at"),
        instant("end_at"),
        id_of("cover_user_id", nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        id_of("source_id", nullable=True),
        sa.Column("uid", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        instant("created_at"),
        instant("removed_at", nullable=True),
        key("unavailability", "id"),
        sa.ForeignKeyConstraint(["source_id"], ["calendar_sources.id"], name="unavailability_source_id_fkey", ondelete="SET NULL"),
        check("unavailability", "ends_after_it_starts", "start_at < end_at"),
        check("unavailability", "nobody_covers_for_themselves", "user_id <> cover_user_id"),
    )
    op.create_index("unavailability_user_idx", "unavailability", ["user_id", "end_at"])
    op.create_index("unavailability_source_idx", "unavailability", ["source_id"])
    named = sa.text("cover_user_id IS NOT NULL")
    op.create_index("unavailability_cover_idx", "unavailability", ["cover_user_id", "end_at"], postgresql_where=named)

    op.create_table(
        "schedule_record",
        id_of("schedule_id"),
        instant("from_at"),
        sa.Column("users", JSONB(), nullable=False),
        sa.Column("sources", JSONB(), nullable=False),
        sa.Column("tzdata", sa.String(), nullable=False),
        instant("recorded_at"),
        key("schedule_record", "schedule_id", "from_at"),
        points("schedule_record", "schedule_id", "schedules", "CASCADE"),
    )

    op.create_table(
        "calendar_feeds",
        id_of("id"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        id_of("schedule_id", nullable=True),
        id_of("user_id", nullable=True),
        id_of("team_id", nullable=True),
        instant("created_at"),
        instant("revoked_at", nullable=True),
        key("calendar_feeds", "id"),
        sa.UniqueConstraint("token_hash", name="calendar_feeds_token_hash_key"),
        points("calendar_feeds", "schedule_id", "schedules", "CASCADE"),
        points("calendar_feeds", "user_id", "users", "CASCADE"),
        points("calendar_feeds", "team_id", "teams", "CASCADE"),
        check("calendar_feeds", "is_of_one_schedule_user_or_team", "num_nonnulls(schedule_id, user_id, team_id) = 1"),
        check("calendar_feeds", "only_a_hash_is_stored", "octet_length(token_hash) = 32"),
    )
    for column in ("schedule", "user", "team"):
        op.create_index(f"calendar_feeds_{column}_idx", "calendar_feeds", [f"{column}_id"])


def downgrade() -> None:
    for table in ("calendar_feeds", "schedule_record", "unavailability", "calendar_sources", "schedule_temporaries"):
        op.drop_table(table)
    op.execute("DELETE FROM schedule_overrides WHERE removed_at <= start_at")
    op.execute("UPDATE schedule_overrides SET end_at = removed_at WHERE removed_at < end_at")
    for table, column in (("schedule_overrides", name) for name in ("removed_at", "author", "reason")):
        op.drop_column(table, column)
    op.execute("DELETE FROM schedule_overrides WHERE user_id IS NOT NULL AND user_id NOT IN (SELECT id FROM users)")
    op.execute("DELETE FROM schedule_overrides WHERE replaces_user_id IS NOT NULL AND replaces_user_id NOT IN (SELECT id FROM users)")
    for column in ("user_id", "replaces_user_id"):
        op.create_foreign_key(f"schedule_overrides_{column}_fkey", "schedule_overrides", "users", [column], ["id"], ondelete="CASCADE")
    op.drop_table("schedule_nestings")
    op.drop_table("schedule_team_turns")
    op.execute("DELETE FROM schedule_versions WHERE withdrawn_at IS NOT NULL")
    op.drop_index("schedule_versions_created_idx", "schedule_versions")
    op.drop_column("schedule_versions", "withdrawn_at")
    op.drop_column("schedule_versions", "continuation")
    op.drop_column("schedule_versions", "author")
    op.execute("DELETE FROM schedules WHERE deleted_at IS NOT NULL")
    op.drop_constraint(op.f("schedules_what_is_deleted_is_not_recorded"), "schedules")
    op.drop_index("schedules_next_at_idx", "schedules")
    for name in ("next_at", "recorded_until", "deleted_at"):
        op.drop_column("schedules", name)
    op.drop_constraint("teams_schedule_id_fkey", "teams", type_="foreignkey")
    op.create_foreign_key("teams_schedule_id_fkey", "teams", "schedules", ["schedule_id"], ["id"], ondelete="SET NULL")
    op.drop_table("former_users")
