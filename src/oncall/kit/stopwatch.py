"""How long something took. For people and logs; nothing is decided by it."""

import time


class Stopwatch:
    """Runs from the moment it is made, in monotonic time."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started
