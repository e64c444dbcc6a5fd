"""Between us and PostgreSQL: passes bytes on, or does what networks do. Speaks no protocol but for one word, COMMIT."""

import asyncio
import contextlib
from typing import Self
from urllib.parse import parse_qs, urlsplit

COMMIT = b"COMMIT;"


class PostgresProxy:
    """`async with PostgresProxy(dsn) as proxy: Database(proxy.url)`.

    `mode`: `pass`; `lose_answer`: the next COMMIT arrives, its answer does not; `lose_commit`: the connection ends just before the
    next COMMIT arrives; `blackhole`: nothing arrives any more, in both directions; `refuse`: connections end, new ones too.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = urlsplit(dsn)
        self.mode = "pass"
        self.commits = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        credentials = self._dsn.netloc.rpartition("@")[0]
        return f"postgresql+asyncpg://{credentials}@127.0.0.1:{port}{self._dsn.path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection there is."""
        for writer in self._writers:
            writer.transport.abort()

    async def _upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        query = parse_qs(self._dsn.query)
        host, port = query.get("host", [self._dsn.hostname])[0], int(query.get("port", [self._dsn.port or 5432])[0])
        if host and host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.mode == "refuse":
            writer.transport.abort()
            return
        up_reader, up_writer = await self._upstream()
        self._writers |= {writer, up_writer}
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(self._pass_on(reader, up_writer, ours=True), self._pass_on(up_reader, writer, ours=False))
        writer.transport.abort()
        up_writer.transport.abort()
        self._writers -= {writer, up_writer}

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, ours: bool) -> None:
        while chunk := await reader.read(65_536):
            if self.mode == "blackhole":
                await asyncio.Event().wait()
            if ours and COMMIT in chunk:
                self.commits += 1
                if self.mode == "lose_commit":
                    self.mode = "pass"
                    raise ConnectionError("lost before COMMIT arrived")
                if self.mode == "lose_answer":
                    self.mode = "losing"
            elif not ours and self.mode == "losing":
                self.mode = "pass"
                raise ConnectionError("the answer of COMMIT is lost")
            writer.write(chunk)
            await writer.drain()
        raise ConnectionError("one side has gone")
