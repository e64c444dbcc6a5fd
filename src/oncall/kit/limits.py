"""Limits on how often something may happen, counted in memory, bounded, by the monotonic clock of one process."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Generic, TypeVar

from oncall.kit.errors import Refusal

T = TypeVar("T", bound=Hashable)


class TooMany(Refusal):
    """The same request may succeed after `retry_after` whole seconds."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, sentence: str, *, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class FailureLimiter:
    """Counts failures by source: after `limit` within a window of `per`, which the first one opens, the source has to wait.

    Remembers at most `keep` sources and forgets the one that was quiet longest.
    """

    def __init__(
        self,
        *,
        limit: int = 20,
        per: timedelta = timedelta(minutes=1),
        keep: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._per, self._keep, self._monotonic = limit, per.total_seconds(), keep, monotonic
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, source: str) -> int:
        """Whole seconds until this source may try again; 0 if it may now."""
        ends, failures = self._window(source)
        return max(math.ceil(ends - self._monotonic()), 1) if failures >= self._limit else 0

    def failed(self, source: str) -> None:
        ends, failures = self._window(source)
        self._windows[source] = (ends, failures + 1)
        self._windows.move_to_end(source)
        if len(self._windows) > self._keep:
            self._windows.popitem(last=False)

    def _window(self, source: str) -> tuple[float, int]:
        now = self._monotonic()
        ends, failures = self._windows.get(source, (now, 0))
        return (ends, failures) if now < ends else (now + self._per, 0)


class Recent(Generic[T]):
    """The last `keep` different things that were remembered."""

    def __init__(self, keep: int = 1_000) -> None:
        self._keep = keep
        self._things: OrderedDict[T, None] = OrderedDict()

    def __contains__(self, thing: T) -> bool:
        return thing in self._things

    def remember(self, thing: T) -> None:
        self._things[thing] = None
        self._things.move_to_end(thing)
        if len(self._things) > self._keep:
            self._things.popitem(last=False)


def network_of(address: str | None) -> str:
    """The source a limit counts for: an IPv4 address, an IPv6 /64 (one customer holds all of it), or `unknown`."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
