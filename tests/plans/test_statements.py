"""Every statement that is written down is one that the server understands: whichever version it has, without a test for each."""

import importlib
import pkgutil
from collections.abc import Iterator

import asyncpg
from sqlalchemy import TextClause

import oncall
from oncall.kit.db import Database
from oncall.kit.straight import _compiled

PARTS = {
    "oncall.incidents.store.incidents.AT_RISK",
    "oncall.incidents.store.incidents.BREACHED",
    "oncall.incidents.store.incidents.WAITS_FOR",
}
"""Of a statement that is put together: each is something about an incident."""


def statements() -> Iterator[tuple[str, str]]:
    """Each with where it stands, be it in a table of several."""
    for module in pkgutil.walk_packages(oncall.__path__, "oncall."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            several = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple | set | frozenset) else [value]
            for one in several:
                if isinstance(one, TextClause):
                    where = f"{module.name}.{name}"
                    yield where, f"SELECT {one.text} FROM incidents" if where in PARTS else one.text


async def refused(database: Database, *written: tuple[str, str]) -> dict[str, str]:
    """What the server says against those that it does not understand."""
    wrong = {}
    connection = await database.connect("a test")
    try:
        for where, statement in written:
            try:
                await connection.prepare(_compiled(statement)[0])
            except asyncpg.PostgresError as error:
                wrong[where] = f"{error}"
    finally:
        await connection.close()
    return wrong


async def test_the_server_understands_every_statement(database: Database) -> None:
    written = list(statements())
    assert len(written) > 600, "all of them are looked at"
    assert await refused(database, *written) == {}


async def test_one_that_it_does_not_understand_is_named(database: Database) -> None:
    wrong = await refused(database, ("good", "SELECT :x + 1"), ("bad", "SELECT nothing FROM incidents"), ("worse", "MERGE INTO x"))
    assert sorted(wrong) == ["bad", "worse"]
