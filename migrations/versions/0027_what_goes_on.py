"""What of a policy goes on after an acknowledgement stands beside where the incident stands in it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Until now an acknowledgement moved the incident itself on to the step.
TAKE_OUT = """
    UPDATE incidents SET goes_on = jsonb_build_object('at', step_at,
        'position', jsonb_build_object('cycle', cycle, 'round', round, 'step', step, 'on_fallback', on_fallback))
    WHERE status = 'acknowledged' AND escalation_state = 'running' AND step_at IS NOT NULL AND confirm_by IS NULL
"""
PUT_BACK = """
    UPDATE incidents SET step_at = CAST(goes_on ->> 'at' AS timestamptz), round = CAST(goes_on -> 'position' ->> 'round' AS int),
        step = CAST(goes_on -> 'position' ->> 'step' AS int), on_fallback = CAST(goes_on -> 'position' ->> 'on_fallback' AS boolean)
    WHERE goes_on IS NOT NULL AND confirm_by IS NULL
"""


def upgrade() -> None:
    op.add_column("incidents", sa.Column("goes_on", postgresql.JSONB(), nullable=True))
    op.execute(TAKE_OUT)
    op.create_check_constraint(
        op.f("incidents_only_an_acknowledged_one_goes_on_all_the_same"), "incidents", "goes_on IS NULL OR status = 'acknowledged'"
    )
    op.create_index("incidents_held_step_idx", "incidents", ["id"], postgresql_where=sa.text("goes_on ->> 'held_until' IS NOT NULL"))


def downgrade() -> None:
    op.execute(PUT_BACK)
    op.drop_index("incidents_held_step_idx", table_name="incidents")
    op.drop_constraint(op.f("incidents_only_an_acknowledged_one_goes_on_all_the_same"), "incidents")
    op.drop_column("incidents", "goes_on")
