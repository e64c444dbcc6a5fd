"""Long work on the loop that everybody shares."""

import asyncio

from oncall.kit.stopwatch import Stopwatch

LENGTH = 0.003
"""Seconds after which others have their turn."""


class Slices:
    """Work in slices: the loop goes round whenever one of them is over."""

    def __init__(self) -> None:
        self._watch = Stopwatch()

    async def pause(self) -> None:
        if self._watch.seconds >= LENGTH:
            await asyncio.sleep(0)
            self._watch = Stopwatch()
