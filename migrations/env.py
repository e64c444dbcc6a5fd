"""How Alembic reaches the database: over asyncpg, under an advisory lock, never waiting long for a table lock."""

import asyncio
import importlib
import os
import pkgutil
import time

from alembic import context
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import create_async_engine

import oncall
from oncall.kit.db import Database, metadata

for room in pkgutil.iter_modules(oncall.__path__):
    if room.ispkg:
        folder = importlib.import_module(f"oncall.{room.name}")
        for module in pkgutil.iter_modules(folder.__path__):
            if module.name in {"tables", "compiled"}:
                importlib.import_module(f"oncall.{room.name}.{module.name}")

# Any number that nobody else locks; "oncall" in ASCII.
MIGRATION_LOCK = 0x6F6E63616C6C


def run(connection: Connection) -> None:
    # Of the session, which ends with this command; each migration commits by itself, so that none holds the locks of those before it. Who
    # has not got it waits outside of a transaction: an index that is built beside everybody's work waits for all older ones.
    while not connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK}).scalar_one():
        connection.commit()
        time.sleep(0.1)
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    # A table of which a trigger still waits for the end of the transaction cannot be altered: they do not wait (migration 0045).
    event.listen(connection, "begin", lambda began: began.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE"))
    context.configure(
        connection=connection,
        transaction_per_migration=True,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
        # Partitions come and go; only their parents are declared.
        include_name=lambda name, type_, _: type_ != "table" or name is None or not name.startswith("event_bodies_"),
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    database = Database(context.config.attributes.get("dsn") or os.environ["ONCALL_DATABASE_URL"])
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: database.connect("migrate", statement_timeout_ms=0, command_timeout=None, lock_timeout_ms=60_000),
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()
    await database.close()


asyncio.run(main())
