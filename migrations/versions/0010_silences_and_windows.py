"""Silences and maintenance windows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "silences",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("service_id", UUID(as_uuid=True), nullable=True),
        sa.Column("matchers", sa.String, nullable=False),
        sa.Column("matches_everything", sa.Boolean, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.String, nullable=False),
        sa.Column("author", JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="silences_pkey"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="silences_service_id_fkey"),
        sa.CheckConstraint("ends_at >= starts_at", name=op.f("silences_ends_after_it_starts")),
    )
    op.create_index("silences_ends_at_idx", "silences", ["ends_at"])
    op.create_index("silences_service_idx", "silences", ["service_id"])
    op.create_table(
        "maintenance_windows",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("matchers", sa.String, nullable=False),
        sa.Column("planned", JSONB, nullable=False),
        sa.Column("ended", JSONB, nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="maintenance_windows_pkey"),
        sa.CheckConstraint("kind IN ('maintenance', 'freeze')", name=op.f("maintenance_windows_kind_is_known")),
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


def downgrade() -> None:
    op.drop_table("maintenance_window_services")
    op.drop_table("maintenance_windows")
    op.drop_table("silences")
