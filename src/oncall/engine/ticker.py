"""The metronome: one task per source that sleeps until something is due. The only file that knows APScheduler."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from oncall.engine.pulse import Pulse
from oncall.engine.source import DueSource, Pass
from oncall.kit.log import get_log
from oncall.kit.metrics import LAG
from oncall.kit.tasks import end, woken

log = get_log("engine")

HUNG = 60.0
"""Seconds after which a pass is given up: each of its waits has a time-out of its own, so something else holds it."""


class Ticker:
    """Runs each source when it is poked, when its next row is due, and at the latest every tick."""

    def __init__(self, sources: Sequence[DueSource], *, tick: timedelta, hung: float = HUNG) -> None:
        self._sources = {source.name: source for source in sources}
        self._tick, self._hung = tick, hung
        self._wake = {name: asyncio.Event() for name in self._sources}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._beats: dict[str, float] = {}
        self._pulse = Pulse()
        # By default APScheduler drops a tick that comes late, for ever.
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None})
        self._stopping = False

    def start(self) -> None:
        self._pulse.start()
        seconds = self._tick.total_seconds()
        for name in self._sources:
            self._spawn(name)
            # Jitter, so that nodes that were started together do not all ask at the same moment.
            self._scheduler.add_job(self._on_tick, "interval", seconds=seconds, jitter=0.2 * seconds, args=[name], id=name)
        self._scheduler.start()

    @property
    def runs(self) -> bool:
        """Whether it was started, and has not been told to stop."""
        return bool(self._scheduler.running) and not self._stopping

    def poke(self, name: str) -> None:
        """A hint that there is news: `incidents` wakes the source of that name, `notifications` all of `notifications.*`."""
        for source, event in self._wake.items():
            if source == name or source.startswith(f"{name}."):
                event.set()

    def stale(self, *, limit: float = 30.0) -> list[str]:
        """What does not come round on this node: sources whose task has not for `limit` seconds (three ticks, where those are longer),
        and the event loop itself."""
        now = asyncio.get_running_loop().time()
        limit = max(limit, 3 * self._tick.total_seconds())
        stuck = [name for name, at in self._beats.items() if now - at > limit]
        return [*stuck, "event loop"] if self._pulse.was_late() else stuck

    async def stop(self, *, timeout: float = 10.0) -> None:
        """Stop claiming, then let what is in flight finish or give its lease back; all of it within `timeout` seconds."""
        deadline = asyncio.get_running_loop().time() + timeout
        self._stopping = True
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for event in self._wake.values():
            event.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=timeout)
            await asyncio.gather(*(end(task) for task in late))
        left = max(deadline - asyncio.get_running_loop().time(), 0.0)
        await asyncio.gather(*(source.drain(timeout=left) for source in self._sources.values()))
        await self._pulse.stop()

    def _spawn(self, name: str) -> None:
        self._beats[name] = asyncio.get_running_loop().time()
        self._tasks[name] = asyncio.create_task(self._work(self._sources[name], self._wake[name]), name=f"source {name}")

    async def _on_tick(self, name: str) -> None:
        """A coroutine, because APScheduler calls a plain function in a thread, where neither events nor tasks may be touched."""
        task = self._tasks[name]
        if task.done() and not self._stopping:
            log.error("source had died and is started anew", source=name, exc_info=None if task.cancelled() else task.exception())
            self._spawn(name)
        self._wake[name].set()

    async def _work(self, source: DueSource, wake: asyncio.Event) -> None:
        while not self._stopping:
            wake.clear()
            done = await self._pass(source)
            self._beats[source.name] = asyncio.get_running_loop().time()
            if done is not None:
                LAG.labels(source.name).set(done.lag.total_seconds())
                if done.handled:
                    continue
            await woken(wake, within=_until(done, source.every))

    async def _pass(self, source: DueSource) -> Pass | None:
        try:
            async with asyncio.timeout(self._hung):
                return await source.run()
        except Exception:  # whatever happened, the rows are still due and the next tick looks again
            log.exception("pass failed; the rows are still due", source=source.name)
            return None


def _until(done: Pass | None, every: timedelta) -> float:
    """Seconds to sleep: until the next due instant, at most `every`. Measured in the loop's monotonic time."""
    if done is None or done.next_at is None:
        return every.total_seconds()
    # A row that stays due though nothing was handled is held by another node: look again soon, not at once.
    return min(every.total_seconds(), max((done.next_at - done.now).total_seconds(), 0.05 if done.next_at <= done.now else 0.001))
