"""News for many listeners at once: read once per node, fanned out to each, resumed by whoever dropped, cut for whoever is slow.

Shapes are those of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). What is streamed is a table's;
a hint only says when to look.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from oncall.kit.errors import Unavailable
from oncall.kit.limits import TooMany
from oncall.kit.log import get_log
from oncall.kit.tasks import end, woken

log = get_log("streams")
K = TypeVar("K", bound=Hashable)
P = TypeVar("P", bound=Any)

EVERY = 1.0
"""Seconds after which the table is looked at without a hint, while anybody listens."""
PAUSE = 0.05
"""Between two looks, however many hints come."""
AT_ONCE = 200
"""Most that is read of one key at a time."""
A_PIECE = 50
"""Most that one who is behind reads at a time: nobody shares these bytes, and they wait for whoever reads slowly."""
WAITING = 256
"""Frames that may wait for one listener; whoever has more to read is cut, and resumes."""
MOST = 1_000
MOST_OF_ONE = 250
"""Listeners of one node, and of those one caller's."""
CATCHING_UP = 2
"""How many of those that are behind read for themselves at the same time."""


@dataclass(frozen=True, slots=True)
class News(Generic[P]):
    """One piece of news: its place, the bytes that every listener shares, and what listeners may filter by."""

    at: P
    frame: bytes
    about: Any = None


class Source(Protocol[K, P]):
    """The table behind a stream. Places of one key are in order; nothing ever appears before a place that was read."""

    async def admit(self, key: K, at: P | None) -> tuple[P, bytes]:
        """Where to begin: at this place, or at the newest; and what to say first, if anything (that this place is not known any more)."""
        ...

    async def read(self, after: Mapping[K, P], *, limit: int) -> Mapping[K, Sequence[News[P]]]:
        """What came after these places, at most `limit` of each; one statement for all of them."""
        ...

    def id_of(self, at: P) -> str:
        """What a listener sends to go on from this place."""
        ...


