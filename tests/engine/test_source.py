"""One pass over due rows: everybody's work is done, whatever one row, one lock or one crash does to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.engine.things import Thing, Things, add, rows, things_in

from oncall.engine import Engine, Pass, SetSource, was_lately
from oncall.kit import failpoints
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database, Pool
from oncall.kit.trouble import ConcurrentChange

SECOND = timedelta(seconds=1)


@pytest.fixture
async def things(database: Database) -> AsyncIterator[Things]:
    async with things_in(database) as things:
        yield things


@pytest.fixture(params=[False, True], ids=["asks", "relies"])
def source(request: pytest.FixtureRequest, things: Things, database: Database, clock: ManualClock) -> SetSource[Thing]:
    return SetSource(things, database=database, clock=clock, every=SECOND, relies=request.param)


@asynccontextmanager
async def holding(database: Database, *ids: int) -> AsyncIterator[AsyncConnection]:
    """Somebody else's transaction that has these rows locked."""
    async with database.transaction(Pool.API) as tx:
        await tx.execute(text("SELECT 1 FROM things WHERE id = ANY(:ids) FOR NO KEY UPDATE"), {"ids": list(ids)})
        yield tx


async def test_what_is_due_is_done_once_as_one_set(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(3), due=clock.at)
    await add(database, range(3, 5), due=clock.at + SECOND)
    assert await source.run() == Pass(3, clock.at, clock.at + SECOND)
    assert await source.run() == Pass(0, clock.at, clock.at + SECOND)
    assert things.sets == [[0, 1, 2]]
    assert await rows(database, "done") == [(1,), (1,), (1,), (0,), (0,)]


async def test_what_is_not_due_is_looked_at_and_not_claimed(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    assert await source.run() == Pass(0, clock.at, None)
    await add(database, range(1), due=clock.at + SECOND)
    assert await source.run() == Pass(0, clock.at, clock.at + SECOND)
    assert things.claims == 0
    clock.at += SECOND
    assert await source.run() == Pass(1, clock.at, None)


async def test_whoever_looks_after_more_than_what_is_due_claims_each_time(database: Database, clock: ManualClock, things: Things) -> None:
    source = SetSource(things, database=database, clock=clock, every=SECOND, looks=False)
    assert await source.run() == Pass(0, clock.at, None)
    assert things.claims == 1


async def test_a_row_that_spoils_the_set_is_found_by_halving_and_postponed_alone(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(8), due=clock.at)
    things.spoiled = {5}
    done = await source.run()
    assert done == Pass(8, clock.at, clock.at + 5 * SECOND)
    assert things.sets[-7:] == [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3], [4, 5, 6, 7], [4, 5], [4], [5], [6, 7]]
    assert things.sets[:-7] in ([], [[0, 1, 2, 3, 4, 5, 6, 7]]), "who relies tries all of it once more"
    assert await rows(database, "done, failures") == [(1, 0)] * 5 + [(0, 1)] + [(1, 0)] * 2
    assert (await rows(database, "last_error"))[5] == ("IntegrityError",)


async def test_each_failure_postpones_for_longer(database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]) -> None:
    await add(database, range(1), due=clock.at)
    things.spoiled = {0}
    waits = []
    for _ in range(3):
        done = await source.run()
        assert done.next_at is not None
        waits.append(done.next_at - clock.at)
        clock.at = done.next_at
    assert waits == [5 * SECOND, 10 * SECOND, 20 * SECOND]


async def test_all_rows_spoiled_are_all_postponed_in_one_pass(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(33), due=clock.at)
    things.spoiled = set(range(33))
    assert (await source.run()).handled == 33
    assert await rows(database, "done, failures") == [(0, 1)] * 33


async def test_a_row_that_cannot_even_be_postponed_stops_nobody_and_does_not_count_as_done(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(4), due=clock.at)
    things.spoiled = things.unpostponable = {2}
    assert await source.run() == Pass(3, clock.at, clock.at)
    assert await rows(database, "done") == [(1,), (1,), (0,), (1,)]


async def test_a_conflict_does_the_whole_set_again(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(4), due=clock.at)

    async def once(tx: AsyncConnection, rows: object) -> None:
        if len(things.sets) == 1:
            raise ConcurrentChange("somebody was first")

    things.meanwhile = once
    assert (await source.run()).handled == 4
    assert things.sets == [[0, 1, 2, 3]] * 2
    assert await rows(database, "done, failures") == [(1, 0)] * 4


async def test_rows_that_others_hold_are_skipped(database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]) -> None:
    await add(database, range(4), due=clock.at)
    async with holding(database, 1, 2):
        assert (await source.run()).handled == 2
    assert (await source.run()).handled == 2
    assert things.sets == [[0, 3], [1, 2]]


