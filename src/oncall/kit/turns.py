"""Sharing one event loop: what comes in floods goes a few at a time, so that whoever else waits for it waits for no more than those."""

import asyncio
from collections import deque


class Turns:
    """At most so many a round of the loop; the others wait in line for the next rounds."""

    def __init__(self, a_round: int) -> None:
        self._a_round = self._left = a_round
        self._line: deque[asyncio.Future[None]] = deque()
        self._is_counting = False

    @property
    def is_free(self) -> bool:
        """Whether nobody waits in line."""
        return not self._line

    async def mine(self) -> None:
        """Wait for one's turn: none at all, unless many come at once."""
        loop = asyncio.get_running_loop()
        if not self._is_counting:
            self._is_counting = True
            loop.call_soon(self._next_round, loop)
        if self._left and not self._line:
            self._left -= 1
            return
        turn = loop.create_future()
        self._line.append(turn)
        await turn

    def _next_round(self, loop: asyncio.AbstractEventLoop) -> None:
        self._left = self._a_round
        while self._line and self._left:
            turn = self._line.popleft()
            if not turn.done():  # whoever waited may have been cancelled
                turn.set_result(None)
                self._left -= 1
        self._is_counting = self._left < self._a_round
        if self._is_counting:
            loop.call_soon(self._next_round, loop)
