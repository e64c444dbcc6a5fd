"""Teams have contact methods of their own, and policies page them directly."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWNER = "contact_methods_is_of_one_user_or_of_one_team"
TARGET = "names_exactly_one_target"


def upgrade() -> None:
    op.alter_column("contact_methods", "user_id", nullable=True)
    op.add_column("contact_methods", sa.Column("team_id", sa.UUID(), nullable=True))
    op.create_foreign_key("contact_methods_team_id_fkey", "contact_methods", "teams", ["team_id"], ["id"])
    op.create_unique_constraint(op.f("contact_methods_team_id_channel_address_key"), "contact_methods", ["team_id", "channel", "address"])
    op.create_check_constraint(op.f(OWNER), "contact_methods", "num_nonnulls(user_id, team_id) = 1")
    # A proof is of somebody's address, or of a team's; it is forgotten within the hour.
    op.drop_constraint("contact_proofs_user_id_fkey", "contact_proofs")
    op.add_column("escalation_targets", sa.Column("contact_method_id", sa.UUID(), nullable=True))
    op.create_foreign_key(
        "escalation_targets_contact_method_id_fkey", "escalation_targets", "contact_methods", ["contact_method_id"], ["id"]
    )
    op.create_index("escalation_targets_contact_method_idx", "escalation_targets", ["contact_method_id"])
    _one_of("user_id, schedule_id, team_id, contact_method_id")
    op.add_column("pages", sa.Column("team_id", sa.UUID(), nullable=True))


def downgrade() -> None:
    op.drop_column("pages", "team_id")
    op.execute("DELETE FROM escalation_targets WHERE contact_method_id IS NOT NULL")
    _one_of("user_id, schedule_id, team_id")
    op.drop_index("escalation_targets_contact_method_idx", "escalation_targets")
    op.drop_column("escalation_targets", "contact_method_id")
    op.execute("DELETE FROM contact_proofs WHERE user_id NOT IN (SELECT id FROM users)")
    op.create_foreign_key("contact_proofs_user_id_fkey", "contact_proofs", "users", ["user_id"], ["id"], ondelete="CASCADE")
    op.execute("DELETE FROM contact_methods WHERE team_id IS NOT NULL")
    op.drop_constraint(op.f(OWNER), "contact_methods")
    op.drop_constraint(op.f("contact_methods_team_id_channel_address_key"), "contact_methods")
    op.drop_column("contact_methods", "team_id")
    op.alter_column("contact_methods", "user_id", nullable=False)


def _one_of(columns: str) -> None:
    op.drop_constraint(TARGET, "escalation_targets", type_="check")
    op.create_check_constraint(TARGET, "escalation_targets", f"num_nonnulls({columns}) = 1")
