"""Raw bodies: the headers that matter beside them, and a function that makes their partitions ahead and drops them by age."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Runs as the owner of the schema, whoever calls it, so it names every table in full and looks nothing up where others may write.
#
# One step a call, so that each has a transaction of its own and locks for moments:
#   make    a table of its own, CHECKed and filled unseen; then ACCESS EXCLUSIVE on the DEFAULT partition (which holds up only what would
#           be stored there, and readers), and SHARE UPDATE EXCLUSIVE on the parent, which lets intake pass. ATTACH reads DEFAULT through,
#           so a DEFAULT too large to be read in a moment, or with too many bodies to be moved in one, stays as it is: `left`.
#   drop    ACCESS EXCLUSIVE on the parent, for the length of a DETACH and a DROP, which touch no row.
#   delete  row locks only, `most` rows a call.
# Nobody waits longer than the lock time-out for us, which is less than intake waits for any lock.
KEEP = """
CREATE FUNCTION {schema}.keep_event_bodies(at timestamptz, keep interval, ahead integer, most integer DEFAULT 1000)
    RETURNS TABLE (did text, name text, body_count bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET lock_timeout = '250ms'
AS $function$
DECLARE
    month timestamptz;
    beyond timestamptz;
    waiting bigint;
    size bigint;
BEGIN
    IF keep IS NULL OR at IS NULL OR keep < interval '1 day' OR ahead NOT BETWEEN 0 AND 24 OR most < 1 THEN
        RAISE EXCEPTION 'bodies are kept for a day at least, and partitions made for 24 months ahead at most' USING ERRCODE = '22023';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('oncall event bodies', 0)) THEN
        RETURN;  -- somebody else is at it
    END IF;

    FOR n IN 0..ahead LOOP
        month := date_trunc('month', at) + make_interval(months => n);
        beyond := month + interval '1 month';
        name := 'event_bodies_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), $bound$FROM \\('([^']+)'\\) TO \\('([^']+)'\\)$bound$) b
            WHERE i.inhparent = '{schema}.event_bodies'::regclass AND b[1]::timestamptz < beyond AND b[2]::timestamptz > month
        );
        SELECT count(*), coalesce(sum(octet_length(raw)), 0) INTO waiting, size
        FROM (SELECT raw FROM {schema}.event_bodies_default WHERE received_at >= month AND received_at < beyond LIMIT most + 1) AS found;
        IF waiting > most OR size > most::bigint * 8192 OR pg_relation_size('{schema}.event_bodies_default') > most::bigint * 32768 THEN
            did := 'left'; body_count := waiting;
            RETURN NEXT;
            CONTINUE;
        END IF;
        EXECUTE format('CREATE TABLE {schema}.%I (LIKE {schema}.event_bodies INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE {schema}.%I ADD CONSTRAINT its_month CHECK (received_at >= %L AND received_at < %L)',
            name, month, beyond);
        LOCK TABLE {schema}.event_bodies_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('WITH moved AS (DELETE FROM {schema}.event_bodies_default WHERE received_at >= $1 AND received_at < $2 RETURNING *)
            INSERT INTO {schema}.%I SELECT * FROM moved', name) USING month, beyond;
        GET DIAGNOSTICS body_count = ROW_COUNT;
        EXECUTE format('ALTER TABLE {schema}.event_bodies ATTACH PARTITION {schema}.%I FOR VALUES FROM (%L) TO (%L)', name, month, beyond);
        EXECUTE format('ALTER TABLE {schema}.%I DROP CONSTRAINT its_month', name);
        did := 'made';
        RETURN NEXT;
        RETURN;
    END LOOP;

    SELECT c.relname, greatest(c.reltuples, 0)::bigint INTO name, body_count
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), $bound$TO \\('([^']+)'\\)$bound$) b
    WHERE i.inhparent = '{schema}.event_bodies'::regclass AND b[1]::timestamptz <= at - keep
    ORDER BY b[1]::timestamptz LIMIT 1;
    IF FOUND THEN
        EXECUTE format('ALTER TABLE {schema}.event_bodies DETACH PARTITION {schema}.%I', name);
        EXECUTE format('DROP TABLE {schema}.%I', name);
        did := 'dropped';
        RETURN NEXT;
        RETURN;
    END IF;

    DELETE FROM {schema}.event_bodies_default
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM {schema}.event_bodies_default WHERE received_at < at - keep LIMIT most));
    GET DIAGNOSTICS body_count = ROW_COUNT;
    IF body_count > 0 THEN
        did := 'deleted'; name := 'event_bodies_default';
        RETURN NEXT;
    END IF;
END
$function$
"""
SIGNATURE = "keep_event_bodies(timestamptz, interval, integer, integer)"


def upgrade() -> None:
    # A constant default: nothing is rewritten.
    op.add_column("event_bodies", sa.Column("headers", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")))
    # What is looked for by age in DEFAULT lies there in order of age: an index of a few pages, which costs its writers next to nothing.
    op.execute("CREATE INDEX event_bodies_default_received_at_idx ON event_bodies_default USING brin (received_at)")
    schema = op.get_bind().execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
    op.get_bind().exec_driver_sql(KEEP.format(schema=schema))
    # It drops what is old, so nobody calls it by default; a role of the application's own is granted it by name.
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {SIGNATURE}")
    op.execute("DROP INDEX event_bodies_default_received_at_idx")
    op.drop_column("event_bodies", "headers")
