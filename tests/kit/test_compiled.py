"""What is exact is as it is in the transaction that asks, and made anew when its revision moved or a day has passed."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.clock import ManualClock
from oncall.kit.compiled import MAX_AGE, Exact, changed
from oncall.kit.db import Database

A_DAY = timedelta(seconds=MAX_AGE)
MOMENT = timedelta(microseconds=1)


async def load(_: AsyncConnection) -> object:
    return object()


async def test_it_is_made_anew_when_its_revision_moved(database: Database, clock: ManualClock) -> None:
    exact = Exact("muting", load, clock.about)
    async with database.transaction() as tx:
        first = await exact.of(tx)
        assert await exact.of(tx) is first
        assert await exact.stays(tx, first)
    async with database.transaction() as tx:
        await changed(tx, "muting")
    async with database.transaction() as tx:
        assert not await exact.stays(tx, first)
        second = await exact.of(tx)
        assert second is not first
        assert await exact.stays(tx, second)
        assert not await exact.stays(tx, first)


async def test_it_is_made_anew_once_a_day_and_when_clocks_are_put_back(database: Database, clock: ManualClock) -> None:
    exact = Exact("muting", load, clock.about)
    async with database.transaction() as tx:
        first = await exact.of(tx)
        clock.advance(A_DAY)
        assert await exact.of(tx) is first
        clock.advance(MOMENT)
        second = await exact.of(tx)
        assert second is not first
        assert await exact.of(tx) is second, "and is young again"
        clock.advance(-2 * MOMENT)
        assert await exact.of(tx) is not second


async def test_what_was_decided_by_a_moment_ago_stays_though_a_day_is_over(database: Database, clock: ManualClock) -> None:
    exact = Exact("muting", load, clock.about)
    async with database.transaction() as tx:
        first = await exact.of(tx)
        clock.advance(A_DAY + MOMENT)
        assert await exact.stays(tx, first)
        async with database.transaction() as other:
            await changed(other, "of something else")
        assert await exact.stays(tx, first)


async def test_it_does_not_stay_while_somebody_changes_it(database: Database, clock: ManualClock) -> None:
    exact = Exact("muting", load, clock.about)
    async with database.transaction() as tx, database.transaction() as other:
        first = await exact.of(tx)
        await changed(other, "muting")
        assert not await exact.stays(tx, first)
