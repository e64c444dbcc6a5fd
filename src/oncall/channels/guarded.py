"""Blocking libraries in threads of ours, which call out through kit.http_client: what they may do, until when, and what came of it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field

from oncall.kit.http_client import HttpClient, HttpReply, NoAnswer, NotSent
from oncall.kit.outbound import AddressNotAllowed

Exchange = HttpReply | AddressNotAllowed | NotSent | NoAnswer


@dataclass
class Calling:
    """What one thread may do until when, and what came of it. `headers` go along with each of its requests."""

    client: HttpClient
    loop: asyncio.AbstractEventLoop
    until: float
    headers: Mapping[str, str]
    exchanges: list[Exchange] = field(default_factory=list)
    begun: bool = False
    """A request has, or may have, left us."""
    over: bool = False
    """Nobody waits any more: whatever the thread still wants to send is not sent."""

    @property
    def left(self) -> float:
        return self.until - time.monotonic()


CALLING: ContextVar[Calling | None] = ContextVar("calling", default=None)
"""That of this thread; None outside of guarded ones."""


class TooLate(Exception):
    """The thread did not end in time; what it had sent until then is in `calling.exchanges`."""


async def run_guarded(work: Callable[[], bool], calling: Calling, executor: Executor) -> bool:
    """Run blocking `work` in a thread in which libraries call out through our client; `TooLate` at its deadline."""
    context = copy_context()
    context.run(CALLING.set, calling)
    future = calling.loop.run_in_executor(executor, context.run, work)
    try:
        async with asyncio.timeout(max(calling.left, 0)):
            return await asyncio.shield(future)
    except TimeoutError:
        raise TooLate from None
    finally:
        calling.over = True
        # Its end, late as it may come, interests nobody any more.
        future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
