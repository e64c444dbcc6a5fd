"""Incidents: more alerts join one, what is held says until when, what is new after an acknowledgement is told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


INSTANTS = ("held_until", "tell_at", "told_at", "confirm_by", "flapping_since", "settle_at")


def upgrade() -> None:
    instants = [sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in INSTANTS]
    for column in (
        sa.Column("group_key", sa.String, nullable=True),
        sa.Column("follows_id", sa.UUID(as_uuid=True), nullable=True),
        sa.Column("news", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rose", sa.Boolean, nullable=False, server_default=sa.text("false")),
        *instants,
    ):
        op.add_column("incidents", column)
    for name, holds in (
        ("incidents_a_held_one_says_until_when", "(escalation_state = 'held') = (held_until IS NOT NULL)"),
        ("incidents_a_flapping_one_settles", "(flapping_since IS NULL) = (settle_at IS NULL)"),
        ("incidents_only_an_acknowledged_one_has_news", "status = 'acknowledged' OR (tell_at IS NULL AND confirm_by IS NULL)"),
    ):
        op.create_check_constraint(op.f(name), "incidents", holds)
    op.create_index(
        "incidents_one_open_per_group",
        "incidents",
        ["service_id", "group_key"],
        unique=True,
        postgresql_where=sa.text("status IN ('triggered', 'acknowledged') AND group_key IS NOT NULL"),
    )
    op.create_index("incidents_held_idx", "incidents", ["id"], postgresql_where=sa.text("escalation_state = 'held'"))
    op.add_column("alerts", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alerts", sa.Column("inhibits", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")))
    op.create_index(
        "alerts_inhibits_idx",
        "alerts",
        ["inhibits"],
        postgresql_using="gin",
        postgresql_where=sa.text("state = 'open' AND inhibits <> '{}'"),
    )
    op.add_column("alerts", sa.Column("watched", sa.Boolean, nullable=False, server_default=sa.text("false")))


def downgrade() -> None:
    op.drop_column("alerts", "watched")
    op.drop_index("alerts_inhibits_idx", "alerts")
    op.drop_column("alerts", "inhibits")
    op.drop_column("alerts", "reopened_at")
    op.drop_index("incidents_held_idx", "incidents")
    op.drop_index("incidents_one_open_per_group", "incidents")
    op.drop_constraint(op.f("incidents_a_flapping_one_settles"), "incidents")
    op.drop_constraint(op.f("incidents_only_an_acknowledged_one_has_news"), "incidents")
    op.drop_constraint(op.f("incidents_a_held_one_says_until_when"), "incidents")
    for name in (*INSTANTS, "rose", "news", "follows_id", "group_key"):
        op.drop_column("incidents", name)
