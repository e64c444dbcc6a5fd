"""The database schema: bring it to this version, and say whether it is. Alembic is loaded only where there is something to do."""

import asyncio
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import Database

if TYPE_CHECKING:
    from alembic.config import Config

CURRENT = text("SELECT version_num FROM alembic_version")
EXISTS = text("SELECT to_regclass('alembic_version') IS NOT NULL")


class UnknownSchema(Exception):
    """The database has been migrated to a version that this program does not know."""


def _folder() -> Path:
    """In a wheel the migrations lie inside the package, in a checkout beside src."""
    here = Path(__file__).resolve()
    places = (here.parents[1] / "migrations", here.parents[3] / "migrations")
    return next(place for place in places if (place / "env.py").exists())


@cache
def head() -> str:
    """The schema's version that this program was written for: its newest migration, whose file begins with it."""
    return max(file.name.partition("_")[0] for file in (_folder() / "versions").glob("[0-9]*.py"))


def migrate(dsn: str) -> None:
    """Bring the database to this program's version, one process at a time (advisory lock). Runs an event loop of its own."""
    if asyncio.run(_nothing_to_do(dsn)):
        return
    from alembic import command  # noqa: PLC0415 — half a second and many megabytes, with all migrations there ever were
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        command.upgrade(config(dsn), "heads")
    except CommandError as error:
        raise UnknownSchema(f"this version does not know the database's schema, which a newer one has made: {error}") from error


def config(dsn: str) -> "Config":
    """What Alembic is to know."""
    from alembic.config import Config  # noqa: PLC0415 — as above

    made = Config()
    made.set_main_option("script_location", str(_folder()))
    made.attributes["dsn"] = dsn
    return made


async def _nothing_to_do(dsn: str) -> bool:
    database = Database(dsn)
    try:
        async with database.transaction(read_only=True) as tx:
            return await is_current(tx)
    finally:
        await database.close()


async def is_current(tx: AsyncConnection) -> bool:
    """Whether the database has exactly the schema this program knows."""
    if not (await tx.execute(EXISTS)).scalar_one():
        return False
    return list((await tx.execute(CURRENT)).scalars()) == [head()]
