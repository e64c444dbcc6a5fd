"""What follows what happens: bridges open and close, and rooms are shown in Slack."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import assert_never
from uuid import uuid5

from oncall.channels.slack_rooms import RoomWords, SlackRooms
from oncall.channels.values import Outcome, Sent
from oncall.communications.commands import bridges, mirrors
from oncall.communications.commands.rooms import TOPIC
from oncall.communications.values.mirrors import Begin, Change, LeaveOut, Mirror, Planned, Remove, Show
from oncall.engine import Pass, look
from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.log import get_log
from oncall.kit.tasks import end
from oncall.kit.trouble import again

log = get_log("communications")


class BridgeFollower:
    """Of all nodes one at a time; what it has not looked at yet is still to come when it died."""

    name = "incidents.bridges"
    """Woken with the incidents."""
    every = timedelta(seconds=2)

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def run(self) -> Pass:
        return await again(self._pass)

    async def _pass(self) -> Pass:
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            return Pass(await bridges.follow(tx, now=now), now, None)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""


SLOTS = 4
"""Rooms that a node shows at once; each tells one thing after the other."""


class SlackMirror:
    """Each room that is behind: claimed under a lease, read on and told step by step, recorded fenced by the attempt. What was told and
    not recorded is told again, after it nothing overtakes. Pages have queues, connections and calls of their own.
    """

    name = f"{TOPIC}.slack"
    """Woken when something was said."""

    def __init__(self, rooms: SlackRooms, *, database: Database, clock: Clock, lease: timedelta, every: timedelta) -> None:
        self.every = every
        self._rooms, self._database, self._clock, self._lease = rooms, database, clock, lease
        self._in_flight: set[asyncio.Task[None]] = set()
        # One transaction at a time: pages come first, and draw on the same connections.
        self._turns = asyncio.Semaphore(1)

    async def run(self) -> Pass:
        if len(self._in_flight) >= SLOTS:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
        if idle := await look(self._database, self._clock, mirrors.next_at):
            return idle
        async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            claimed, next_at = await mirrors.claim(tx, now=now, lease=self._lease, limit=SLOTS - len(self._in_flight))
        for mirror in claimed:
            task = asyncio.create_task(self._show(mirror), name=f"mirror {mirror.incident_id}")
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        return Pass(len(claimed), now, next_at)

    async def settle(self) -> None:
        """Wait until nothing of ours is on the wire."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    async def drain(self, *, timeout: float) -> None:
        """Let what is on the wire finish; what has not by then keeps its lease and is told again by another node."""
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=timeout)
            await asyncio.gather(*(end(task) for task in late))

    async def _show(self, mirror: Mirror) -> None:
        """Until all was told or something failed."""
        try:
            current: Mirror | None = mirror
            while current is not None and (planned := await again(partial(self._plan, current))) is not None:
                outcome = await self._on_the_wire(planned)
                await failpoints.reach("mirror.post_wire")
                current = await again(partial(self._record, planned, outcome))
        except Exception:  # when the lease runs out, it is told again from where it was recorded
            log.exception("a room could not be shown", incident=str(mirror.incident_id))

    async def _plan(self, mirror: Mirror) -> Planned | None:
        async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
            return await mirrors.plan(tx, mirror, lease=self._lease, now=await self._clock.now(tx))

    async def _on_the_wire(self, planned: Planned) -> Outcome:
        mirror, step = planned.mirror, planned.step
        # The same on every attempt, and another for each thing that is done.
        id = uuid5(mirror.incident_id, f"{planned.entry.seq if planned.entry else 'thread'}")
        match step:
            case Begin(text):
                return await self._rooms.post(mirror.channel, None, RoomWords(id, "", text))
            case Show(name, text):
                return await self._rooms.post(mirror.channel, mirror.thread, RoomWords(id, name, text))
            case Change(stamp, name, text):
                return await self._rooms.change(mirror.channel, stamp, RoomWords(id, name, text))
            case Remove(stamp):
                return await self._rooms.remove(mirror.channel, stamp, RoomWords(id, "", ""))
            case LeaveOut(reason):
                return Sent(None, reason)
            case _:
                assert_never(step)

    async def _record(self, planned: Planned, outcome: Outcome) -> Mirror | None:
        async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
            moved = await mirrors.record(tx, planned, outcome, lease=self._lease, now=await self._clock.now(tx))
        if not isinstance(outcome, Sent):
            log.warning("a room is not shown", incident=str(planned.mirror.incident_id), why=outcome.detail)
        return moved
