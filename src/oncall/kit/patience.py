"""How long somebody is waited for at most, by one timer for all: nearly nobody waits so long, and a timer for each costs more than that."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

LEAST = 0.001
"""Seconds between two looks: the loop's timers ring up to so much early."""


class Patience(Generic[T]):
    """Calls `over` with whatever is not `done` in its time."""

    def __init__(self, over: Callable[[T], None]) -> None:
        self._over = over
        self._until: dict[T, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, one: T, seconds: float) -> None:
        """Wait for it no longer than so many seconds."""
        until = self._until[one] = asyncio.get_running_loop().time() + seconds
        if self._timer is None or until < self._timer.when():
            self._look_at(until)

    def done(self, one: T) -> None:
        self._until.pop(one, None)

    def _look_at(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(until, self._look)

    def _look(self) -> None:
        now, self._timer = asyncio.get_running_loop().time(), None
        for one in [one for one, until in self._until.items() if until <= now]:
            del self._until[one]
            self._over(one)
        if self._until:
            self._look_at(max(min(self._until.values()), now + LEAST))
