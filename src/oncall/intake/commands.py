"""What can be done with what monitors send: read it, and hand it over so that many requests share one commit."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from oncall.incidents.commands.accept import accept_events, find_decided
from oncall.incidents.values import Body, Decided, Event
from oncall.intake.adapters import ADAPTERS, pagerduty
from oncall.intake.rules import bounded_key, decode, inflate, oversized, unreadable
from oncall.intake.values import InvalidEvent, Reading, Received, Unreadable
from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import ConcurrentChange, Database, Pool, Trouble, again, trouble
from oncall.kit.errors import Unavailable
from oncall.kit.ids import EventId, new_id
from oncall.kit.log import get_log
from oncall.kit.metrics import BATCH, EVENTS
from oncall.services.values import IntegrationRef

log = get_log("intake")

MAX_EVENTS = 1_000
MAX_WAITING = 20_000
BUDGET = timedelta(seconds=8)
"""How long a sender waits for its commit before it is told to come again."""


def read(received: Received, integration: IntegrationRef) -> list[Reading]:
    """The events in a body, by the integration's adapter; what cannot be read is one event that says so."""
    try:
        return ADAPTERS[integration.type](decode(received))
    except Unreadable as why:
        return [unreadable(integration.name, str(why))]
    except Exception:
        # An adapter is total; if one is not, that is our defect, and no reason to lose the page.
        log.exception("an adapter raised, which is a defect", type=integration.type.value)
        return [unreadable(integration.name, f"the {integration.type.value} adapter failed on it")]


def received_as(raw: bytes, content_type: str, content_encoding: str) -> Received:
    """A body as it was meant: inflated, within bounds, if its sender compressed it."""
    encoding = content_encoding.strip().lower()
    return Received(content_type, inflate(raw, encoding) if encoding else raw)


def too_large(integration: IntegrationRef, limit: int) -> Reading:
    """The event that stands for a body beyond `limit` bytes."""
    return oversized(integration.name, limit)


def read_enqueued(received: Received) -> tuple[str, list[Reading]]:
    """The routing key and the event of a PagerDuty body; raises InvalidEvent for what the original answers 400."""
    try:
        value = decode(received)
    except Unreadable as why:
        raise InvalidEvent([f"Event object could not be parsed: {why}"]) from None
    errors = pagerduty.errors_in(value)
    if errors or not isinstance(value, dict):
        raise InvalidEvent(errors)
    return value["routing_key"], pagerduty.read(value)


def to_events(readings: Sequence[Reading], received: Received, integration: IntegrationRef) -> list[Event]:
    """Give each reading its id, once, and its address; events of one request share its body."""
    body = Body(new_id(), received.content_type[:200], received.raw)
    events = []
    for r in readings:
        id = EventId(new_id())
        events.append(
            Event(
                id,
                integration.id,
                integration.name,
                integration.service_id,
                r.action,
                bounded_key(r.dedup_key) if r.dedup_key else f"{id}",
                r.severity,
                r.summary,
                body,
                r.source,
                r.component,
                r.group,
                r.class_,
                r.labels,
                r.links,
                r.occurred_at,
                r.expires_at,
                r.details,
                r.reason,
                r.unreadable,
            )
        )
    return events


@dataclass(slots=True)
class _Waiting:
    """One request: its events, and the future its route waits for."""

    events: list[Event]
    answer: asyncio.Future[list[Decided]]


