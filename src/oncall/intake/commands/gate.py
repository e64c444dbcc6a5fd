"""Hand events over so that many requests share one commit, and each is answered only after the commit that holds it."""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from oncall.incidents.commands.accept import accept_events, find_decided
from oncall.incidents.commands.repeats import accept_repeats
from oncall.incidents.values import Decided, Event
from oncall.intake.rules import bounded_key, unreadable
from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import LOCK_TIMED_OUT, STATEMENT_TIMED_OUT, Database, Pool, Trouble, sqlstate, trouble, wait_for_locks
from oncall.kit.errors import Unavailable
from oncall.kit.ids import EventId
from oncall.kit.log import get_log
from oncall.kit.metrics import BATCH, EVENTS

log = get_log("intake")

BATCH_EVENTS, BATCH_BYTES = 1_000, 16 * 1024 * 1024
MAX_EVENTS, MAX_BYTES = 20_000, 64 * 1024 * 1024
"""What may wait in memory. Beyond it senders are told to come again, which costs nothing."""

BUDGET = timedelta(seconds=8)
"""How long a sender waits for its commit before it is told to come again. Its events keep their place: better late, and then a
repeat, than never, since not every sender comes again."""

CONFLICT_TRIES = 5
IMPATIENT = timedelta(milliseconds=100)
"""How long a batch waits for a lock while we look for the row that somebody keeps locked."""

TOO_MANY = "Too many events are waiting; send this one again shortly."
TOO_SLOW = "The database is too slow just now; send this event again shortly."
NOT_NOW = "The database cannot take events just now; send this one again shortly."
NOT_STORED = "This event cannot be stored just now; send it again shortly."


