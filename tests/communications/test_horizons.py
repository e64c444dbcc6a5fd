"""What is committed shows in one order, and nothing that other databases of the same server do holds it up."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.communications.rooming import Rooming, listening
from tests.databases import fresh_database

from oncall import timeline
from oncall.kit.db import Database, plain_dsn
from oncall.kit.ids import new_id
from oncall.timeline import Place

ADD = text("""
    INSERT INTO timeline_entries (id, incident_id, at, kind, actor_kind, actor_name, via, reason, detail)
    VALUES (:id, :incident, '2026-03-02T12:00:00Z', 'held', 'engine', 'oncall', 'engine', :reason, '{}')
""")
XACT = "SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)"


async def add(tx: AsyncConnection, incident: str, reason: str) -> None:
    await tx.execute(ADD, {"id": new_id(), "incident": incident, "reason": reason})


@pytest.fixture(scope="module")
def elsewhere(server_dsn: str, template: str) -> Iterator[str]:
    with fresh_database(server_dsn, template, f"oncall_test_elsewhere_{os.getpid()}", is_durable=False) as url:
        yield plain_dsn(url)


@asynccontextmanager
async def held(dsn: str) -> AsyncIterator[int]:
    """The number of a transaction that writes, and takes its time."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            yield await connection.fetchval(XACT)
    finally:
        await connection.close()


async def horizon(database: Database) -> int:
    async with database.transaction(read_only=True) as tx:
        return (await timeline.newest_place(tx)).xact


async def test_a_listener_waits_for_no_transaction_of_another_database(rooming: Rooming, database: Database, elsewhere: str) -> None:
    async with listening(rooming.system.node.app, "/api/v1/incidents/stream", kind="held") as ear, held(elsewhere):
        for reason in ("first", "second", "third"):
            async with database.transaction() as tx:
                await add(tx, rooming.incident, reason)
        heard = [one for one in await ear.heard_of(rooming.incident, 3, within=10) if one.name == "held"]
    assert [one.data["reason"] for one in heard] == ["first", "second", "third"]


async def test_whatever_may_still_be_written_here_is_waited_for(rooming: Rooming, database: Database, elsewhere: str) -> None:
    async with database.transaction() as early, held(elsewhere) as theirs:
        await add(early, rooming.incident, "begun first")
        ours = (await early.execute(text(XACT))).scalar_one()
        async with database.transaction() as late:
            await add(late, rooming.incident, "committed first")
        assert theirs < ours
        assert await horizon(database) <= ours
        async with database.transaction(read_only=True) as tx:
            assert await timeline.list_committed(tx, after=Place(ours, 0), limit=10) == []
    async with database.transaction(read_only=True) as tx:
        found = await timeline.list_committed(tx, after=Place(ours, 0), limit=10)
    assert [one.recorded.entry.reason for one in found] == ["begun first", "committed first"]


async def test_who_writes_and_reads_does_not_pass_by_what_it_writes_itself(rooming: Rooming, database: Database) -> None:
    """At most its own place: what the server itself does meanwhile (autovacuum) may hold the horizon further back."""
    async with database.transaction() as tx:
        await add(tx, rooming.incident, "mine")
        mine = (await tx.execute(text(XACT))).scalar_one()
        assert (await timeline.newest_place(tx)).xact <= mine
