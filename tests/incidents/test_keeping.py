"""How long raw bodies are kept: a partition for each month, made ahead and dropped by age, and nobody is ever held up by it."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from tests import databases
from tests.system import System, to

from oncall.incidents.commands.keeping import SHARED, keep_bodies
from oncall.incidents.due import KeptBodies
from oncall.incidents.values import Step
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import new_id
from oncall.kit.metrics import BODIES
from oncall.kit.trouble import sqlstate

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEEP = timedelta(days=90)
DAY = timedelta(days=1)
THREE = ["event_bodies_2026_03", "event_bodies_2026_04", "event_bodies_2026_05"]

PARTITIONS = text("""
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'event_bodies'::regclass ORDER BY 1
""")
WHERE = text("SELECT tableoid::regclass::text AS place, count(*) AS bodies FROM event_bodies GROUP BY 1 ORDER BY 1")
ADD = text("INSERT INTO event_bodies (id, received_at, content_type, raw) VALUES (:id, :at, '', 'x')")
MANY = text("""
    INSERT INTO event_bodies (id, received_at, content_type, raw) SELECT gen_random_uuid(), :at, '', 'x' FROM generate_series(1, :n)
""")
ASK = text("SELECT did, name, body_count FROM keep_event_bodies(:at, :keep, :ahead, :most)")


@pytest.fixture(scope="module")
def url(server_dsn: str, template: str) -> Iterator[str]:
    """Its partitions are its own: other tests leave theirs."""
    with databases.fresh_database(server_dsn, template, f"oncall_test_{os.getpid()}_keeping", is_durable=False) as url:
        yield url


@pytest.fixture
async def own(url: str) -> AsyncIterator[Database]:
    """As it was when it was migrated, and again so after the test: to copy another one takes longer than any of these."""
    database = Database(url)
    yield database
    for name in await partitions(database):
        async with database.transaction() as tx:
            await tx.execute(text(f"DROP TABLE {name}"))
    async with database.transaction() as tx:
        await tx.execute(text("TRUNCATE event_bodies"))  # its size counts, and what is only deleted keeps it
        await databases.empty(tx)
    await database.close()


async def keep(own: Database, *, at: datetime = NOW, keep: timedelta = KEEP) -> list[Step]:
    """Every step there is, each in a transaction of its own."""
    taken: list[Step] = []
    while True:
        async with own.transaction() as tx:
            steps = await keep_bodies(tx, keep=keep, now=at)
        taken += [step for step in steps if step not in taken]
        if not [step for step in steps if step.did != "left"]:
            return taken


async def add(own: Database, *ats: datetime) -> None:
    async with own.transaction() as tx:
        for at in ats:
            await tx.execute(ADD, {"id": new_id(), "at": at})


async def partitions(own: Database) -> list[str]:
    async with own.transaction() as tx:
        return [name for name in (await tx.execute(PARTITIONS)).scalars() if name != "event_bodies_default"]


async def places(own: Database) -> dict[str, int]:
    async with own.transaction() as tx:
        return {row.place: row.bodies for row in await tx.execute(WHERE)}


async def test_this_month_and_two_ahead_have_a_partition_and_once_is_enough(own: Database) -> None:
    assert await keep(own) == [Step("made", name, 0) for name in THREE]
    assert await partitions(own) == THREE
    assert await keep(own) == []
    assert await keep(own, at=NOW + 30 * DAY) == [Step("made", "event_bodies_2026_06", 0)]


@pytest.mark.parametrize(
    ("at", "place"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), THREE[0]),
        (datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC), THREE[0]),
        (datetime(2026, 4, 1, tzinfo=UTC), THREE[1]),
        (datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC), THREE[2]),
        (datetime(2026, 6, 1, tzinfo=UTC), "event_bodies_default"),
        (datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC), "event_bodies_default"),
    ],
)
async def test_months_are_those_of_utc_and_what_has_none_is_in_default(own: Database, at: datetime, place: str) -> None:
    async with own.transaction() as tx:
        await tx.exec_driver_sql("SET timezone = 'Pacific/Kiritimati'")  # whatever the caller's zone
        await keep_bodies(tx, keep=KEEP, now=NOW)
    await keep(own)
    await add(own, at)
    assert await places(own) == {place: 1}


async def test_the_turn_of_the_year(own: Database) -> None:
    assert [step.partition[-7:] for step in await keep(own, at=datetime(2026, 12, 31, 23, 59, tzinfo=UTC))] == [
        "2026_12",
        "2027_01",
        "2027_02",
    ]


async def test_bodies_of_a_month_that_lie_in_default_move_with_their_headers(own: Database) -> None:
    await add(own, NOW, NOW + 30 * DAY, NOW - 30 * DAY)
    async with own.transaction() as tx:
        await tx.exec_driver_sql('UPDATE event_bodies SET headers = \'{"user-agent": "x"}\'')
    assert [step.bodies for step in await keep(own)] == [1, 1, 0]
    assert await places(own) == {THREE[0]: 1, THREE[1]: 1, "event_bodies_default": 1}
    async with own.transaction() as tx:
        assert {tuple(row) for row in await tx.exec_driver_sql("SELECT headers ->> 'user-agent', raw FROM event_bodies")} == {("x", b"x")}


async def test_a_month_with_more_bodies_than_move_in_a_moment_stays_in_default_and_the_next_has_its_own(own: Database) -> None:
    async with own.transaction() as tx:
        await tx.execute(MANY, {"at": NOW, "n": 1_001})
    assert await keep(own) == [Step("left", THREE[0], 1_001), *(Step("made", name, 0) for name in THREE[1:])]
    assert await places(own) == {"event_bodies_default": 1_001}
    async with own.transaction() as tx:
        made = (await tx.execute(ASK, {"at": NOW, "keep": KEEP, "ahead": 0, "most": 2_000})).all()
    assert [tuple(row) for row in made] == [("made", THREE[0], 1_001)], "by hand, in a quiet minute, more may move"


async def test_a_partition_is_dropped_when_all_of_it_is_too_old_and_not_before(own: Database) -> None:
    await keep(own)
    await add(own, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, 23, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert "dropped" not in {step.did for step in await keep(own, at=datetime(2026, 6, 30, tzinfo=UTC))}, (
        "90 days since 31 March, but a body may serve events that came a moment later"
    )
    gone = await keep(own, at=datetime(2026, 6, 30, tzinfo=UTC) + SHARED)
    assert [(step.did, step.partition) for step in gone] == [("dropped", THREE[0])]
    assert await places(own) == {THREE[1]: 1}
    async with own.transaction() as tx:
        assert (await tx.exec_driver_sql(f"SELECT to_regclass('{THREE[0]}')")).scalar_one() is None, "nothing of it is left"


async def test_after_a_year_away_everything_old_goes_and_what_comes_has_its_place(own: Database) -> None:
    await keep(own)
    await add(own, NOW, NOW + 200 * DAY)
    await keep(own, at=NOW + 365 * DAY)
    assert await partitions(own) == ["event_bodies_2027_03", "event_bodies_2027_04", "event_bodies_2027_05"]
    assert await places(own) == {}


async def test_old_bodies_in_default_are_deleted_in_bounded_batches(own: Database) -> None:
    async with own.transaction() as tx:
        await tx.execute(MANY, {"at": NOW - 91 * DAY, "n": 25})
        await tx.execute(MANY, {"at": NOW - 89 * DAY, "n": 3})
    deleted = []
    async with own.transaction() as tx:
        while rows := (await tx.execute(ASK, {"at": NOW, "keep": KEEP, "ahead": 0, "most": 10})).all():
            deleted += [(row.did, row.body_count) for row in rows]
    assert deleted == [("made", 0), ("deleted", 10), ("deleted", 10), ("deleted", 5)]
    assert await places(own) == {"event_bodies_default": 3}


@pytest.mark.parametrize(("changed", "value"), [("keep", timedelta(hours=23)), ("ahead", -1), ("ahead", 25), ("most", 0), ("at", None)])
async def test_what_would_destroy_or_flood_is_refused(own: Database, changed: str, value: object) -> None:
    with pytest.raises(DBAPIError, match="kept for a day at least"):
        async with own.transaction() as tx:
            await tx.execute(ASK, {"at": NOW, "keep": KEEP, "ahead": 2, "most": 10} | {changed: value})


async def test_two_nodes_at_once_do_each_thing_once(own: Database) -> None:
    taken = await asyncio.gather(*(keep(own) for _ in range(4)))
    assert sorted(step.partition for steps in taken for step in steps) == THREE
    assert await partitions(own) == THREE


async def locks(tx: AsyncConnection) -> set[tuple[str, str]]:
    """What this transaction holds on tables of bodies that others use."""
    rows = await tx.exec_driver_sql(
        "SELECT relation::regclass::text, mode FROM pg_locks WHERE pid = pg_backend_pid()"
        " AND relation::regclass::text LIKE 'event_bodies%%' AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')"
    )
    return {tuple(row) for row in rows}


async def test_intake_passes_while_a_partition_is_made(own: Database) -> None:
    """A body of a month that has a partition is stored while the next one is being made and not committed yet."""
    async with own.transaction() as tx:
        await keep_bodies(tx, keep=KEEP, now=NOW)
    async with own.transaction() as maker:
        await keep_bodies(maker, keep=KEEP, now=NOW)
        held = await locks(maker)
        async with asyncio.timeout(2):
            await add(own, NOW)
    assert ("event_bodies", "ShareUpdateExclusiveLock") in held
    assert {table for table, mode in held if mode == "AccessExclusiveLock"} & {"event_bodies", THREE[0]} == set()
    assert await places(own) == {THREE[0]: 1}


async def test_a_long_writer_makes_it_give_up_at_once_and_nothing_is_half_done(own: Database) -> None:
    async with own.transaction() as writer:
        await writer.execute(ADD, {"id": new_id(), "at": NOW})  # in DEFAULT, and not committed
        with pytest.raises(DBAPIError) as refused:
            async with asyncio.timeout(2), own.transaction() as tx:
                await keep_bodies(tx, keep=KEEP, now=NOW)
        assert sqlstate(refused.value) == "55P03"
    assert await partitions(own) == []
    assert await keep(own) == [Step("made", THREE[0], 1), *(Step("made", name, 0) for name in THREE[1:])]


# --- by the engine ----------------------------------------------------------------------------------------------------------


async def test_the_engine_does_it_at_start_and_every_hour(own: Database) -> None:
    clock = ManualClock(NOW)
    source = KeptBodies(keep=KEEP, database=own, clock=clock)
    assert [(await source.run()).handled for _ in range(5)] == [1, 1, 1, 0, 0]
    assert (await source.run()).next_at == NOW + timedelta(hours=1)
    clock.advance(70 * DAY)
    assert [(await source.run()).handled for _ in range(3)] == [1, 1, 0]
    clock.at = NOW
    assert (await source.run()).next_at == NOW + timedelta(hours=1), "a clock that jumped back silences nobody"


async def test_a_failure_is_counted_and_told_and_tried_again_and_stops_nobody(own: Database, capsys: pytest.CaptureFixture[str]) -> None:
    def failures() -> float:
        return sum(s.value for m in BODIES.collect() for s in m.samples if s.labels == {"step": "failed"} and s.name.endswith("_total"))

    before = failures()
    async with own.transaction() as tx:
        await tx.exec_driver_sql("ALTER FUNCTION keep_event_bodies(timestamptz, interval, integer, integer) RENAME TO away")
    clock = ManualClock(NOW)
    source = KeptBodies(keep=KEEP, database=own, clock=clock)
    done = await source.run()
    assert (done.handled, done.next_at, failures() - before) == (0, NOW + timedelta(hours=1), 1)
    assert "raw bodies were not looked after" in capsys.readouterr().out
    await add(own, NOW)
    async with own.transaction() as tx:
        await tx.exec_driver_sql("ALTER FUNCTION away(timestamptz, interval, integer, integer) RENAME TO keep_event_bodies")
    clock.advance(timedelta(hours=1))
    assert (await source.run()).handled == 1


async def test_nobody_may_call_it_but_its_owner_and_who_is_granted_it(own: Database) -> None:
    async with own.transaction() as tx:
        await tx.exec_driver_sql("CREATE ROLE oncall_test_keeping")
        await tx.exec_driver_sql("GRANT oncall_test_keeping TO CURRENT_USER")
        try:
            await tx.exec_driver_sql("SET ROLE oncall_test_keeping")
            with pytest.raises(DBAPIError, match="permission denied"):
                async with tx.begin_nested():
                    await keep_bodies(tx, keep=KEEP, now=NOW)
            await tx.exec_driver_sql("RESET ROLE")
            await tx.exec_driver_sql(
                "GRANT EXECUTE ON FUNCTION keep_event_bodies(timestamptz, interval, integer, integer) TO oncall_test_keeping"
            )
            await tx.exec_driver_sql("SET ROLE oncall_test_keeping")
            assert [step.did for step in await keep_bodies(tx, keep=KEEP, now=NOW)] == ["made"], "it owns nothing, and need not"
            await tx.exec_driver_sql("RESET ROLE")
        finally:
            await tx.rollback()


async def test_events_alerts_and_incidents_stay_when_their_body_goes(own: Database, url: str, tmp_path: Path) -> None:
    system = System(url, ManualClock(NOW), tmp_path)
    await system.start()
    made: dict[str, Any] = await system.service([to(await system.user("Ana"))])
    event = await system.event(made["key"])
    assert (await system.api.get(f"/api/v1/events/{event['id']}")).json()["body"]["size"] > 0
    system.clock.advance(timedelta(days=150))
    await system.node.engine.run_due()
    whole = (await system.api.get(f"/api/v1/events/{event['id']}")).json()
    assert (whole["body"], whole["body_gone"]) == (None, "The body is gone: bodies are kept for 90 days, if nobody deletes them before.")
    assert (whole["summary"], whole["decision"]) == ("Disk full", "opened")
    gone = await system.api.get(f"/api/v1/events/{event['id']}/body")
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")
    assert (await system.incident(event["incident_id"]))["title"] == "Disk full"
    assert len((await system.api.get(f"/api/v1/incidents/{event['incident_id']}/alerts")).json()["items"]) == 1
    await system.stop()


async def test_an_event_that_comes_while_the_partition_of_its_month_is_made_is_what_it_says(system: System, database: Database) -> None:
    key = (await system.service([to(await system.user("Ana"))]))["key"]
    body = {"summary": "Disk full", "dedup_key": "disk", "severity": "critical"}
    async with database.transaction() as tx:
        for name in [r.relname for r in await tx.execute(PARTITIONS) if r.relname != "event_bodies_default"]:
            await tx.execute(text(f"DROP TABLE {name}"))
    async with database.transaction(Pool.ENGINE) as tx:
        assert await keep_bodies(tx, keep=timedelta(days=90), now=await system.node.clock.now(tx))
        posted = asyncio.create_task(system.api.post(f"/intake/{key}", json=body))
        await asyncio.sleep(0.3)  # it was sent to DEFAULT by then, and waits there
        assert not posted.done()
    said = (await posted).json()["events"][0]
    assert (said["dedup_key"], said["decision"]) == ("disk", "opened")
