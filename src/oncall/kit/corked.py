"""An answer leaves in one write: uvicorn writes its head and its body one after the other, and each write is a call of the kernel's."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HELD_AT_MOST = 64 * 1024


class Corked(HttpToolsProtocol):
    """uvicorn's protocol on a transport that holds back, until the next round of the event loop, what is written in one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._cork = _Cork(transport, self.loop)
        super().connection_made(self._cork)  # type: ignore[arg-type]  # all that uvicorn asks of a transport

    def eof_received(self) -> None:
        """Whoever has said their last word may still read: the loop closes the connection now, and what is held leaves before."""
        self._cork.let_go()
        super().eof_received()


class _Cork:
    """The transport itself, but for its writes."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self.let_go)
        self._held.append(data)
        self._size += len(data)
        if self._size > HELD_AT_MOST:
            self.let_go()

    def close(self) -> None:
        self.let_go()
        self._transport.close()

    def let_go(self) -> None:
        """What is held leaves; to whoever is gone nothing is written, which uvloop takes for a fault of ours."""
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))
