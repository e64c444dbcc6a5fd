"""What a provider was told to do next, and who waits for what it gets."""

import asyncio
from collections import deque
from collections.abc import Callable


class Script:
    """Behaviours in order: `times` of each, then the one that was set without `times` (at first: `ok`)."""

    def __init__(self) -> None:
        self._always = "ok"
        self._next: deque[str] = deque()

    def behave(self, behaviour: str, *, times: int | None = None) -> None:
        if times is None:
            self._always = behaviour
            self._next.clear()
        else:
            self._next.extend([behaviour] * times)

    def take(self) -> str:
        return self._next.popleft() if self._next else self._always


class Arrivals:
    """Lets a test wait until something has arrived, without sleeping."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def arrived(self) -> None:
        for enough, future in self._waiting:
            if not future.done() and enough():
                future.set_result(None)
        self._waiting = [(enough, future) for enough, future in self._waiting if not future.done()]

    async def wait_until(self, enough: Callable[[], bool], *, timeout: float) -> None:
        if enough():
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((enough, future))
        async with asyncio.timeout(timeout):
            await future
