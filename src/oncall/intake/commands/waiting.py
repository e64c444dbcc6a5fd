"""What waits for its commit: within bounds of memory, with a share left for those that do not come again, each integration in turn."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from oncall.incidents.values import Action, Body, Decided, Event
from oncall.kit.errors import Unavailable
from oncall.kit.ids import EventId, IntegrationId


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may wait in memory, and what one transaction may hold."""

    events: int = 10_000
    bytes: int = 64 * 1024 * 1024
    batch_events: int = 256
    batch_bytes: int = 8 * 1024 * 1024

    returning: float = 0.75
    """The share of it that senders may fill which come again when they are turned away; the rest is for those that do not."""
    own: float = 0.5
    """The share that one integration may fill, so that whoever floods us turns away only itself."""


Kept = Callable[[Body, datetime], None]
"""Is told of a body that is stored, and when it was received."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One request: its events, what has been decided of them so far, and the future its route waits for."""

    events: list[Event]
    answer: asyncio.Future[list[Decided]]
    kept: Kept | None = None
    decided: dict[EventId, Decided] = field(default_factory=dict)
    refused: bool = False
    unsure: bool = False
    """Nobody knows how the last try to store it ended: it may be stored already."""

    size: int = field(init=False)
    """Bytes of the bodies; the events of one request share one, those of a mail to several integrations have one each."""
    keys: frozenset[str] = field(init=False)
    """What its events are about, by their dedup keys."""
    is_among: bool = field(init=False)
    """Whether one of them may turn out to be about an alert with any other key."""
    is_plain: bool = field(init=False)
    """Whether all of them are triggers that are told from no others but by their keys."""

    def __post_init__(self) -> None:
        self.size, self.is_among, self.is_plain = 0, False, True
        body, keys = None, []
        for event in self.events:
            if event.body is not body:
                body = event.body
                self.size += len(body.raw)
            keys.append(event.dedup_key)
            self.is_among = self.is_among or event.among is not None
            self.is_plain = self.is_plain and event.action is Action.TRIGGER and not event.delivery_id
        self.keys = frozenset(keys)

    @property
    def has_new(self) -> bool:
        """Whether it may report a problem, and does not only end some."""
        return any(event.action is Action.TRIGGER for event in self.events)

    @property
    def integration_id(self) -> IntegrationId:
        return self.events[0].integration_id

    def note(self, decided: Decided) -> None:
        """One of its events is committed."""
        self.decided[decided.event_id] = decided

    def keep(self, received_at: datetime) -> None:
        """Whoever may use its body again hears that it is stored."""
        if self.kept and not self.left and (body := self.events[0].body).stored_at is None:
            self.kept(body, received_at)

    def reply(self) -> None:
        """Once all of them are, the request is answered."""
        if len(self.decided) == len(self.events) and not self.answer.done():
            self.answer.set_result([self.decided[event.id] for event in self.events])

    @property
    def left(self) -> list[Event]:
        """What is yet to be decided."""
        return [event for event in self.events if event.id not in self.decided]

    @property
    def is_through(self) -> bool:
        return self.refused or len(self.decided) == len(self.events)

    def refuse(self, sentence: str) -> None:
        """Nobody tries any more to store what is left of it."""
        self.refused = True
        self.give_up(sentence)

    def give_up(self, sentence: str) -> None:
        """Whoever waits for it waits no longer, whatever becomes of it."""
        if not self.answer.done():
            self.answer.set_exception(Unavailable(sentence))
            self.answer.exception()  # counts as read: perhaps its sender has given up, and nobody waits for it


@dataclass(slots=True)
class _Line:
    """The requests of one integration, in order, and what they hold together."""

    requests: deque[Waiting] = field(default_factory=deque)
    events: int = 0
    bytes: int = 0


