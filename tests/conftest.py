"""Fixtures for all tests: a real PostgreSQL, a clock moved by hand, the whole system in one process."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
import trustme
import uvloop
from httpx import AsyncClient
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from tests import databases

if TYPE_CHECKING:
    # The whole product: the process that only gives tests to its workers needs none of it.
    from tests.system import System

# Tracebacks with every local variable, which structlog prints by default, take seconds.
PLAIN = [structlog.processors.add_log_level, structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
structlog.configure(processors=PLAIN)

# How long a machine takes to make an example says nothing about the product; a busy one fails no test. `make test` and continuous
# integration judge a change by the same examples each time; `make soak` looks for new ones.
USUAL = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
settings.register_profile("oncall", USUAL, derandomize=True, stateful_step_count=25)
settings.register_profile("soak", USUAL, max_examples=3000)
settings.register_profile("soak-ci", USUAL, max_examples=300, derandomize=True)
settings.load_profile("oncall")


MARKS = {"faults": ("faults",), "soak": ("soak",), "soak or long": ("soak", "long")}
"""What the targets beside `make test` ask for, and the marks that it is found by: in the files of the tests themselves, word for word."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file without any of the marks that are asked for is not read: each worker would import ten thousand tests to run a hundred."""
    marks = MARKS.get(config.option.markexpr)
    if marks is None or not collection_path.match("test_*.py"):
        return None
    written = collection_path.read_text(encoding="utf-8")
    return None if any(f"mark.{mark}" in written for mark in marks) else True


def pytest_collection_finish() -> None:
    """Modules and ten thousand tests stay until the end: whoever collects garbage need not look at them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that nodes run on; it costs half of asyncio's own."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session", autouse=True)
def _one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust one authority, which signs nothing: no test calls anybody outside, and a node reads all of certifi's in 40 ms."""
    authority = tmp_path_factory.mktemp("authority") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority))
        yield


@pytest.fixture(scope="session")
def server_dsn() -> Iterator[str]:
    with databases.server() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def template(server_dsn: str) -> str:
    return databases.make_template(server_dsn)


@pytest.fixture(scope="session")
def database_url(server_dsn: str, template: str) -> Iterator[str]:
    """This worker's own database. Its commits wait for no disk: what is killed in tests that use it is never the server."""
    with databases.fresh_database(server_dsn, template, f"oncall_test_{os.getpid()}", is_durable=False) as url:
        yield url


@pytest.fixture(scope="session")
async def _database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def database(_database: Database) -> AsyncIterator[Database]:
    """Real commits; emptied after the test."""
    yield _database
    async with _database.transaction() as tx:
        await databases.empty(tx)


@pytest.fixture
async def tx(_database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction that is rolled back at the end."""
    async with _database._engines["api"].connect() as tx:
        await tx.begin()
        yield tx
        await tx.rollback()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


class Shared(Database):
    """One test's node after the other has its connections: to open them, and to warm each one, takes longer than most tests."""

    async def close(self) -> None:
        """The next node goes on with it."""

    async def close_at_last(self) -> None:
        await super().close()


@pytest.fixture(scope="session")
async def _node_database(database_url: str) -> AsyncIterator[Database]:
    database = Shared(database_url)
    yield database
    await database.close_at_last()


@pytest.fixture
async def system(database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator["System"]:
    """The whole system: HTTP in, pages out, time moved by hand."""
    from tests.system import System

    system = System(_node_database, clock, tmp_path)
    await system.start()
    yield system
    await system.stop()


@pytest.fixture
async def api(system: "System") -> AsyncClient:
    """The whole app, with the admin key."""
    return system.api