class Gate:
    """Group commit: while one transaction commits, requests gather for the next. Bounded; answers only after the commit."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._queue: deque[_Waiting] = deque()
        self._waiting = 0
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
        """The decisions of these events, once they are committed; raises Unavailable when the queue or the database cannot take them."""
        if self._closed or self._waiting + len(events) > MAX_WAITING:
            raise Unavailable("Too many events are waiting; send this one again shortly.")
        waiting = _Waiting(events, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._waiting += len(events)
        self._wake.set()
        try:
            async with asyncio.timeout(BUDGET.total_seconds()):
                return await asyncio.shield(waiting.answer)
        except TimeoutError:
            raise Unavailable("The database is too slow just now; send this event again shortly.") from None

    async def _work(self) -> None:
        while not (self._closed and not self._queue):
            await self._wake.wait()
            batch = self._take()
            if not batch:
                self._wake.clear()
                if self._closed:
                    return
                continue
            await self._commit_or_halve(batch)

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._queue and (not batch or size + len(self._queue[0].events) <= MAX_EVENTS):
            batch.append(self._queue.popleft())
            size += len(batch[-1].events)
        self._waiting -= size
        return batch

    async def _commit_or_halve(self, batch: list[_Waiting]) -> None:
        """Everybody in the batch is answered: together, or by halves if one of them spoils it, or with Unavailable."""
        try:
            decided = await self._commit([event for waiting in batch for event in waiting.events])
        except Exception as error:  # noqa: BLE001 — sorted below: refused, halved, or quarantined with a log line
            if trouble(error) in {Trouble.UNREACHABLE, Trouble.CONFLICT}:
                log.warning("events refused, senders are asked to come again", error=type(error).__name__, requests=len(batch))
                for waiting in batch:
                    _fail(waiting, Unavailable("The database cannot take events just now; send this one again shortly."))
            elif len(batch) > 1:
                middle = len(batch) // 2
                await self._commit_or_halve(batch[:middle])
                await self._commit_or_halve(batch[middle:])
            else:
                await self._quarantine(batch[0], error)
            return
        BATCH.observe(len(decided))
        start = 0
        for waiting in batch:
            _answer(waiting, decided[start : start + len(waiting.events)])
            start += len(waiting.events)

    async def _quarantine(self, waiting: _Waiting, error: Exception) -> None:
        """Events that cannot be stored as they were read page as unreadable, with the same bytes beside them."""
        log.error("events could not be stored as they were read", exc_info=error)
        first = waiting.events[0]
        stand_in = unreadable(first.integration_name, f"it could not be stored ({type(error).__name__})")
        event = replace(
            first,
            action=stand_in.action,
            summary=stand_in.summary,
            dedup_key=bounded_key(stand_in.dedup_key or str(first.id)),
            severity=stand_in.severity,
            reason=stand_in.reason,
            unreadable=True,
            source="",
            component="",
            group="",
            class_="",
            labels={},
            links=(),
            details=stand_in.details,
            occurred_at=None,
        )
        try:
            _answer(waiting, await self._commit([event]) * len(waiting.events))
        except Exception as worse:
            log.exception("even the stand-in could not be stored")
            _fail(waiting, Unavailable("This event cannot be stored just now; send it again shortly."))
            if not isinstance(worse, DBAPIError | PoolTimeout | OSError | TimeoutError | ConcurrentChange):
                raise

    async def _commit(self, events: list[Event]) -> list[Decided]:
        """One transaction for all; after a lost connection once more with the same ids, so that nothing counts twice."""
        try:
            return await again(lambda: self._transaction(events, first_try=True))
        except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
            if trouble(error) is not Trouble.UNREACHABLE:
                raise
            log.warning("connection lost, once more with the same ids", error=type(error).__name__)
            return await again(lambda: self._transaction(events, first_try=False))

    async def _transaction(self, events: list[Event], *, first_try: bool) -> list[Decided]:
        async with self._database.transaction(Pool.INTAKE) as tx:
            now = await self._clock.now(tx)
            known = {} if first_try else await find_decided(tx, events)
            fresh = [event for event in events if event.id not in known]
            decided = known | {d.event_id: d for d in (await accept_events(tx, fresh, now=now) if fresh else ())}
            await failpoints.reach("intake.pre_commit")
        await failpoints.reach("intake.post_commit")
        for d in decided.values():
            EVENTS.labels(d.decision.value).inc()
        return [decided[event.id] for event in events]


def _answer(waiting: _Waiting, decided: list[Decided]) -> None:
    if not waiting.answer.done():
        waiting.answer.set_result(decided)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)