class Queue:
    """A line for each integration. `held` are the bytes of bodies that are still being read."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.held = self.events = self.bytes = 0
        self._held_by: Counter[IntegrationId | None] = Counter()  # None: nobody knows yet whose they are
        self._lines: dict[IntegrationId, _Line] = {}
        self._turns: deque[IntegrationId] = deque()

    def __bool__(self) -> bool:
        return bool(self._turns)

    def may_read(self, size: int, integration_id: IntegrationId | None, *, comes_again: bool) -> bool:
        """Whether a body of this size may be taken into memory; a single one of an integration always may, if there is room at all."""
        if self._is_calm(0, size):
            return True
        bounds, line = self.bounds, self._lines.get(integration_id) if integration_id else None
        share = bounds.returning if comes_again else 1.0
        taken, own = self.held + self.bytes, self._held_by[integration_id] + (line.bytes if line else 0)
        fits = taken + size <= bounds.bytes * share and self.events < bounds.events * share
        return not taken or (fits and (not own or own + size <= bounds.bytes * bounds.own))

    def hold(self, size: int, integration_id: IntegrationId | None) -> None:
        self.held += size
        self._held_by[integration_id] += size

    def let_go(self, size: int, integration_id: IntegrationId | None) -> None:
        self.held -= size
        self._held_by[integration_id] -= size
        if not self._held_by[integration_id]:
            del self._held_by[integration_id]

    def has_room(self, waiting: Waiting, *, comes_again: bool) -> bool:
        """Whether a request may join; a single one always may."""
        events, size = len(waiting.events), waiting.size
        if not self.events or self._is_calm(events, size):
            return True
        bounds, line = self.bounds, self._lines.get(waiting.integration_id) or _Line()
        share = bounds.returning if comes_again else 1.0
        fits = self.events + events <= bounds.events * share and self.bytes + size <= bounds.bytes * share
        is_modest = line.events + events <= bounds.events * bounds.own and line.bytes + size <= bounds.bytes * bounds.own
        return fits and (is_modest or not line.events)

    def _is_calm(self, events: int, size: int) -> bool:
        """As nearly always: with all that waits, and this, so little that it is within everybody's share."""
        bounds = self.bounds
        return self.events + events <= bounds.events // 4 and self.held + self.bytes + size <= bounds.bytes // 4

    def put(self, waiting: Waiting) -> None:
        line = self._line(waiting)
        if not line.requests:
            self._turns.append(waiting.integration_id)
        line.requests.append(waiting)
        self._count(line, waiting, 1)

    def count(self, waiting: Waiting) -> None:
        """It has its turn elsewhere, and counts here until it is `done`."""
        self._count(self._line(waiting), waiting, 1)

    def _line(self, waiting: Waiting) -> _Line:
        line = self._lines.get(waiting.integration_id)
        if line is None:
            line = self._lines[waiting.integration_id] = _Line()
        return line

    def take(self) -> list[Waiting]:
        """The requests of the next transaction: one of each integration in turn, as many as it should hold, and one at least.

        They count until they are `done`, since their bodies are in memory as long.
        """
        taken: list[Waiting] = []
        events = size = 0
        while self._turns:
            line = self._lines[self._turns[0]]
            waiting = line.requests[0]
            events, size = events + len(waiting.events), size + waiting.size
            if taken and (events > self.bounds.batch_events or size > self.bounds.batch_bytes):
                break
            taken.append(line.requests.popleft())
            turn = self._turns.popleft()
            if line.requests:
                self._turns.append(turn)
        return taken

    def done(self, waiting: Waiting) -> None:
        """It is committed, or refused."""
        line = self._lines[waiting.integration_id]
        self._count(line, waiting, -1)
        if not line.events:
            del self._lines[waiting.integration_id]

    def _count(self, line: _Line, waiting: Waiting, sign: int) -> None:
        line.events, line.bytes = line.events + sign * len(waiting.events), line.bytes + sign * waiting.size
        self.events, self.bytes = self.events + sign * len(waiting.events), self.bytes + sign * waiting.size
