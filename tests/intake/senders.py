"""Senders on real connections: one request in flight on each, and what was answered, to the byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from oncall.kit.again import AGAIN, Again

GONE = (OSError, EOFError, asyncio.IncompleteReadError)
"""What a sender sees of a node that was killed."""


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """A connection that is opened when it is needed, and anew after it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: bytes) -> Answered:
        """The answer to a whole request; one of GONE if none came."""
        try:
            if self._reader is None or self._writer is None:
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._writer.write(request)
            await self._writer.drain()
            answered = await self._answer(self._reader)
        except BaseException:
            self.close()
            raise
        if answered.headers.get("connection", "").lower() == "close":
            self.close()
        return answered

    @staticmethod
    async def _answer(reader: asyncio.StreamReader) -> Answered:
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
        headers = {name.lower(): said.strip() for name, _, said in (line.partition(":") for line in lines if line)}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            raise AssertionError("no answer of these routes comes in chunks")
        return Answered(int(status.split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0"))))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A whole request."""
    head = [f"POST {path} HTTP/1.1", "Host: oncall.test", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[int]:
    """An application behind uvicorn, as `oncall serve` runs it; its port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Again, lifespan="off", access_log=False, log_config=None))
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    server.lifespan.state[AGAIN] = app.state.again  # as the lifespan of `oncall serve` does
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task