def frame(id: str, event: str, json: bytes) -> bytes:
    """One event. `json` is on one line."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (id.encode(), event.encode(), json)


class Listening(Generic[K, P]):
    """One listener: frames that wait for it, and its place."""

    def __init__(self, key: K, caller: str, at: P | None, wants: Callable[[Any], bool] | None) -> None:
        self.key, self.caller, self.at, self.wants = key, caller, at, wants
        self.said_at: P | None = None
        self.frames: deque[bytes] = deque()
        self.news = asyncio.Event()
        self.is_attached = self.is_over = False

    def put(self, one: News[P]) -> None:
        """Nothing comes twice; what it does not want only moves its place on."""
        if self.is_over or (self.at is not None and one.at <= self.at):
            return
        self.at = one.at
        if self.wants is None or self.wants(one.about):
            self.frames.append(one.frame)
            self.said_at = one.at
            if len(self.frames) > WAITING:
                log.info("a listener reads too slowly and is cut; it may resume")
                self.close()
            self.news.set()

    def take(self) -> bytes:
        """All that waits."""
        taken = b"".join(self.frames)
        self.frames.clear()
        return taken

    def close(self) -> None:
        """What it did not get is in the table still."""
        self.frames.clear()
        self.is_over = True
        self.news.set()


class Topic(Generic[K, P]):
    """What is read of one key, for all who are up to date with it."""

    def __init__(self, at: P) -> None:
        self.at = at
        self.listeners: set[Listening[K, P]] = set()


class Fan(Generic[K, P]):
    """All listeners of one node to one kind of news. One task reads while anybody listens, and nothing is read while nobody does."""

    def __init__(self, name: str, source: Source[K, P], *, leaving: Callable[[], bool], every: float = EVERY) -> None:
        self._name, self._source, self._leaving, self.every = name, source, leaving, every
        self._topics: dict[K, Topic[K, P]] = {}
        self._all: set[Listening[K, P]] = set()
        self._of: Counter[str] = Counter()
        self._wake = asyncio.Event()
        self._catching_up = asyncio.Semaphore(CATCHING_UP)
        self._task: asyncio.Task[None] | None = None
        self.reads = 0

    def __len__(self) -> int:
        return len(self._all)

    def poke(self) -> None:
        """A hint that there is news."""
        self._wake.set()

    def listen(self, key: K, *, caller: str, at: P | None, wants: Callable[[Any], bool] | None = None) -> Listening[K, P]:
        """A place among the listeners, to be given back with `leave`; refused where there is none."""
        if self._leaving():
            raise Unavailable("This node is shutting down: connect again, to another.")
        if len(self._all) >= MOST:
            raise Unavailable(f"This node has {MOST:,} listeners already: connect again later, or to another node.")
        if self._of[caller] >= MOST_OF_ONE:
            raise TooMany(f"This key has {MOST_OF_ONE} streams open on this node already: close some first.", retry_after=5)
        listening: Listening[K, P] = Listening(key, caller, at, wants)
        self._all.add(listening)
        self._of[caller] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_reading(), name=f"stream {self._name}")
        return listening

    def leave(self, listening: Listening[K, P]) -> None:
        listening.close()
        if listening in self._all:
            self._all.remove(listening)
            self._of[listening.caller] -= 1
            self._of += Counter()  # forgets those who have none
        topic = self._topics.get(listening.key)
        if topic is not None:
            topic.listeners.discard(listening)
            if not topic.listeners:
                del self._topics[listening.key]

    async def admit(self, listening: Listening[K, P]) -> bytes:
        """Find where it begins; returns what to say first."""
        async with self._catching_up:
            listening.at, first = await self._source.admit(listening.key, listening.at)
        listening.said_at = listening.at
        return first

    async def fill(self, listening: Listening[K, P]) -> None:
        """For one that is behind: what comes next of the table itself, until it is where the others are and hears with them."""
        assert listening.at is not None  # noqa: S101 — it was admitted
        if (topic := self._topics.get(listening.key)) is not None and listening.at >= topic.at:
            self._attach(listening, topic)
            return
        async with self._catching_up:
            read = await self._source.read({listening.key: listening.at}, limit=A_PIECE)
        news = read.get(listening.key, ())
        for one in news:
            listening.put(one)
        if len(news) < A_PIECE and not listening.is_over:
            topic = self._topics.setdefault(listening.key, Topic(listening.at))
            if listening.at >= topic.at:
                self._attach(listening, topic)

    def _attach(self, listening: Listening[K, P], topic: Topic[K, P]) -> None:
        if not listening.is_over:
            topic.listeners.add(listening)
            listening.is_attached = True
            self._wake.set()  # the reader may not have known of this topic yet

    async def _keep_reading(self) -> None:
        """While anybody listens; ends by itself, and everybody's stream when this node leaves."""
        while self._all:
            if self._leaving():
                self.close()
                return
            self._wake.clear()
            try:
                more = await self._read()
            except Exception:  # whatever it is, listeners stay where they are and the next look may succeed
                log.exception("cannot read what is streamed; looking again", stream=self._name)
                more = False
            await asyncio.sleep(PAUSE)
            if not more:
                await woken(self._wake, within=self.every)

    async def _read(self) -> bool:
        """Whether there may be more already."""
        after = {key: topic.at for key, topic in self._topics.items()}
        if not after:
            return False
        self.reads += 1
        found = await self._source.read(after, limit=AT_ONCE)
        for key, news in found.items():
            topic = self._topics.get(key)
            if topic is None:
                continue  # its last listener has left meanwhile
            for one in news:
                topic.at = max(topic.at, one.at)
                for listening in topic.listeners:
                    listening.put(one)
        return any(len(news) >= AT_ONCE for news in found.values())

    def sign_of_life(self, listening: Listening[K, P]) -> bytes:
        """A comment; and the place, if it moved past what was not wanted, so that a resume looks at none of it again."""
        if listening.at is None or listening.at == listening.said_at:
            return b":\n\n"
        listening.said_at = listening.at
        return b":\nid: %b\n\n" % self._source.id_of(listening.at).encode()

    def close(self) -> None:
        """End every stream; whoever listened connects again."""
        for listening in list(self._all):
            listening.close()

    async def stop(self) -> None:
        self.close()
        await end(self._task)
