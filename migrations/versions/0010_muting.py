"""Silences, maintenance windows and inhibitions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLANNED = (
    "num_nonnulls(starts_at, ends_at) = (CASE WHEN rrule IS NULL THEN 2 ELSE 0 END)"
    " AND num_nonnulls(time_zone, local_start, duration) = (CASE WHEN rrule IS NULL THEN 0 ELSE 3 END)"
    " AND (until IS NULL OR rrule IS NOT NULL)"
)


def check(table: str, name: str, what: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(what, name=op.f(f"{table}_{name}"))


def upgrade() -> None:
    op.create_table(
        "silences",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("matchers", ARRAY(sa.String()), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("author", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="silences_pkey"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="silences_service_id_fkey"),
        check("silences", "ends_not_before_it_starts", "starts_at <= ends_at"),
        check("silences", "says_why", "comment <> ''"),
    )
    op.create_index("silences_ends_at_idx", "silences", ["ends_at"])
    op.create_index("silences_service_idx", "silences", ["service_id"])
    op.create_table(
        "maintenance_windows",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("matchers", ARRAY(sa.String()), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rrule", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=True),
        sa.Column("local_start", sa.DateTime(timezone=False), nullable=True),
        sa.Column("duration", sa.Interval(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_early", ARRAY(sa.DateTime(timezone=True)), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("author", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="maintenance_windows_pkey"),
        check("maintenance_windows", "kind_is_known", "kind IN ('maintenance', 'freeze')"),
        check("maintenance_windows", "ends_after_it_starts", "starts_at < ends_at"),
        check("maintenance_windows", "lasts", "duration > '0'"),
        check("maintenance_windows", "is_planned_once_or_recurs", PLANNED),
    )
    op.create_table(
        "maintenance_window_services",
        sa.Column("window_id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=False),
        sa.PrimaryKeyConstraint("window_id", "service_id", name="maintenance_window_services_pkey"),
        sa.ForeignKeyConstraint(
            ["window_id"], ["maintenance_windows.id"], name="maintenance_window_services_window_id_fkey", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="maintenance_window_services_service_id_fkey"),
    )
    op.create_index("maintenance_window_services_service_idx", "maintenance_window_services", ["service_id"])
    op.create_table(
        "inhibitions",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source_matchers", ARRAY(sa.String()), nullable=False),
        sa.Column("target_matchers", ARRAY(sa.String()), nullable=False),
        sa.Column("equal", ARRAY(sa.String()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="inhibitions_pkey"),
        check("inhibitions", "matches_something", "cardinality(source_matchers) > 0 AND cardinality(target_matchers) > 0"),
    )


def downgrade() -> None:
    for table in ("inhibitions", "maintenance_window_services", "maintenance_windows", "silences"):
        op.drop_table(table)
