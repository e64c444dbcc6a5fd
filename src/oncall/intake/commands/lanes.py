"""Two lanes of requests: what is quickly done need not wait for what takes longer, and nothing overtakes what is about the same problem."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from oncall.incidents.values import Action
from oncall.intake.commands.waiting import Bounds, Queue, Waiting
from oncall.kit.ids import IntegrationId

KEYS_KNOWN = 20_000
"""Dedup keys of open problems that a node remembers."""

COURTESY = 0.025
"""Seconds that repeats wait for a new problem of somebody who was quiet."""

AT_WORK = 0.075
"""Seconds that they are worked on until they wait again."""

QUIET = 0.05
"""Seconds without a new problem after which a sender counts as quiet."""


class Lane:
    """Requests in turn, and whoever works on them: wakes when there are some, ends when it is closed and empty."""

    def __init__(self, bounds: Bounds) -> None:
        self.queue = Queue(bounds)
        self._wake = asyncio.Event()
        self._closed = False

    def put(self, waiting: Waiting) -> None:
        self.queue.put(waiting)
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def batches(self) -> AsyncIterator[list[Waiting]]:
        """The requests of one transaction after another; each of them must be said to be `done`."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while requests := self.queue.take():
                yield requests
            if self._closed:
                return


class Open:
    """Problems that were open a moment ago, by their dedup keys, those heard of last: what is about any other is hardly a repeat. A hint,
    on which nothing depends but time: beyond `KEYS_KNOWN` problems at once, repeats of all of them go by the slow lane.
    """

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}

    def __contains__(self, waiting: Waiting) -> bool:
        """Whether a request may be nothing but repeats, as far as one knows without asking."""
        return waiting.is_plain and self._keys.keys() >= waiting.keys

    def note(self, waiting: Waiting) -> None:
        for event in waiting.events:
            is_its_own = event.dedup_key == f"{event.id}"  # its sender gave no key, and nothing repeats it
            if event.action is Action.TRIGGER and not is_its_own:
                self._keys.pop(event.dedup_key, None)
                self._keys[event.dedup_key] = None
            elif event.action is Action.RESOLVE:
                self._keys.pop(event.dedup_key, None)
        while len(self._keys) > KEYS_KNOWN:
            del self._keys[next(iter(self._keys))]


class About:
    """What the requests of a lane are about: whatever comes later about the same goes behind it.

    A problem is known here by its dedup key alone, whichever service it will be routed to: to wait without need is no harm.
    """

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}
        self._among = 0  # requests that may turn out to be about an alert with any other key

    def __contains__(self, waiting: Waiting) -> bool:
        return bool(self._keys) if self._among or waiting.is_among else not self._keys.keys().isdisjoint(waiting.keys)

    def add(self, waiting: Waiting) -> None:
        self._count(waiting, 1)

    def remove(self, waiting: Waiting) -> None:
        self._count(waiting, -1)

    def _count(self, waiting: Waiting, sign: int) -> None:
        self._among += sign * waiting.is_among
        for key in waiting.keys:
            count = self._keys.get(key, 0) + sign
            if count:
                self._keys[key] = count
            else:
                del self._keys[key]


def apart(requests: Sequence[Waiting], open: Open, slow: About) -> tuple[list[Waiting], list[Waiting]]:
    """Those that may be mere repeats, and may be tried at once; and those that are none, as far as one knows, or are about something that
    the slow lane or any of these is about. Both in the order given, and about different problems.
    """
    if any(waiting.is_among for waiting in requests):
        return [], list(requests)
    kept = {waiting for waiting in requests if waiting not in open or waiting in slow}
    more = list(kept)
    keys: set[str] = set()
    while more:
        keys.update(*(waiting.keys for waiting in more))
        more = [waiting for waiting in requests if waiting not in kept and not keys.isdisjoint(waiting.keys)]
        kept.update(more)
    if not kept:
        return list(requests), []
    return [waiting for waiting in requests if waiting not in kept], [waiting for waiting in requests if waiting in kept]


class Courtesy:
    """Repeats of others wait while somebody who was quiet reports a new problem, and somebody is paged for it: all of that shares a
    processor with them. For a storm of new problems they wait once, when it begins, and most of the time they are worked on. `now` is in
    seconds.
    """

    def __init__(self) -> None:
        self._came_at: dict[IntegrationId, float] = {}
        self._for: frozenset[IntegrationId] = frozenset()
        self._until = float("-inf")

    def meet(self, requests: Iterable[Waiting], *, now: float) -> None:
        """These are worked on from now on, and report new problems, as far as one knows."""
        lately = {id: at for id, at in self._came_at.items() if now - at <= QUIET}
        senders = {waiting.integration_id for waiting in requests}
        self._came_at = lately | dict.fromkeys(senders, now)
        if not senders <= lately.keys() and now >= self._until + AT_WORK:
            self._for, self._until = frozenset(senders), now + COURTESY

    def left(self, repeats: Iterable[Waiting], *, now: float) -> float:
        """Seconds that these are to wait yet."""
        left = self._until - now
        return left if left > 0 and any(waiting.integration_id not in self._for for waiting in repeats) else 0.0
