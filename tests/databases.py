"""A migrated PostgreSQL database for each test worker, copied from a template that is made once per schema."""

import asyncio
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit import schema
from oncall.kit.db import plain_dsn
from oncall.kit.embedded import open_server

ROOT = Path(__file__).parents[1]
FOLDER = Path(tempfile.gettempdir()) / f"oncall-tests-{os.getuid()}"

ALL_TABLES = text("""
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
""")


def with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(plain_dsn(dsn), timeout=10)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _exists(dsn: str, name: str) -> bool:
    connection = await asyncpg.connect(plain_dsn(dsn), timeout=10)
    try:
        return bool(await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1 AND NOT datallowconn", name))
    finally:
        await connection.close()


@contextmanager
def server() -> Iterator[str]:
    """The PostgreSQL of ONCALL_TEST_DATABASE_URL, else an embedded one that all workers of this user share."""
    given = os.environ.get("ONCALL_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with open_server(FOLDER) as embedded:
        yield embedded.dsn


def make_template(dsn: str) -> str:
    """The name of the template for the schema as it is in this checkout; built by whoever comes first, closed to connections."""
    files = sorted((ROOT / "migrations").rglob("*.py"))
    name = "oncall_template_" + hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]
    with (Path(tempfile.gettempdir()) / f"oncall-tests-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not asyncio.run(_exists(dsn, name)):
            asyncio.run(_execute(dsn, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}"))
            schema.migrate(with_database(dsn, name))
            asyncio.run(_execute(dsn, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
    return name


async def _drop(dsn: str, name: str) -> None:
    """A vacuum of the server's own, which nobody but a superuser may end, is waited for."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await _execute(dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            except asyncpg.InsufficientPrivilegeError:
                await asyncio.sleep(0.1)


LOOSE = {
    "synchronous_commit": "off",
    # For tables of a few rows there is one plan: to plan the first five of each connection's, as usual, costs more than to run them.
    "plan_cache_mode": "force_generic_plan",
}


@contextmanager
def fresh_database(dsn: str, template: str, name: str, *, is_durable: bool = True) -> Iterator[str]:
    """A database of its own, gone at the end; one that is not durable may forget its last commits if the server crashes, and is for few
    rows.
    """
    loose = [] if is_durable else [f"ALTER DATABASE {name} SET {setting} = {value}" for setting, value in LOOSE.items()]
    asyncio.run(_execute(dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {template}", *loose))
    try:
        yield with_database(dsn, name)
    finally:
        asyncio.run(_drop(dsn, name))


async def empty(tx: AsyncConnection) -> None:
    """Delete every row with one statement, so that foreign keys are checked when nothing is left."""
    await tx.execute(text("SET LOCAL statement_timeout = '60s'"))  # a storm leaves hundreds of thousands of rows
    names = (await tx.execute(ALL_TABLES)).scalars().all()
    # Most are empty, and to look costs a fourth of what it costs to delete nothing.
    looks = ", ".join(f"CASE WHEN EXISTS (SELECT 1 FROM {name}) THEN '{name}' END" for name in names)
    full = (await tx.execute(text(f"SELECT array_remove(ARRAY[{looks}], NULL)"))).scalar_one()
    deletes = ", ".join(f"d{n} AS (DELETE FROM {name})" for n, name in enumerate(full))
    if deletes:
        await tx.execute(text(f"WITH {deletes} SELECT 1"))
