"""A COMMIT that fails is an answer 5xx, never a 2xx: what a client was told is stored, is stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.incidents.building import rows
from tests.system import System, to

from oncall.kit.db import Database, savepoint

REFUSE = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today' USING ERRCODE = '{sqlstate}'; END $$"
AT_COMMIT = """
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse()
"""
ANA = {"name": "Ana", "email": "ana@example.com"}
DISK = {"event_action": "trigger", "dedup_key": "disk", "payload": {"summary": "Disk full", "source": "db-1", "severity": "critical"}}
LEFT = """
    SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM event_bodies), (SELECT count(*) FROM alerts),
        (SELECT count(*) FROM incidents), (SELECT count(*) FROM notifications), (SELECT count(*) FROM timeline_entries)
"""


@asynccontextmanager
async def commits_fail(database: Database, table: str, *, sqlstate: str = "P0001") -> AsyncIterator[None]:
    """Every statement on `table` succeeds; the COMMIT of a transaction that wrote to it does not."""
    async with database.transaction() as tx:
        await tx.execute(text(REFUSE.format(sqlstate=sqlstate)))
        await tx.execute(text(AT_COMMIT.format(table=table)))
    try:
        yield
    finally:
        async with database.transaction() as tx:
            await tx.execute(text("DROP FUNCTION refuse CASCADE"))


async def test_a_write_of_the_api_whose_commit_fails_is_5xx_and_leaves_nothing(system: System, database: Database) -> None:
    refusals = {"P0001": (500, "internal"), "40001": (503, "busy"), "57P01": (503, "database_unavailable")}
    for sqlstate, expected in refusals.items():
        async with commits_fail(database, "users", sqlstate=sqlstate):
            answer = await system.api.post("/api/v1/users", json=ANA)
            assert (answer.status_code, answer.json().get("code")) == expected
            assert await rows(system, "SELECT count(*) FROM users") == [(0,)]
    assert (await system.api.post("/api/v1/users", json=ANA)).status_code == 201, "the connection is fit for use again"


async def test_an_event_whose_commit_fails_is_503_and_leaves_nothing(system: System, database: Database) -> None:
    key = (await system.service([to(await system.user("Ana"))]))["key"]
    for path, sqlstate in ((f"/intake/{key}", "P0001"), (f"/intake/{key}", "40001"), ("/v2/enqueue", "P0001")):
        async with commits_fail(database, "events", sqlstate=sqlstate):
            answer = await system.api.post(path, json={**DISK, "routing_key": key})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert await rows(system, LEFT) == [(0,) * 6]
    await system.run_due()
    assert system.pages() == []
    assert (await system.api.post(f"/intake/{key}", json=DISK)).status_code == 202, "the gate is open for the same event"
    await system.run_due()
    assert system.pages() == ["Ana"]


async def test_an_acknowledgement_whose_commit_fails_is_5xx_and_stops_nothing(system: System, database: Database) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT2M")))
    opened = await system.event((await system.service([to(ana)]))["key"])
    link = system.email.sent[0].acknowledge_url
    assert link is not None
    async with commits_fail(database, "incidents"):
        for path in (f"/api/v1/incidents/{opened['incident_id']}/acknowledge", link):
            assert (await system.api.post(path)).status_code == 500
    assert (await system.incident(opened["incident_id"]))["status"] == "triggered"
    system.pages()
    await system.advance(minutes=2)
    assert system.pages() == ["Ana"], "what was pending is pending still"


async def test_a_savepoint_around_one_that_failed_is_undone_whole(database: Database) -> None:
    add = text("INSERT INTO revisions (topic, revision) VALUES (:topic, 1)")

    async def inner(tx: AsyncConnection) -> None:
        async with savepoint(tx):
            await tx.execute(add, {"topic": "inside"})
            raise ValueError("inner")

    async def outer(tx: AsyncConnection) -> None:
        async with savepoint(tx):
            await tx.execute(add, {"topic": "before"})
            with pytest.raises(ValueError, match="inner"):
                await inner(tx)
            raise ValueError("outer")

    async with database.transaction() as tx:
        with pytest.raises(ValueError, match="outer"):
            await outer(tx)
        assert (await tx.execute(text("SELECT topic FROM revisions WHERE topic IN ('before', 'inside')"))).all() == []
