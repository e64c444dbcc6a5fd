"""Postmortems with their versions, templates and settings; action items; problems; major incidents are found."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR, UUID

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, UUID(as_uuid=True), nullable=nullable)


def _words(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _version() -> sa.Column[object]:
    return sa.Column("version", sa.Integer(), server_default="1", nullable=False)


def _refers(table: str, column: str, to: str, *, ondelete: str | None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"{table}_{column}_fkey", ondelete=ondelete)


def upgrade() -> None:
    op.create_index("incidents_major_idx", "incidents", ["id"], postgresql_where=sa.text("is_major"))
    _postmortems()
    _action_items()
    _problems()


def _postmortems() -> None:
    op.create_table(
        "postmortems",
        _id("id"),
        _id("team_id", nullable=True),
        _words("title"),
        _words("body"),
        sa.Column("factors", ARRAY(sa.String()), nullable=False),
        _words("status"),
        _words("created_by"),
        _instant("created_at"),
        _words("updated_by"),
        _instant("updated_at"),
        _words("published_by", nullable=True),
        _instant("published_at", nullable=True),
        _version(),
        sa.PrimaryKeyConstraint("id", name="postmortems_pkey"),
        _refers("postmortems", "team_id", "teams", ondelete="SET NULL"),
        sa.CheckConstraint("status IN ('draft', 'published')", name=op.f("postmortems_status_is_known")),
        sa.CheckConstraint(
            "(status = 'published') = (published_at IS NOT NULL) AND (published_at IS NULL) = (published_by IS NULL)",
            name=op.f("postmortems_a_published_one_says_by_whom_and_when"),
        ),
        sa.CheckConstraint("octet_length(body) <= 65536", name=op.f("postmortems_a_body_has_a_limit")),
    )
    op.create_index("postmortems_team_idx", "postmortems", ["team_id", "id"])
    op.create_table(
        "postmortem_incidents",
        _id("incident_id"),
        _id("postmortem_id"),
        sa.PrimaryKeyConstraint("incident_id", name="postmortem_incidents_pkey"),
        _refers("postmortem_incidents", "incident_id", "incidents", ondelete="CASCADE"),
        _refers("postmortem_incidents", "postmortem_id", "postmortems", ondelete="CASCADE"),
    )
    op.create_index("postmortem_incidents_postmortem_idx", "postmortem_incidents", ["postmortem_id"])
    op.create_table(
        "postmortem_versions",
        _id("postmortem_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        _words("title"),
        _words("body"),
        sa.Column("factors", ARRAY(sa.String()), nullable=False),
        _words("author"),
        _instant("at"),
        sa.PrimaryKeyConstraint("postmortem_id", "version", name="postmortem_versions_pkey"),
        _refers("postmortem_versions", "postmortem_id", "postmortems", ondelete="CASCADE"),
    )
    op.create_table(
        "postmortem_templates",
        _id("team_id"),
        _words("body"),
        _version(),
        sa.PrimaryKeyConstraint("team_id", name="postmortem_templates_pkey"),
        _refers("postmortem_templates", "team_id", "teams", ondelete="CASCADE"),
    )
    op.create_table(
        "postmortem_settings",
        sa.Column("is_the_one", sa.Boolean(), nullable=False),
        sa.Column("factors", ARRAY(sa.String()), nullable=False),
        sa.Column("due_after", JSONB(), nullable=False),
        sa.Column("owed_within", sa.Interval(), nullable=False),
        _version(),
        sa.PrimaryKeyConstraint("is_the_one", name="postmortem_settings_pkey"),
        sa.CheckConstraint("is_the_one", name=op.f("postmortem_settings_there_is_one")),
    )


def _action_items() -> None:
    op.create_table(
        "action_items",
        _id("id"),
        _id("postmortem_id"),
        _words("title"),
        _words("detail"),
        _id("owner_id", nullable=True),
        _words("priority"),
        _instant("due_at"),
        _words("status"),
        _words("reason", nullable=True),
        _words("created_by"),
        _instant("created_at"),
        _words("finished_by", nullable=True),
        _instant("finished_at", nullable=True),
        _instant("next_at", nullable=True),
        _words("last_error", nullable=True),
        _version(),
        sa.PrimaryKeyConstraint("id", name="action_items_pkey"),
        _refers("action_items", "postmortem_id", "postmortems", ondelete="CASCADE"),
        _refers("action_items", "owner_id", "users", ondelete="SET NULL"),
        sa.CheckConstraint("priority IN ('P1', 'P2', 'P3', 'P4', 'P5')", name=op.f("action_items_priority_is_known")),
        sa.CheckConstraint("status IN ('open', 'done', 'dropped')", name=op.f("action_items_status_is_known")),
        sa.CheckConstraint("(status = 'open') = (next_at IS NOT NULL)", name=op.f("action_items_an_open_one_reminds")),
        sa.CheckConstraint("(status = 'open') = (finished_at IS NULL)", name=op.f("action_items_a_finished_one_says_when")),
        sa.CheckConstraint("(status = 'dropped') = (reason IS NOT NULL)", name=op.f("action_items_a_dropped_one_says_why")),
    )
    op.create_index("action_items_next_at_idx", "action_items", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_index("action_items_postmortem_idx", "action_items", ["postmortem_id", "id"])
    op.create_index("action_items_owner_idx", "action_items", ["owner_id", "id"])


def _problems() -> None:
    op.create_table(
        "problems",
        _id("id"),
        _words("title"),
        _words("description"),
        _words("root_cause"),
        _words("workaround"),
        _words("resolution"),
        _words("status"),
        _id("category_id", nullable=True),
        sa.Column("service_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        _words("created_by"),
        _instant("created_at"),
        _words("updated_by"),
        _instant("updated_at"),
        _instant("resolved_at", nullable=True),
        _version(),
        sa.PrimaryKeyConstraint("id", name="problems_pkey"),
        _refers("problems", "category_id", "categories", ondelete=None),
        sa.CheckConstraint("status IN ('open', 'known_error', 'resolved')", name=op.f("problems_status_is_known")),
        sa.CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("problems_a_resolved_one_says_when")),
        sa.CheckConstraint(
            "status <> 'known_error' OR (root_cause <> '' AND workaround <> '')",
            name=op.f("problems_a_known_error_has_a_cause_and_a_workaround"),
        ),
    )
    op.create_index("problems_words_idx", "problems", ["words"], postgresql_using="gin")
    op.create_index("problems_services_idx", "problems", ["service_ids"], postgresql_using="gin")
    op.create_index("problems_category_idx", "problems", ["category_id", "id"])
    op.create_table(
        "problem_incidents",
        _id("problem_id"),
        _id("incident_id"),
        _words("linked_by"),
        _instant("linked_at"),
        sa.PrimaryKeyConstraint("problem_id", "incident_id", name="problem_incidents_pkey"),
        _refers("problem_incidents", "problem_id", "problems", ondelete="CASCADE"),
        _refers("problem_incidents", "incident_id", "incidents", ondelete="CASCADE"),
    )
    op.create_index("problem_incidents_incident_idx", "problem_incidents", ["incident_id", "problem_id"])


def downgrade() -> None:
    for table in ("problem_incidents", "problems", "action_items", "postmortem_settings", "postmortem_templates", "postmortem_versions"):
        op.drop_table(table)
    for table in ("postmortem_incidents", "postmortems"):
        op.drop_table(table)
    op.drop_index("incidents_major_idx", "incidents")
