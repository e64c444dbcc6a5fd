"""Hand events over so that many requests share one commit, and each is answered only after the commit that holds it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

from oncall.incidents.commands.accept import accept_events, find_decided
from oncall.incidents.commands.repeats import OpenLately, accept_repeats
from oncall.incidents.compiled import Judging
from oncall.incidents.values import Decided, Event
from oncall.intake.commands.lanes import About, Courtesy, Lane, Open, apart
from oncall.intake.commands.shedding import Sender, Shed, saying
from oncall.intake.commands.waiting import Bounds, Kept, Waiting
from oncall.intake.rules import unreadable
from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool, wait_for_locks
from oncall.kit.errors import Unavailable
from oncall.kit.ids import EventId, new_id
from oncall.kit.log import get_log
from oncall.kit.metrics import BATCH, EVENTS
from oncall.kit.patience import Patience
from oncall.kit.stopwatch import Stopwatch
from oncall.kit.trouble import LOCK_TIMED_OUT, STATEMENT_TIMED_OUT, Trouble, sqlstate, trouble
from oncall.services.values import IntegrationRef

log = get_log("intake")

BUDGET = 8.0
"""How many seconds a sender waits for its commit before it is told to come again. Its events keep their place: better late, and then a
repeat, than never, since not every sender comes again."""

ROOM_WITHIN = 10.0
"""Seconds that a sender waits for room, if it would not come again, and for its commit."""

LEAST = 1.0
"""Seconds that are left for a commit, however long a sender had to wait before."""

ANSWERS_A_ROUND = 4
"""Answers that are begun in one round of the event loop."""

CONFLICT_TRIES = 5
IMPATIENT = timedelta(milliseconds=100)
"""How long a batch waits for a lock while we look for the row that somebody keeps locked."""

TOO_MANY = "Too many events are waiting; send this one again shortly."
TOO_SLOW = "The database is too slow just now; send this event again shortly."
NOT_NOW = "The database cannot take events just now; send this one again shortly."
NOT_RUNNING = "Nobody works on the events of this node just now (/readyz says more); send this one again shortly."
NOT_STORED = "This event cannot be stored just now; send it again shortly."


class Overloaded(Unavailable):
    """There is no room for it just now; `retry_after` is in seconds, and never the same for all."""

    def __init__(self) -> None:
        super().__init__(TOO_MANY)
        self.retry_after = random.randint(5, 15)  # noqa: S311 — so that they do not all come again at once


Asked = tuple[Event, Waiting]
"""An event, and who waits for its decision."""


class Gate:
    """Group commit: while one transaction commits, requests gather for the next."""

    def __init__(self, database: Database, clock: Clock, judging: Judging, *, bounds: Bounds | None = None) -> None:
        self._database, self._clock, self._judging = database, clock, judging
        # All that waits counts in the first queue until it is done, in whichever lane it is by then.
        self._quick, self._slow = Lane(bounds or Bounds()), Lane(bounds or Bounds())
        self._queue, self._open, self._open_lately = self._quick.queue, Open(), OpenLately()
        self._in_quick, self._in_slow = About(), About()
        self._courtesy, self._watch = Courtesy(), Stopwatch()
        self._freed, self._patience = asyncio.Event(), Patience(self._give_up)
        self.tasks: tuple[asyncio.Task[None], ...] = ()
        self._closed = False
        self._shed = Shed(self._enter)

    def start(self) -> None:
        lanes = {"intake repeats": self._work_quickly(), "intake": self._work_slowly()}
        self.tasks = tuple(asyncio.create_task(work, name=name) for name, work in lanes.items())

    @property
    def runs(self) -> bool:
        """Whether somebody works on what is put into the queue."""
        return bool(self.tasks) and not any(task.done() for task in self.tasks)

    async def stop(self) -> None:
        """Answer everybody who is waiting, then stop."""
        self._shed.close()
        self._closed = True
        self._freed.set()
        for lane, task in zip((self._quick, self._slow), self.tasks, strict=False):  # the quick one fills the slow one
            lane.close()
            await asyncio.gather(task, return_exceptions=True)

    async def hold(self, size: int, integration: IntegrationRef | None, *, comes_again: bool) -> None:
        """Room for a body of `size` bytes before it is read; whoever would not come again waits for it. Give it back by `let_go`.

        Raises Overloaded if there is none; the owner of the integration is told, where it is known already.
        """
        id = integration.id if integration else None

        def may_read() -> bool:
            return self._queue.may_read(size, id, comes_again=comes_again)

        if not may_read() and (comes_again or not await self._room(may_read, within=ROOM_WITHIN)):
            self._shed.turn_away(Sender(integration.id, integration.name, integration.service_id) if integration else None, 1)
            raise Overloaded
        self._queue.hold(size, id)

    def let_go(self, size: int, integration: IntegrationRef | None) -> None:
        self._queue.let_go(size, integration.id if integration else None)
        self._free()

    async def accept(self, events: list[Event], *, comes_again: bool = False, watch: Stopwatch | None = None) -> list[Decided]:
        """The decisions of these events, once they are committed; raises Unavailable when the queue or the database cannot take them.

        `watch` runs since the request came: all it waits for together takes no longer than a sender waits for us. A caller that is
        cancelled, because its client has gone, leaves its events in the queue.
        """
        waiting = Waiting(events, asyncio.get_running_loop().create_future())
        watch = watch or Stopwatch()

        def has_room() -> bool:
            return self._queue.has_room(waiting, comes_again=comes_again)

        if not has_room() and (comes_again or not await self._room(has_room, within=ROOM_WITHIN - watch.seconds)):
            self._shed.turn_away(Sender.of(events[0]), len(events))
            raise Overloaded
        if self._closed:
            raise Unavailable(TOO_MANY)
        return await self._put(waiting, patience=min(BUDGET, max(ROOM_WITHIN - watch.seconds, LEAST)))

    def accept_now(self, events: list[Event], kept: Kept) -> asyncio.Future[list[Decided]] | None:
        """As `accept`, for whoever has read nothing yet: None if there is no room just now."""
        waiting = Waiting(events, asyncio.get_running_loop().create_future(), kept)
        if self._closed or not self._queue.has_room(waiting, comes_again=True):
            return None
        return self._put(waiting, patience=BUDGET)

    def _put(self, waiting: Waiting, *, patience: float) -> asyncio.Future[list[Decided]]:
        self._enter(waiting)
        self._patience.keep(waiting, patience)
        return waiting.answer

    def _enter(self, waiting: Waiting) -> None:
        """Into the lane that it belongs to; into the quick one anyway, if that is about the same: there it is put in order."""
        if waiting in self._in_quick or (waiting in self._open and waiting not in self._in_slow):
            self._in_quick.add(waiting)
            self._quick.put(waiting)
        else:
            self._queue.count(waiting)
            self._slow_down([waiting])

    def _give_up(self, waiting: Waiting) -> None:
        waiting.give_up(TOO_SLOW if self.runs or self._closed else NOT_RUNNING)

    async def _room(self, is_there: Callable[[], bool], *, within: float) -> bool:
        """Wait until there is room."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(within, 0.0)):
                while not self._closed:
                    await self._freed.wait()
                    if is_there():
                        return True
        return False

    def _free(self) -> None:
        """Wake those that wait for room: each looks for itself."""
        self._freed.set()
        if not self._closed:
            self._freed.clear()

    async def _work_quickly(self) -> None:
        """Repeats of open alerts, which is nearly everything in a storm. All else is more work, for which they do not wait."""
        async for requests in self._quick.batches():
            quick, slow = apart(requests, self._open, self._in_slow)
            self._slow_down(slow)
            if quick:
                if courtesy := self._courtesy.left(quick, now=self._watch.seconds):
                    await asyncio.sleep(courtesy)
                async with self._answering(quick):
                    await self._settle_repeats(quick)
            through = [waiting for waiting in quick if waiting.is_through]
            self._slow_down(waiting for waiting in quick if not waiting.is_through)
            for waiting in requests:
                self._in_quick.remove(waiting)
            await _reply(through)
            self._done(through)

    def _slow_down(self, requests: Iterable[Waiting]) -> None:
        for waiting in requests:
            self._in_slow.add(waiting)
            self._slow.put(waiting)

    async def _work_slowly(self) -> None:
        async for requests in self._slow.batches():
            self._courtesy.meet((w for w in requests if w.has_new and w not in self._open), now=self._watch.seconds)
            async with self._answering(requests):
                batch = [(event, waiting) for waiting in requests for event in waiting.left]
                BATCH.observe(len(batch))
                await self._settle(batch, unsure=any(waiting.unsure for waiting in requests))
            for waiting in requests:
                self._slow.queue.done(waiting)
                self._in_slow.remove(waiting)
            self._done(requests)

    def _done(self, requests: Iterable[Waiting]) -> None:
        for waiting in requests:
            self._queue.done(waiting)
            self._patience.done(waiting)
            self._open.note(waiting)
        self._free()

    @asynccontextmanager
    async def _answering(self, requests: Sequence[Waiting]) -> AsyncIterator[None]:
        """Nothing should come as far as here; if it does, the events after these must not wait for ever."""
        try:
            yield
        except Exception:
            log.exception("a batch of events failed in a way nobody foresaw")
            for waiting in requests:
                waiting.refuse(NOT_STORED)

    async def _settle_repeats(self, requests: Sequence[Waiting]) -> None:
        """Decide what is a mere repeat; whatever goes wrong, the slow lane meets again, and sorts there."""
        batch = [(event, waiting) for waiting in requests for event in waiting.events]
        try:
            async with self._database.by_themselves(Pool.INTAKE) as tx:
                accepted = await accept_repeats(tx, [event for event, _ in batch], self._judging, self._open_lately, self._clock)
        except Exception as error:  # noqa: BLE001 — as above
            for waiting in requests:
                waiting.unsure = trouble(error) is not Trouble.CONFLICT
            return
        if accepted.received_at is None:
            return
        BATCH.observe(len(accepted.decided))
        for event, waiting in batch:
            if event.id in accepted.decided:
                waiting.note(accepted.decided[event.id])
        for waiting in requests:
            waiting.keep(accepted.received_at)
        await self._count(accepted.decided.values())

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
            for event, waiting in batch:
                waiting.note(decided[event.id])
            await _reply([waiting for _, waiting in batch])
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
        stand_in = saying(says, Sender.of(event), replace(event.body, id=new_id(), content_type="", stored_at=None), id=event.id)
        try:
            # Nobody knows how the last try ended: perhaps it is stored as it was read.
            waiting.note((await self._commit([stand_in], unsure=True))[event.id])
            waiting.reply()
        except Exception:
            log.exception("even what stands for it could not be stored")
            waiting.refuse(NOT_STORED)

    async def _commit(self, events: Sequence[Event], *, patient: bool = True, unsure: bool = False) -> Mapping[EventId, Decided]:
        """One transaction for all. Again after a conflict, and once after a lost connection: a COMMIT whose answer was lost may have
        happened, so from then on decisions that are recorded already are looked for first, and nothing counts twice. Once more, and
        carefully, after anything else: of what cannot be escalated at once the incident is stored.
        """
        tries, tried_again, careful = 1, False, False
        alone = len(events) == 1 and not patient  # its row is known to be locked, and perhaps by somebody quick
        while True:
            try:
                relying = tries == 1 and not careful
                return await self._transaction(events, unsure=unsure, patient=patient, careful=careful, relying=relying)
            except Exception as error:
                what = trouble(error)
                if what is Trouble.UNREACHABLE and not tried_again:
                    unsure = tried_again = True
                elif what is Trouble.CONFLICT and tries < CONFLICT_TRIES and (sqlstate(error) != LOCK_TIMED_OUT or alone):
                    tries += 1
                elif what in {Trouble.BAD_DATA, Trouble.OTHER} and not careful:
                    careful = unsure = True  # it may have failed behind its COMMIT
                else:
                    raise
                log.info("events once more, with the same ids", error=type(error).__name__, events=len(events))
            await asyncio.sleep(random.uniform(0, 0.01 * 2**tries))  # noqa: S311 — jitter, not a secret

    async def _transaction(
        self, events: Sequence[Event], *, unsure: bool, patient: bool, careful: bool, relying: bool
    ) -> Mapping[EventId, Decided]:
        begun = self._database.relying if relying else self._database.transaction
        async with begun(Pool.INTAKE) as tx:
            if not patient:
                await wait_for_locks(tx, at_most=IMPATIENT)
            now = await self._clock.now(tx)
            decided = await find_decided(tx, events) if unsure else {}
            fresh = [event for event in events if event.id not in decided]
            if fresh:
                decided |= {d.event_id: d for d in await accept_events(tx, fresh, self._judging, now=now, careful=careful)}
            await failpoints.reach("intake.pre_commit")
        await self._count(decided.values())
        return decided

    async def _count(self, decided: Collection[Decided]) -> None:
        if decided:
            await failpoints.reach("intake.post_commit")
            for decision, count in Counter(d.decision for d in decided).items():
                EVENTS.labels(decision.value).inc(count)


async def _reply(requests: Sequence[Waiting]) -> None:
    """Answer those who wait, a few a round of the loop: others are waiting for it too."""
    for n, waiting in enumerate(requests, 1):
        waiting.reply()
        if n % ANSWERS_A_ROUND == 0:
            await asyncio.sleep(0)


def _refuse(batch: Sequence[Asked], sentence: str) -> None:
    for _, waiting in batch:
        waiting.refuse(sentence)
