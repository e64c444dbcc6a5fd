"""Notes, tasks, roles and vendors of an incident; templates by which incidents are logged; workflow rules."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, UUID(as_uuid=True), nullable=nullable)


def _words(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _version() -> sa.Column[object]:
    return sa.Column("version", sa.Integer(), server_default="1", nullable=False)


def _of_incident(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=f"{table}_incident_id_fkey", ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "incident_notes",
        _id(),
        _id("incident_id"),
        sa.Column("author", JSONB(), nullable=False),
        _instant("written_at"),
        *_words("text"),
        sa.PrimaryKeyConstraint("id", name="incident_notes_pkey"),
        _of_incident("incident_notes"),
    )
    op.create_index("incident_notes_incident_idx", "incident_notes", ["incident_id", "id"])
    op.create_table(
        "incident_tasks",
        _id(),
        _id("incident_id"),
        *_words("title", "description"),
        _id("owner_id", nullable=True),
        *_words("state"),
        sa.Column("position", sa.Integer(), nullable=False),
        _instant("due_at", nullable=True),
        sa.Column("created_by", JSONB(), nullable=False),
        _instant("created_at"),
        sa.Column("ended_by", JSONB(), nullable=True),
        _instant("ended_at", nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        _version(),
        sa.PrimaryKeyConstraint("id", name="incident_tasks_pkey"),
        _of_incident("incident_tasks"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="incident_tasks_owner_id_fkey", ondelete="SET NULL"),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("incident_tasks_state_is_known")),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("incident_tasks_only_an_open_one_has_not_ended")),
    )
    op.create_index("incident_tasks_incident_idx", "incident_tasks", ["incident_id", "position", "id"])
    op.create_index("incident_tasks_owner_idx", "incident_tasks", ["owner_id"])
    op.create_table(
        "incident_roles",
        _id("incident_id"),
        *_words("role"),
        _id("user_id", nullable=True),
        sa.Column("set_by", JSONB(), nullable=False),
        _instant("since"),
        sa.PrimaryKeyConstraint("incident_id", "role", name="incident_roles_pkey"),
        _of_incident("incident_roles"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="incident_roles_user_id_fkey", ondelete="SET NULL"),
        sa.CheckConstraint("role IN ('commander', 'communications', 'scribe')", name=op.f("incident_roles_role_is_known")),
    )
    op.create_index("incident_roles_user_idx", "incident_roles", ["user_id"])
    op.create_table(
        "vendors",
        _id(),
        _id("incident_id"),
        *_words("name", "channel", "address", "message"),
        sa.Column("asked_by", JSONB(), nullable=False),
        _instant("asked_at"),
        _id("notification_id"),
        *_words("state"),
        _instant("said_at", nullable=True),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="vendors_pkey"),
        _of_incident("vendors"),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("vendors_channel_is_known")),
        sa.CheckConstraint("state IN ('asked', 'has_it', 'solved')", name=op.f("vendors_state_is_known")),
    )
    op.create_index("vendors_incident_idx", "vendors", ["incident_id", "id"])
    op.create_table(
        "incident_templates",
        _id(),
        *_words("name", "title", "description"),
        _id("category_id", nullable=True),
        sa.Column("impact", sa.String(), nullable=True),
        sa.Column("business_urgency", sa.String(), nullable=True),
        sa.Column("tasks", JSONB(), nullable=False),
        sa.Column("roles", ARRAY(sa.String()), nullable=False),
        *_words("first_update"),
        _instant("created_at"),
        _version(),
        sa.PrimaryKeyConstraint("id", name="incident_templates_pkey"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name="incident_templates_category_id_fkey"),
        sa.CheckConstraint("impact IN ('widespread', 'large', 'limited', 'minor')", name=op.f("incident_templates_impact_is_known")),
        sa.CheckConstraint(
            "business_urgency IN ('critical', 'high', 'medium', 'low')", name=op.f("incident_templates_business_urgency_is_known")
        ),
    )
    op.create_index("incident_templates_name_idx", "incident_templates", [sa.text("lower(name)")], unique=True)
    op.create_index("incident_templates_category_idx", "incident_templates", ["category_id"])
    op.create_table(
        "workflow_rules",
        _id(),
        *_words("name"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("triggers", ARRAY(sa.Text()), nullable=False),
        sa.Column("conditions", JSONB(), nullable=False),
        sa.Column("actions", JSONB(), nullable=False),
        _instant("created_at"),
        _version(),
        sa.PrimaryKeyConstraint("id", name="workflow_rules_pkey"),
    )
    op.create_index("workflow_rules_name_idx", "workflow_rules", [sa.text("lower(name)")], unique=True)
    op.create_index("workflow_rules_enabled_idx", "workflow_rules", ["position", "id"], postgresql_where=sa.text("enabled"))
    named = {"service": "services", "category": "categories", "user": "users", "team": "teams"}
    op.create_table(
        "workflow_rule_mentions",
        _id("rule_id"),
        *(_id(f"{one}_id", nullable=True) for one in named),
        sa.ForeignKeyConstraint(["rule_id"], ["workflow_rules.id"], name="workflow_rule_mentions_rule_id_fkey", ondelete="CASCADE"),
        *(
            sa.ForeignKeyConstraint([f"{one}_id"], [f"{table}.id"], name=f"workflow_rule_mentions_{one}_id_fkey")
            for one, table in named.items()
        ),
        sa.CheckConstraint(
            "num_nonnulls(service_id, category_id, user_id, team_id) = 1", name=op.f("workflow_rule_mentions_it_mentions_one")
        ),
    )
    for one in ("rule", *named):
        op.create_index(f"workflow_rule_mentions_{one}_idx", "workflow_rule_mentions", [f"{one}_id"])


def downgrade() -> None:
    tables = (
        "workflow_rule_mentions",
        "workflow_rules",
        "incident_templates",
        "vendors",
        "incident_roles",
        "incident_tasks",
        "incident_notes",
    )
    for table in tables:
        op.drop_table(table)