async def test_overdue_rows_that_others_hold_are_waited_for(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(2), due=clock.at - 3 * SECOND)
    async with holding(database, 0):
        running = asyncio.create_task(source.run())
        done, _ = await asyncio.wait([running], timeout=0.3)
        assert not done, "it stands in line"
        assert await rows(database, "done") == [(0,), (1,)], "what nobody holds was not kept waiting"
    assert (await running).handled == 2
    assert await rows(database, "done") == [(1,), (1,)]


async def test_a_wait_in_vain_ends_soon_and_takes_nobodys_work_with_it(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(2), due=clock.at - 3 * SECOND)
    async with holding(database, 0):
        async with asyncio.timeout(2):
            assert await source.run() == Pass(1, clock.at, clock.at - 3 * SECOND)
        assert await rows(database, "done, failures") == [(0, 0), (1, 0)]


@pytest.mark.faults
async def test_one_locked_thing_elsewhere_is_not_the_end_of_all_paging(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    """Somebody leaves a transaction open, with a lock on what one row of a hundred needs: that row is postponed, the others are done."""
    await add(database, range(99), due=clock.at)
    await add(database, range(1000, 1001), due=clock.at - SECOND)

    async def needs_1001(tx: AsyncConnection, rows: list[Thing]) -> None:
        if any(row.id == 1000 for row in rows):
            await tx.execute(text("SELECT 1 FROM things WHERE id = 1001 FOR NO KEY UPDATE"))

    await add(database, range(1001, 1002), due=clock.at + timedelta(days=1))
    things.meanwhile = needs_1001  # type: ignore[assignment]
    async with holding(database, 1001), asyncio.timeout(15):
        while await source.run() != Pass(0, clock.at, clock.at + 5 * SECOND):
            pass
    assert await rows(database, "done, failures") == [(1, 0)] * 99 + [(0, 1), (0, 0)]
    things.meanwhile = None
    clock.advance(5 * SECOND)
    assert (await source.run()).handled == 1
    assert [len(ids) for ids in things.sets[-1:]] == [1]


async def test_a_lost_connection_postpones_nobody(database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]) -> None:
    await add(database, range(4), due=clock.at)

    async def cut(tx: AsyncConnection, rows: object) -> None:
        await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    things.meanwhile = cut
    with pytest.raises(Exception, match="terminat"):
        await source.run()
    things.meanwhile = None
    assert await rows(database, "done, failures") == [(0, 0)] * 4
    assert (await source.run()).handled == 4


async def test_a_failure_before_the_commit_leaves_everything_due(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(2), due=clock.at)
    failpoints.arm("engine.pre_commit=raise")
    try:
        with pytest.raises(failpoints.FailpointReached):
            await source.run()
    finally:
        failpoints.arm("")
    assert await rows(database, "done") == [(0,), (0,)]
    assert (await source.run()).handled == 2


async def test_eight_engines_share_a_thousand_rows_and_do_each_once(database: Database, clock: ManualClock, things: Things) -> None:
    await add(database, range(1_000), due=clock.at)
    engines = [SetSource(things, database=database, clock=clock, every=SECOND) for _ in range(8)]
    passes = await asyncio.gather(*(engine.run() for engine in engines))
    assert sum(done.handled for done in passes) == 1_000
    assert set(await rows(database, "done")) == {(1,)}


async def test_the_engine_runs_every_source_until_nothing_is_due(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(2_500), due=clock.at)
    assert await Engine([source]).run_due() == 2_500
    assert [len(ids) for ids in things.sets] == [1_000, 1_000, 500]


async def test_a_source_that_makes_its_own_rows_due_again_is_found_out(
    database: Database, clock: ManualClock, things: Things, source: SetSource[Thing]
) -> None:
    await add(database, range(1), due=clock.at)

    async def undone(tx: AsyncConnection, rows: object) -> None:
        await tx.execute(text("INSERT INTO things (id, next_at) SELECT max(id) + 1, max(next_at) FROM things"))

    things.meanwhile = undone
    with pytest.raises(RuntimeError, match="due again at once"):
        await Engine([source]).run_due(passes=5)


@pytest.mark.parametrize(
    ("what", "ago", "expected"),
    [("never", None, False), ("just now", 0 * SECOND, True), ("almost too long ago", 9 * SECOND, True),
     ("too long ago", 10 * SECOND, False), ("later than now, by a clock that jumped back", -SECOND, False)],
)  # fmt: skip
def test_what_was_done_lately(what: str, ago: timedelta | None, expected: bool, clock: ManualClock) -> None:
    assert was_lately(None if ago is None else clock.at - ago, 10 * SECOND, now=clock.at) is expected, what