@dataclass(slots=True)
class Waiting:
    """One request: its events, what has been decided of them so far, and the future its route waits for."""

    events: list[Event]
    answer: asyncio.Future[list[Decided]]
    decided: dict[EventId, Decided] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes; the events of one request share its body."""
        return len(self.events[0].body.raw)

    def tell(self, decided: Decided) -> None:
        """One of its events is committed; with the last of them the request is answered."""
        self.decided[decided.event_id] = decided
        if len(self.decided) == len(self.events) and not self.answer.done():
            self.answer.set_result([self.decided[event.id] for event in self.events])

    def refuse(self, sentence: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(Unavailable(sentence))
            self.answer.exception()  # counts as read: perhaps its sender has given up, and nobody waits for it


Asked = tuple[Event, Waiting]
"""An event, and who waits for its decision."""


class Gate:
    """Group commit: while one transaction commits, requests gather for the next."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._queue: deque[Waiting] = deque()
        self._events = self._bytes = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._work(), name="intake gate")

    async def stop(self) -> None:
        """Answer everybody who is waiting, then stop."""
        self._closed = True
        self._wake.set()
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)

    async def accept(self, events: list[Event]) -> list[Decided]:
        """The decisions of these events, once they are committed; raises Unavailable when the queue or the database cannot take them.

        A caller that is cancelled, because its client has gone, leaves its events in the queue.
        """
        loop = asyncio.get_running_loop()
        waiting = Waiting(events, loop.create_future())
        is_full = self._events + len(events) > MAX_EVENTS or self._bytes + waiting.size > MAX_BYTES
        if self._closed or is_full:
            raise Unavailable(TOO_MANY)
        self._queue.append(waiting)
        self._events, self._bytes = self._events + len(events), self._bytes + waiting.size
        self._wake.set()
        patience = loop.call_later(BUDGET.total_seconds(), waiting.refuse, TOO_SLOW)
        try:
            return await waiting.answer
        finally:
            patience.cancel()

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while batch := self._take():
                try:
                    await self._settle(batch)
                except Exception:
                    # Nothing should come this far; if it does, the events after these must not wait for ever.
                    log.exception("a batch of events failed in a way nobody foresaw")
                    _refuse(batch, NOT_STORED)
            if self._closed:
                return

    def _take(self) -> list[Asked]:
        """The events of the next requests, in order, as many as one transaction should hold; of one request at least."""
        batch: list[Asked] = []
        size = 0
        while self._queue:
            waiting = self._queue[0]
            size += waiting.size
            if batch and (len(batch) + len(waiting.events) > BATCH_EVENTS or size > BATCH_BYTES):
                break
            self._queue.popleft()
            self._events, self._bytes = self._events - len(waiting.events), self._bytes - waiting.size
            batch += [(event, waiting) for event in waiting.events]
        return batch

    async def _settle(self, batch: Sequence[Asked], *, patient: bool = True, unsure: bool = False) -> None:
        """Everybody is answered: together, or by halves if one event spoils it for the others, or refused for now.

        Once a lock has run out, the search for the row that somebody keeps locked must not hold up everybody else: it is impatient. And
        a COMMIT of the whole may have been on its way, so its halves look first for what is stored already: they are unsure.
        """
        try:
            decided = await self._commit([event for event, _ in batch], patient=patient, unsure=unsure)
        except Exception as error:  # noqa: BLE001 — sorted below: halved, refused, or quarantined with a log line
            spoilt: Exception = error
        else:
            BATCH.observe(len(decided))
            for (_, waiting), its in zip(batch, decided, strict=True):
                waiting.tell(its)
            return
        what = trouble(spoilt)
        too_much = sqlstate(spoilt) == STATEMENT_TIMED_OUT
        if (what is not Trouble.UNREACHABLE or too_much) and len(batch) > 1:
            middle, patient = len(batch) // 2, patient and sqlstate(spoilt) != LOCK_TIMED_OUT
            await self._settle(batch[:middle], patient=patient, unsure=True)
            await self._settle(batch[middle:], patient=patient, unsure=True)
        elif what in {Trouble.UNREACHABLE, Trouble.CONFLICT}:
            log.warning("events refused, senders are asked to come again", error=type(spoilt).__name__, events=len(batch))
            _refuse(batch, NOT_NOW)
        else:
            await self._quarantine(*batch[0], spoilt)

    async def _quarantine(self, event: Event, waiting: Waiting, error: Exception) -> None:
        """An event that cannot be stored as it was read pages as unreadable, with the same bytes beside it."""
        log.error("an event could not be stored as it was read", exc_info=error)
        says = unreadable(event.integration_name, f"it could not be stored ({type(error).__name__})")
        stand_in = Event(
            event.id,
            event.integration_id,
            event.integration_name,
            event.service_id,
            says.action,
            bounded_key(says.dedup_key or f"{event.id}"),
            says.severity,
            says.summary,
            replace(event.body, content_type="", headers={}),
            details=says.details,
            reason=says.reason,
            unreadable=True,
        )
        try:
            waiting.tell((await self._commit([stand_in]))[0])
        except Exception:
            log.exception("even what stands for it could not be stored")
            waiting.refuse(NOT_STORED)

    async def _commit(self, events: Sequence[Event], *, patient: bool = True, unsure: bool = False) -> list[Decided]:
        """One transaction for all. Again after a conflict, and once after a lost connection: a COMMIT whose answer was lost may have
        happened, so from then on decisions that are recorded already are looked for first, and nothing counts twice.
        """
        tries, tried_again = 1, False
        alone = len(events) == 1 and not patient  # its row is known to be locked, and perhaps by somebody quick
        while True:
            try:
                return await self._transaction(events, unsure=unsure, patient=patient)
            except Exception as error:
                what = trouble(error)
                if what is Trouble.UNREACHABLE and not tried_again:
                    unsure = tried_again = True
                elif what is Trouble.CONFLICT and tries < CONFLICT_TRIES and (sqlstate(error) != LOCK_TIMED_OUT or alone):
                    tries += 1
                else:
                    raise
                log.info("events once more, with the same ids", error=type(error).__name__, events=len(events))
            await asyncio.sleep(random.uniform(0, 0.01 * 2**tries))  # noqa: S311 — jitter, not a secret

    async def _transaction(self, events: Sequence[Event], *, unsure: bool, patient: bool) -> list[Decided]:
        decided = None if unsure or not patient else await self._repeats(events)
        if decided is None:
            decided = await self._whole(events, unsure=unsure, patient=patient)
        await failpoints.reach("intake.post_commit")
        for d in decided:
            EVENTS.labels(d.decision.value).inc()
        return decided

    async def _repeats(self, events: Sequence[Event]) -> list[Decided] | None:
        """What is only repeats is done at once; None, and nothing has been written, if it is more."""
        async with self._database.by_themselves(Pool.INTAKE) as tx:
            return await accept_repeats(tx, events, now=await self._clock.now(tx))

    async def _whole(self, events: Sequence[Event], *, unsure: bool, patient: bool) -> list[Decided]:
        async with self._database.transaction(Pool.INTAKE) as tx:
            if not patient:
                await wait_for_locks(tx, at_most=IMPATIENT)
            now = await self._clock.now(tx)
            decided = await find_decided(tx, events) if unsure else {}
            fresh = [event for event in events if event.id not in decided]
            if fresh:
                decided |= {d.event_id: d for d in await accept_events(tx, fresh, now=now)}
            await failpoints.reach("intake.pre_commit")
        return [decided[event.id] for event in events]


def _refuse(batch: Sequence[Asked], sentence: str) -> None:
    for _, waiting in batch:
        waiting.refuse(sentence)
