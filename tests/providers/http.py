"""An HTTP server on a bare socket that keeps what it gets, and can break the protocol in every way a provider does."""

import asyncio
import gzip
import json
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Self

from tests.providers.script import Arrivals, Script

BOMB = gzip.compress(bytes(1 << 20), 9, mtime=0) * 200
"""About 200 KB that would become 200 MB."""

BROKEN: dict[str, tuple[Iterable[bytes], float]] = {
    "silent": ((), 0),
    "drip": ([b"HTTP/1.1 200 OK\r\nX-Slow: ", *repeat(b"x", 4000)], 0.05),
    "drip_body": ([b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", *repeat(b"x", 4000)], 0.05),
    "garbage": ([b"SSH-2.0-OpenSSH_9.6\r\n" * 3], 0),
    "truncated": ([b"HTTP/1.1 200 OK\r\nContent-Le"], 0),
    "truncated_body": ([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of"], 0),
    "huge": ([b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n", *repeat(bytes(62_500), 800)], 0),
    "bomb": ([f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n".encode(), BOMB], 0),
    "endless_head": ([b"HTTP/1.1 200 OK\r\n", *repeat(b"X-More: " + b"x" * 4000 + b"\r\n", 2000)], 0),
    "html": ([b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>hi</html>"], 0),
    "empty_object": ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"], 0),
    "drop": ((), 0),
}
"""What is written, and the pause before each piece but the first; then the connection ends (but for `silent`)."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived; `received` is monotonic, names of headers are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received: float

    def json(self) -> Any:
        return json.loads(self.body)


Answer = tuple[int, list[str], object]
"""A status, lines of headers, and what becomes JSON."""


class WebhookSink:
    """`async with WebhookSink() as sink`: call `sink.url`, look at `sink.requests`.

    Behaviours: `ok` (204); any three digits, a status, with headers after a space (`429 Retry-After: 7`); `silent`, `drip` (the
    head), `drip_body`, `garbage`, `truncated` (the head), `truncated_body`, `huge`, `bomb`, `endless_head`, `html` and
    `empty_object` (200), `drop` (after reading the request), `drop_at_once` (before reading its body).
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._tls = tls
        self._host = host
        self._script = Script()
        self._arrivals = Arrivals()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    def behave(self, behaviour: str, *, times: int | None = None) -> None:
        """From the next request on; with `times` only for so many requests."""
        self._script.behave(behaviour, times=times)

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        """What this very provider would answer; None: a plain status, or nothing that is HTTP."""
        return None

    async def wait_for(self, count: int, timeout: float = 5) -> list[Received]:
        await self._arrivals.wait_until(lambda: len(self.requests) >= count, timeout=timeout)
        return self.requests

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}/hook"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, self._host, 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await self._server.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up; it may
        finally:
            writer.transport.abort()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        behaviour = self._script.take()
        if behaviour == "drop_at_once":
            return False
        await self._keep(head, reader)
        if answer := self.answer(self.requests[-1], behaviour):
            status, headers, content = answer
            body = json.dumps(content).encode()
            lines = [f"HTTP/1.1 {status} Scripted", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers, "", ""]
            writer.write("\r\n".join(lines).encode() + body)
            return True
        if behaviour not in BROKEN:
            status, _, header = ("204" if behaviour == "ok" else behaviour).partition(" ")
            length = [] if status == "204" else ["Content-Length: 0"]
            writer.write("\r\n".join([f"HTTP/1.1 {int(status)} Scripted", *length, *filter(None, [header]), "", ""]).encode())
            return True
        pieces, pause = BROKEN[behaviour]
        for number, piece in enumerate(pieces):
            await asyncio.sleep(pause if number else 0)
            writer.write(piece)
            await writer.drain()
        if behaviour != "silent" and writer.can_write_eof():
            writer.write_eof()
        if behaviour != "drop":
            await reader.read()
        return False

    async def _keep(self, head: bytes, reader: asyncio.StreamReader) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append(Received(method, path, headers, body, time.monotonic()))
        self._arrivals.arrived()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
