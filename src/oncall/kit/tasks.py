"""Waiting for events and ending tasks, without the ways in which either can hang."""

import asyncio
import contextlib


async def woken(event: asyncio.Event, *, within: float) -> bool:
    """Wait until the event is set, at most so many seconds. (`asyncio.wait_for` may swallow a cancellation before Python 3.12.)"""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
            return True
    return False


async def end(task: asyncio.Task[None] | None, *, patience: float = 1.0) -> None:
    """Cancel a task and wait for its end; a cancellation that a library swallowed on the way is repeated."""
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=patience)
