"""The database schema: bring it to this version, and say whether it is."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

CURRENT = text("SELECT version_num FROM alembic_version")
EXISTS = text("SELECT to_regclass('alembic_version') IS NOT NULL")


def _config(dsn: str) -> Config:
    here = Path(__file__).resolve()
    # In a wheel the migrations lie inside the package, in a checkout beside src.
    places = (here.parents[1] / "migrations", here.parents[3] / "migrations")
    config = Config()
    config.set_main_option("script_location", str(next(place for place in places if (place / "env.py").exists())))
    config.attributes["dsn"] = dsn
    return config


@cache
def heads() -> Sequence[str]:
    """The schema version(s) this program was written for."""
    return ScriptDirectory.from_config(_config("")).get_heads()


class UnknownSchema(Exception):
    """The database has been migrated to a version that this program does not know."""


def migrate(dsn: str) -> None:
    """Bring the database to this program's version, one process at a time (advisory lock). Runs an event loop of its own."""
    try:
        command.upgrade(_config(dsn), "heads")
    except CommandError as error:
        raise UnknownSchema(f"this version does not know the database's schema, which a newer one has made: {error}") from error


async def is_current(tx: AsyncConnection) -> bool:
    """Whether the database has exactly the schema this program knows."""
    if not (await tx.execute(EXISTS)).scalar_one():
        return False
    return sorted((await tx.execute(CURRENT)).scalars()) == sorted(heads())
