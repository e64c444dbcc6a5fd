"""The tables that stores speak to are the tables that the migrations make."""

from importlib import import_module

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Column, Connection, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, text
from tests.architecture.reading import sources

from oncall.kit.db import Database, metadata

for source in sources():
    if source.file == "tables":
        import_module("oncall." + source.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))

# What PostgreSQL itself says of each table of a schema, one line per fact. Names are shown without their schema, since that is
# searched; what a partitioned table's partitions inherit is theirs to know.
FACTS = text("""
    SELECT c.relname || ': column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
        || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
        || CASE a.attidentity WHEN 'a' THEN ' IDENTITY ALWAYS' WHEN 'd' THEN ' IDENTITY' ELSE '' END AS fact
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT c.relname || ': constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.connamespace = CAST(:schema AS regnamespace) AND NOT c.relispartition
        AND k.contype <> 'n' AND NOT (k.contype = 't' AND k.conname LIKE '%_directory_changed')
    UNION ALL
    SELECT c.relname || ': ' || pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = CAST(:schema AS regnamespace) AND NOT c.relispartition
    UNION ALL
    SELECT c.relname || ': partitioned by ' || pg_get_partkeydef(c.oid) FROM pg_class c
    WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'p'
""")


SEARCH = text("SELECT set_config('search_path', :schema, true)")
PARTITIONS = text("SELECT relname FROM pg_class WHERE relispartition")


def facts(connection: Connection, schema: str) -> list[str]:
    connection.execute(SEARCH, {"schema": schema})
    found = connection.execute(FACTS, {"schema": schema}).scalars()
    return sorted(fact.replace(f"{schema}.", "") for fact in found if not fact.startswith("alembic_version:"))


def differences(connection: Connection, models: MetaData, schema: str = "public") -> list[str]:
    """How models and database differ: `-` is in a tables.py alone, `+` in the migrations alone. Leaves nothing behind."""
    migrated = facts(connection, schema)
    with connection.begin_nested() as savepoint:
        connection.execute(text("CREATE SCHEMA declared"))
        connection.execute(SEARCH, {"schema": "declared"})
        models.create_all(connection, checkfirst=False)
        declared = facts(connection, "declared")
        savepoint.rollback()
    return [f"- {fact}" for fact in declared if fact not in migrated] + [f"+ {fact}" for fact in migrated if fact not in declared]


def next_migration(connection: Connection, models: MetaData) -> str:
    """What Alembic would write into it; "" for nothing."""
    partitions = set(connection.execute(PARTITIONS).scalars())
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": lambda name, kind, parents: kind != "table" or name not in partitions,
    }
    return "\n".join(map(str, compare_metadata(MigrationContext.configure(connection, opts=options), models)))


async def test_the_models_are_what_the_migrations_make(database: Database) -> None:
    async with database.transaction() as tx:
        if found := await tx.run_sync(differences, metadata):
            pytest.fail(
                "\n".join([*found, "- is in a tables.py alone, + in the migrations alone; instead change both together."]), pytrace=False
            )


async def test_alembic_would_write_no_migration(database: Database) -> None:
    async with database.transaction() as tx:
        assert await tx.run_sync(next_migration, metadata) == ""


SMALL = MetaData(naming_convention=metadata.naming_convention)
Table(
    "loans",
    SMALL,
    Column("id", Integer, primary_key=True),
    Column(
        "status", String, CheckConstraint("status IN ('out', 'returned')", name="has_a_known_status"), server_default="out", nullable=False
    ),
    Column("next_at", DateTime(timezone=True)),
    Column("first_id", ForeignKey("loans.id")),
    Index("loans_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ("ADD COLUMN extra int", "+ loans: column extra integer"),
        ("DROP COLUMN first_id", "- loans: column first_id integer"),
        ("ALTER COLUMN status TYPE varchar(9)", "+ loans: column status character varying(9)"),
        ("ALTER COLUMN next_at TYPE timestamp", "+ loans: column next_at timestamp without time zone"),
        ("ALTER COLUMN status DROP NOT NULL", "- loans: column status character varying NOT NULL"),
        ("ALTER COLUMN status DROP DEFAULT", "- loans: column status character varying NOT NULL DEFAULT"),
        ("DROP CONSTRAINT loans_has_a_known_status", "- loans: constraint loans_has_a_known_status CHECK"),
        ("ADD CONSTRAINT loans_is_new CHECK (id > 0)", "+ loans: constraint loans_is_new CHECK"),
        ("DROP CONSTRAINT loans_first_id_fkey", "- loans: constraint loans_first_id_fkey FOREIGN KEY"),
        ("RENAME CONSTRAINT loans_pkey TO loans_key", "+ loans: constraint loans_key PRIMARY KEY"),
    ],
)
async def test_a_difference_is_seen(database: Database, changed: str, says: str) -> None:
    assert says in "\n".join(await compared(database, f"ALTER TABLE loans {changed}"))


async def test_an_index_over_other_rows_is_seen(database: Database) -> None:
    other = "DROP INDEX loans_next_at_idx; CREATE INDEX loans_next_at_idx ON loans (next_at) WHERE status = 'out'"
    assert len(await compared(database, *other.split("; "))) == 2
    assert await compared(database) == []


async def compared(database: Database, *changes: str) -> list[str]:
    """The differences between SMALL and a schema made of it that was then changed."""

    def compare(connection: Connection) -> list[str]:
        with connection.begin_nested() as savepoint:
            connection.execute(text("CREATE SCHEMA migrated"))
            connection.execute(SEARCH, {"schema": "migrated"})
            SMALL.create_all(connection, checkfirst=False)
            for change in changes:
                connection.execute(text(change))
            found = differences(connection, SMALL, "migrated")
            savepoint.rollback()
        return found

    async with database.transaction() as tx:
        found: list[str] = await tx.run_sync(compare)
    return found


async def test_alembic_sees_a_column_that_no_model_has(database: Database) -> None:
    def with_one_more(connection: Connection) -> str:
        with connection.begin_nested() as savepoint:
            connection.execute(text(f"ALTER TABLE {metadata.sorted_tables[0].name} ADD COLUMN extra int"))
            found = next_migration(connection, metadata)
            savepoint.rollback()
        return found

    async with database.transaction() as tx:
        found = await tx.run_sync(with_one_more)
    assert "remove_column" in found
    assert "extra" in found
