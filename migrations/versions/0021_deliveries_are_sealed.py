"""A ledger of deliveries, each row sealed with the one before it: no row is ever rewritten, and what is cut off at the front says so."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFUSE = """
CREATE FUNCTION {schema}.refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION 'rows of % are never rewritten', TG_TABLE_NAME USING ERRCODE = '55000';
END
$function$
"""
# The oldest rows go up to the first that is not too old; the last of them stays as the anchor from which the rest is verified.
PRUNE = """
CREATE FUNCTION {schema}.prune_delivery_ledger(before timestamptz, at timestamptz) RETURNS bigint LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    last bigint;
    pruned bigint;
BEGIN
    -- What is newer may not be sealed yet, and would never be.
    IF before IS NULL OR at IS NULL OR before > at - interval '1 day' THEN
        RAISE EXCEPTION 'the ledger is kept for a day at least: say an earlier instant' USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('oncall delivery ledger', 0));
    SELECT coalesce((SELECT min(l.seq) - 1 FROM {schema}.delivery_ledger l WHERE l.at >= before),
        (SELECT max(l.seq) FROM {schema}.delivery_ledger l)) INTO last;
    INSERT INTO {schema}.delivery_ledger_anchors (seq, hash, pruned_until, pruned_at)
        SELECT l.seq, l.hash, before, prune_delivery_ledger.at FROM {schema}.delivery_ledger l WHERE l.seq = last;
    DELETE FROM {schema}.delivery_ledger l WHERE l.seq <= last;
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$function$
"""
SIGNATURE = "prune_delivery_ledger(timestamptz, timestamptz)"


def upgrade() -> None:
    op.create_table(
        "delivery_ledger",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("delivery_ledger_pkey")),
        sa.UniqueConstraint("notification_id", "number", name="delivery_ledger_seals_each_try_once"),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("delivery_ledger_a_hash_is_sha256")),
    )
    op.create_table(
        "delivery_ledger_anchors",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("pruned_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("delivery_ledger_anchors_pkey")),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("delivery_ledger_anchors_a_hash_is_sha256")),
    )
    schema = op.get_bind().execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
    for statement in (REFUSE, PRUNE):
        op.get_bind().exec_driver_sql(statement.format(schema=schema))
    for table in ("delivery_ledger", "delivery_ledger_anchors"):
        op.execute(f"CREATE TRIGGER {table}_is_never_rewritten BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite()")
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {SIGNATURE}")
    op.drop_table("delivery_ledger_anchors")
    op.drop_table("delivery_ledger")
    op.execute("DROP FUNCTION refuse_to_rewrite()")
