"""A stream as the answer to a request: server-sent events that a proxy does not hold back, with signs of life and an end."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from oncall.kit.log import get_log
from oncall.kit.streams import Fan, Listening
from oncall.kit.tasks import end, woken

log = get_log("streams")

HEARTBEAT = 15.0
PATIENCE = 20.0
"""Seconds that one write may take."""
LIFETIME = 1_800.0
"""Seconds after which a stream ends and is opened anew: a key that was revoked meanwhile opens none."""

HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


def id_of_last(request: Request, given: str | None) -> str | None:
    """Where a listener wants to go on: the header that browsers send when they connect again, before the query."""
    return request.headers.get("last-event-id") or given or None


class EventStream(Response):
    """The answer to one listener: what waits, and a sign of life when nothing does. Ends when it is cut, has lived long, or has gone."""

    media_type = "text/event-stream"

    def __init__(self, fan: Fan[Any, Any], listen: Callable[[], Listening[Any, Any]]) -> None:
        """`listen` gives it its place among the listeners, or refuses, when the answer begins: what broke before has none."""
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._fan, self._listen = fan, listen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 — ASGI's shape
        listening = self._listen()
        watch = asyncio.create_task(_gone(receive, listening), name="stream listener")
        try:
            first = await self._fan.admit(listening)  # what fails here is answered as everywhere
            await self._stream(listening, send, first)
        finally:
            self._fan.leave(listening)
            await end(watch)

    async def _stream(self, listening: Listening[Any, Any], send: Send, first: bytes) -> None:
        ends_at = asyncio.get_running_loop().time() + LIFETIME
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await _say(send, b"retry: 2000\n\n" + first)
            while not listening.is_over and asyncio.get_running_loop().time() < ends_at:
                if said := await self._next(listening):
                    await _say(send, said)
            await _say(send, b"", more=False)
        except (TimeoutError, OSError) as error:
            log.info("a listener does not read, or has gone; it may resume", error=type(error).__name__)

    async def _next(self, listening: Listening[Any, Any]) -> bytes:
        """What waits, or a sign of life if nothing did for long; nothing if it is over, or only caught up a bit."""
        if not listening.is_attached:
            try:
                await self._fan.fill(listening)
            except Exception:  # its stream ends as others do, and it resumes when what it reads can be read again
                log.exception("cannot read what a listener has missed")
                listening.close()
        elif not listening.frames:
            listening.news.clear()
            if not await woken(listening.news, within=HEARTBEAT):
                return self._fan.sign_of_life(listening)
        return listening.take()


async def _say(send: Send, said: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(PATIENCE):
        await send({"type": "http.response.body", "body": said, "more_body": more})


async def _gone(receive: Receive, listening: Listening[Any, Any]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listening.close()
