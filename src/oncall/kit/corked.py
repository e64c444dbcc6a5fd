"""How we speak on a connection: an answer leaves in one write, and whoever is refused while still sending hears why.

uvicorn writes an answer's head and its body one after the other, and each write is a call of the kernel's.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HELD_AT_MOST = 64 * 1024
HEARD_AT_MOST = 16 * 1024 * 1024
"""Bytes that are still read, and thrown away, of a body that was answered before its end."""

HEARD_FOR = 10.0
"""Seconds in which they are."""


class Corked(HttpToolsProtocol):
    """uvicorn's protocol on a transport that holds back, until the next round of the event loop, what is written in one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._cork = _Cork(transport, self.loop)
        super().connection_made(self._cork)  # type: ignore[arg-type]  # all that uvicorn asks of a transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._cork.hang_up()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._cork.is_told = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._cork.is_told = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        if self._cork.is_leaving:
            self._cork.throw_away(len(data))
        else:
            super().data_received(data)

    def eof_received(self) -> None:
        """Whoever has said their last word may still read: the loop closes the connection now, and what is held leaves before."""
        self._cork.let_go()
        super().eof_received()

    def shutdown(self) -> None:
        """The node leaves, and waits for nobody who has their answer."""
        self._cork.hears_out = False
        super().shutdown()
        if self._cork.is_leaving:
            self._cork.hang_up()


class _Cork:
    """The transport itself, but for its writes and its end."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held: list[bytes] = []
        self._size = 0
        self.is_told = True
        """Whether the request that came has come to its end."""
        self.hears_out = True
        """Whether whoever is still sending when all was said is heard out."""
        self._left = HEARD_AT_MOST
        self._last_call: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def is_leaving(self) -> bool:
        """Whether all was said that there is to say, and the client is only heard out."""
        return self._last_call is not None

    def is_closing(self) -> bool:
        return self.is_leaving or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self.let_go)
        self._held.append(data)
        self._size += len(data)
        if self._size > HELD_AT_MOST:
            self.let_go()

    def send(self, data: bytes) -> None:
        """What is whole leaves at once, behind what is held."""
        self.let_go()
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Hang up, but on whoever is still sending a little later: what comes on a closed connection resets it, and whatever our answer
        was, a client that has not read it by then never does.
        """
        if self.is_leaving:
            return
        self.let_go()
        if self.is_told or not self.hears_out or self._transport.is_closing() or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._last_call = self._loop.call_later(HEARD_FOR, self.hang_up)
        self._transport.write_eof()
        self._transport.resume_reading()

    def throw_away(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            self.hang_up()

    def hang_up(self) -> None:
        if self._last_call is not None:
            self._last_call.cancel()
        self._transport.close()

    def let_go(self) -> None:
        """What is held leaves; to whoever is gone nothing is written, which uvloop takes for a fault of ours."""
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))
