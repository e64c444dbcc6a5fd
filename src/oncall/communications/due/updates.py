"""What time makes due here: updates that are owed, and messages to addresses outside; no transaction is open while sending."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channel
from oncall.channels.values import FailedPermanently, FailedTemporarily, NoticeMessage, Outcome
from oncall.communications.commands import clocks, delivering
from oncall.communications.values.cadences import Clock as UpdateClock
from oncall.communications.values.subscribers import Claimed, Sent, SubscriberId, Verb, Words
from oncall.engine import Pass, look, was_lately
from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import IncidentId
from oncall.kit.log import get_log
from oncall.kit.tasks import end
from oncall.kit.trouble import again

log = get_log("communications")

RETRY = timedelta(minutes=5)
WATCH_EVERY = timedelta(seconds=10)
"""How often incidents are looked through for new priorities."""

SLOTS = 8
"""Messages of a node that are on the wire at once; pages have slots and connections of their own."""

AT_ONCE = 1
"""Transactions at a time: pages come first, and draw on the same connections."""

TIDIED_EVERY = timedelta(hours=1)
TIDIED_AT_ONCE = 1_000
LATE = timedelta(minutes=5)
"""From this delay on a message says how late it is."""

MakeSubscriberLink = Callable[[SubscriberId, Verb], str]


class DueUpdates:
    """Every incident whose next update is owed: whoever owes it is reminded."""

    name = "update_reminders"

    def __init__(self) -> None:
        self._watched_at: datetime | None = None
        self._after: IncidentId | None = None

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[UpdateClock]:
        if not was_lately(self._watched_at, WATCH_EVERY, now=due_by):
            self._after = await clocks.watch(tx, after=self._after, now=due_by)
            self._watched_at = due_by
        return await clocks.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)

    async def run(self, tx: AsyncConnection, rows: Sequence[UpdateClock], *, now: datetime) -> None:
        await clocks.remind_due(tx, rows, now=now)

    async def postpone(self, tx: AsyncConnection, row: UpdateClock, error: Exception, *, now: datetime) -> None:  # noqa: ARG002 — the log has it
        await clocks.postpone(tx, row, until=now + RETRY)

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        return await clocks.next_at(tx)


class UpdateDeliverer:
    """A due source. Each message: claim with a lease, look again, send, record fenced by the attempt."""

    name = delivering.TOPIC

    def __init__(
        self,
        channels: Mapping[str, Channel],
        *,
        database: Database,
        clock: Clock,
        link: MakeSubscriberLink,
        lease: timedelta,
        every: timedelta,
    ) -> None:
        self.every = every
        self._channels, self._database, self._clock, self._link, self._lease = channels, database, clock, link, lease
        self._in_flight: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tidied: datetime | None = None

    async def run(self) -> Pass:
        """Fill the free slots; if there is none, wait until one is free."""
        if len(self._in_flight) >= SLOTS:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
        if (idle := await look(self._database, self._clock, delivering.next_at)) and was_lately(self._tidied, TIDIED_EVERY, now=idle.now):
            return idle
        async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            claimed, next_at = await delivering.claim(tx, lease=self._lease, limit=SLOTS - len(self._in_flight), now=now)
            if not was_lately(self._tidied, TIDIED_EVERY, now=now):
                full = await delivering.tidy(tx, limit=TIDIED_AT_ONCE, now=now) >= TIDIED_AT_ONCE
                self._tidied = None if full else now
        await failpoints.reach("update.post_claim")
        for one, words in claimed:
            task = asyncio.create_task(self._deliver(one, words), name=f"tell {one.id}")
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        return Pass(len(claimed), now, next_at)

    async def settle(self) -> None:
        """Wait until nothing of ours is on the wire."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    async def drain(self, *, timeout: float) -> None:
        """Let what is on the wire finish; what has not by then keeps its lease, and is sent again by another node."""
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=timeout)
            await asyncio.gather(*(end(task) for task in late))

    async def _deliver(self, claimed: Claimed, words: Words) -> None:
        try:
            async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
                now = await self._clock.now(tx)
                if not await delivering.look_again(tx, claimed, now=now):
                    return
            outcome = await self._on_the_wire(claimed, words, now)
            await failpoints.reach("update.post_wire")
            await again(lambda: self._record(claimed, outcome))
        except Exception:
            # Not recorded: when the lease runs out nobody knows whether it arrived, and it is sent again with the same id.
            log.exception("message not recorded; the lease will run out", delivery=str(claimed.id))

    async def _on_the_wire(self, claimed: Claimed, words: Words, now: datetime) -> Outcome:
        channel = self._channels.get(claimed.channel)
        if channel is None:
            return FailedPermanently(f"channel {claimed.channel} is not configured", code="not_configured")
        try:
            return await channel.send(self._message(claimed, words, now))
        except Exception as error:
            log.exception("a channel raised, which is a defect", channel=channel.name, delivery=str(claimed.id))
            return FailedTemporarily(f"defect in channel {channel.name}: {type(error).__name__}")

    def _message(self, claimed: Claimed, words: Words, now: datetime) -> NoticeMessage:
        asks = claimed.told is None
        unsubscribe = self._link(claimed.subscriber_id, Verb.UNSUBSCRIBE)
        links = ((self._link(claimed.subscriber_id, Verb.CONFIRM), "Confirm"),) if asks else ((unsubscribe, "Unsubscribe"),)
        late = now - claimed.created_at
        return NoticeMessage(
            claimed.id,
            claimed.address,
            claimed.address,
            "subscription" if asks else "status_update",
            "low",
            words.subject,
            words.paragraphs,
            links,
            claimed.created_at,
            claimed.attempt,
            claimed.attempt > 1,
            late if late >= LATE else None,
            unsubscribe_url=unsubscribe,
        )

    async def _record(self, claimed: Claimed, outcome: Outcome) -> None:
        async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
            fate = await delivering.record(tx, claimed, outcome, now=await self._clock.now(tx))
            await failpoints.reach("update.pre_record")
        if fate is not None and not isinstance(fate, Sent):
            log.warning("not told", channel=claimed.channel, delivery=str(claimed.id), why=fate.detail)
