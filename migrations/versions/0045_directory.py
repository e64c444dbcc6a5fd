"""Whoever changes services, policies, people, teams or how they are reached raises the revision of all that, in the same transaction."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0045"
down_revision: str | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Of contact methods how the last message to them fared is left out: it is written with every page, and nobody is paged by it.
CHANGES = {
    "contact_methods": "INSERT OR DELETE OR UPDATE OF user_id, team_id, channel, address, verified_at",
    "escalation_policies": "INSERT OR DELETE OR UPDATE",
    "escalation_steps": "INSERT OR DELETE OR UPDATE",
    "escalation_targets": "INSERT OR DELETE OR UPDATE",
    "notification_rules": "INSERT OR DELETE OR UPDATE",
    "services": "INSERT OR DELETE OR UPDATE",
    "teams": "INSERT OR DELETE OR UPDATE",
    "users": "INSERT OR DELETE OR UPDATE",
}

# Once in a transaction, and at its end: from then on it waits for nothing, so that two which edit cannot wait for each other.
RAISE = """
    CREATE FUNCTION {schema}.directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF coalesce(current_setting('oncall.directory_changed_in', true), '') <> pg_current_xact_id()::text THEN
            PERFORM set_config('oncall.directory_changed_in', pg_current_xact_id()::text, true);
            INSERT INTO {schema}.revisions AS r (topic, revision) VALUES ('directory', 1)
                ON CONFLICT (topic) DO UPDATE SET revision = r.revision + 1;
        END IF;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    schema = op.get_bind().execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
    op.get_bind().exec_driver_sql(RAISE.format(schema=schema))
    for table, change in CHANGES.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_directory_changed AFTER {change} ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION directory_changed()"
        )
        op.execute(f"CREATE TRIGGER {table}_directory_emptied AFTER TRUNCATE ON {table} EXECUTE FUNCTION directory_changed()")
        for name in ("changed", "emptied"):
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_directory_{name}")


def downgrade() -> None:
    for table in CHANGES:
        op.execute(f"DROP TRIGGER {table}_directory_emptied ON {table}")
        op.execute(f"DROP TRIGGER {table}_directory_changed ON {table}")
    op.execute("DROP FUNCTION directory_changed()")
