"""A TCP proxy in front of PostgreSQL that can go silent, as a network does that drops every packet."""

import asyncio
from typing import Self
from urllib.parse import parse_qs, urlsplit


class Proxy:
    """`async with Proxy(database_url) as proxy`: connect to `proxy.url`; `stall()` swallows everything, `flow()` lets it through."""

    def __init__(self, database_url: str, *, delay: float = 0.0) -> None:
        """Each piece of an answer is held back for `delay` seconds."""
        self.delay = delay
        self._to = urlsplit(database_url)
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://{self._to.username}@127.0.0.1:{port}{self._to.path}"

    def stall(self) -> None:
        """From now on nothing gets through in either direction, and nobody is told."""
        self._open.clear()

    def flow(self) -> None:
        self._open.set()

    def cut(self) -> None:
        """Reset every connection there is."""
        for task in self._tasks:
            task.cancel()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await self._open.wait()
            there, back = await self._connect()
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, back, 0.0))
                    both.create_task(self._pump(there, writer, self.delay))
            finally:
                back.transport.abort()
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # one of them hung up, or the test cut the line
        finally:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        said = parse_qs(self._to.query)
        if "host" in said:  # a folder with a Unix socket
            return await asyncio.open_unix_connection(f"{said['host'][0]}/.s.PGSQL.{said.get('port', ['5432'])[0]}")
        return await asyncio.open_connection(self._to.hostname, self._to.port or 5432)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay: float) -> None:
        while piece := await source.read(65_536):
            await asyncio.sleep(delay)
            await self._open.wait()
            sink.write(piece)
            await sink.drain()
        raise ConnectionResetError  # so that the other direction ends as well
