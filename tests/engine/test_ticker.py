"""The metronome: nothing due is slept through, whatever happens to hints, ticks, tasks or clocks."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.conftest import START

from oncall.engine import Pass
from oncall.engine.ticker import Ticker
from oncall.kit.db import Database, notify
from oncall.kit.listen import Listener

LONG = timedelta(seconds=60)
SHORT = timedelta(milliseconds=100)


@dataclass
class Source:
    """A source that notes when it is run, and does as it is told."""

    name: str = "incidents"
    every: timedelta = LONG
    next_in: timedelta | None = None
    does: Callable[[], Awaitable[int]] | None = None
    runs: list[float] = field(default_factory=list)
    seen: int = 0
    drained: bool = False
    ran: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> Pass:
        self.runs.append(time.monotonic())
        self.ran.set()
        handled = await self.does() if self.does else 0
        return Pass(handled, START, None if self.next_in is None else START + self.next_in)

    async def drain(self, *, timeout: float) -> None:
        self.drained = True

    async def again(self, within: float = 2.0) -> float:
        """Wait for a run that nobody has asked about yet; seconds between it and the one before."""
        async with asyncio.timeout(within):
            while len(self.runs) <= self.seen:
                self.ran.clear()
                await self.ran.wait()
        self.seen += 1
        return self.runs[self.seen - 1] - self.runs[self.seen - 2]


@asynccontextmanager
async def ticking(*sources: Source, tick: timedelta = LONG, hung: float = 60.0) -> AsyncIterator[Ticker]:
    ticker = Ticker(sources, tick=tick, hung=hung)
    ticker.start()
    try:
        for source in sources:
            await source.again()
        yield ticker
    finally:
        await ticker.stop(timeout=0.5)


async def test_it_sleeps_until_the_next_row_is_due() -> None:
    source = Source(next_in=timedelta(milliseconds=300))
    async with ticking(source):
        assert 0.25 < await source.again() < 0.6


async def test_it_sleeps_no_longer_than_every() -> None:
    source = Source(every=SHORT, next_in=timedelta(days=1))
    async with ticking(source):
        assert 0.08 < await source.again() < 0.4


async def test_it_looks_again_at_once_while_there_is_work() -> None:
    left = 3

    async def work() -> int:
        nonlocal left
        left -= 1
        return max(left, 0)

    source = Source(does=work)
    async with ticking(source):
        await asyncio.sleep(0.1)
        assert len(source.runs) == 3


async def test_a_row_that_stays_due_is_looked_at_again_soon_but_not_at_once() -> None:
    source = Source(next_in=timedelta(seconds=-1))
    async with ticking(source):
        await asyncio.sleep(0.5)
        assert 4 <= len(source.runs) <= 11


async def test_a_poke_wakes_it_at_once_and_only_those_it_names() -> None:
    incidents, email, webhook = Source("incidents"), Source("notifications.email"), Source("notifications.webhook")
    async with ticking(incidents, email, webhook) as ticker:
        ticker.poke("notifications")
        await asyncio.gather(email.again(0.5), webhook.again(0.5))
        assert len(incidents.runs) == 1
        ticker.poke("incidents")
        await incidents.again(0.2)


async def test_a_poke_during_a_pass_is_not_lost() -> None:
    poked = False

    async def poke_meanwhile() -> int:
        nonlocal poked
        if not poked:
            poked = True
            ticker.poke("incidents")
            await asyncio.sleep(0.05)
        return 0

    source = Source()
    async with ticking(source) as ticker:
        source.does = poke_meanwhile
        ticker.poke("incidents")
        await source.again()
        await source.again(0.5)


async def test_a_notify_after_a_commit_wakes_it_at_once(database: Database) -> None:
    source = Source()
    async with ticking(source) as ticker:
        listener = Listener(database, ticker.poke)
        listener.start()
        try:
            await asyncio.sleep(0.2)
            async with database.transaction() as tx:
                await notify(tx, "incidents")
                await asyncio.sleep(0.1)
                assert len(source.runs) == 1, "not before the commit"
            await source.again(0.3)
        finally:
            await listener.stop()


async def test_the_tick_is_the_guarantee_when_every_hint_is_lost() -> None:
    source = Source()
    async with ticking(source, tick=SHORT):
        for _ in range(5):
            assert await source.again() < 0.4


async def test_the_tick_wakes_it_even_while_the_loop_is_otherwise_idle() -> None:
    """APScheduler runs plain functions in a thread, from where an event wakes nobody: nothing else stirs this loop here."""
    source = Source()
    async with ticking(source, tick=timedelta(milliseconds=200)) as ticker:
        await ticker._pulse.stop()
        await source.again(0.6)


async def test_a_pass_that_fails_is_tried_again_and_stops_no_other() -> None:
    async def fail() -> int:
        raise OSError("the database is away")

    failing, fine = Source("failing", every=SHORT, does=fail), Source("fine", every=SHORT)
    async with ticking(failing, fine):
        await failing.again()
        await fine.again()


async def test_a_task_that_died_is_started_anew_by_the_tick() -> None:
    source = Source()
    async with ticking(source, tick=SHORT) as ticker:
        ticker._tasks["incidents"].cancel()
        await asyncio.wait([ticker._tasks["incidents"]])
        runs = len(source.runs)
        await asyncio.sleep(0.5)
        assert len(source.runs) > runs + 1


async def test_a_pass_that_hangs_is_given_up() -> None:
    async def hang() -> int:
        source.does = None
        await asyncio.Event().wait()
        return 0

    source = Source(every=SHORT, does=hang)
    async with ticking(source, hung=0.2):
        assert 0.15 < await source.again() < 1.0


async def test_what_does_not_come_round_is_said() -> None:
    async def hang() -> int:
        await asyncio.Event().wait()
        return 0

    async with ticking(Source("hanging", does=hang), Source("fine", every=SHORT), tick=timedelta(milliseconds=50)) as ticker:
        await asyncio.sleep(0.4)
        assert ticker.stale(limit=0.3) == ["hanging"]


async def test_a_loop_that_was_blocked_says_so_at_once_and_forgets_it_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncall.engine.pulse.LATE", 0.3)
    monkeypatch.setattr("oncall.engine.pulse.REMEMBERED", 0.5)
    async with ticking() as ticker:
        await asyncio.sleep(0.3)
        assert ticker.stale() == []
        time.sleep(0.7)
        assert ticker.stale() == ["event loop"], "before the loop has come round to anything else"
        await asyncio.sleep(0.3)
        assert ticker.stale() == ["event loop"]
        await asyncio.sleep(0.6)
        assert ticker.stale() == []


async def test_ticks_that_come_late_are_never_dropped() -> None:
    """By default APScheduler forgets a tick that is a second late, and one that is due while another runs."""
    source = Source()
    async with ticking(source, tick=SHORT) as ticker:
        job = ticker._scheduler.get_job("incidents")
        assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
        time.sleep(1.5)
        await source.again(0.4)
        await source.again(0.4)


async def test_a_wall_clock_that_jumps_back_silences_ticks_but_not_the_work() -> None:
    """APScheduler goes by the wall clock, so a jump back of an hour is an hour without ticks: the tasks themselves go by another."""
    source = Source(every=SHORT)
    async with ticking(source, tick=SHORT) as ticker:
        ticker._scheduler.pause()
        await asyncio.sleep(0.1)
        for _ in range(3):
            assert await source.again() < 0.4


async def test_stop_waits_for_the_pass_under_way_and_drains() -> None:
    finished = False

    async def work() -> int:
        nonlocal finished
        await asyncio.sleep(0.3)
        finished = True
        return 1

    source = Source(does=work)
    ticker = Ticker([source], tick=SHORT)
    ticker.start()
    await source.ran.wait()
    await ticker.stop(timeout=2)
    assert finished
    assert source.drained
    runs = len(source.runs)
    await asyncio.sleep(0.3)
    assert len(source.runs) == runs, "nothing is claimed any more"


async def test_stop_does_not_wait_for_ever() -> None:
    async def hang() -> int:
        await asyncio.Event().wait()
        return 0

    source = Source(does=hang)
    ticker = Ticker([source], tick=SHORT)
    ticker.start()
    await source.ran.wait()
    before = time.monotonic()
    await ticker.stop(timeout=0.3)
    assert 0.25 < time.monotonic() - before < 1.0
    assert source.drained
