"""TLS before a live node, with certificates of a throw-away authority, and a proxy through which every host of the world is that node.

Clients that insist on https, or on the host of the service they were written for, reach us with nothing but their documented settings.
"""

import asyncio
import contextlib
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme

LOOPBACK = "127.0.0.1"


@dataclass
class Front:
    """`url` speaks TLS, `proxy` understands CONNECT, `authority` is the certificate to trust; `hosts` are those that were asked for."""

    url: str = ""
    proxy: str = ""
    authority: Path = Path()
    hosts: set[str] = field(default_factory=set)


@asynccontextmanager
async def fronting(port: int, folder: Path) -> AsyncIterator[Front]:
    """Before the node on this port of the loopback interface."""
    front, authority = Front(authority=folder / "authority.pem"), trustme.CA()
    authority.cert_pem.write_to_path(front.authority)
    certified: dict[str, ssl.SSLContext] = {}

    def certify(host: str) -> ssl.SSLContext:
        if host not in certified:
            certified[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(host).configure_cert(certified[host])
        return certified[host]

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, host: str | None, _: ssl.SSLContext) -> None:
        connection.context = certify(host or LOOPBACK)

    context = certify(LOOPBACK)
    context.sni_callback = choose
    tls = await asyncio.start_server(lambda reader, writer: _join(reader, writer, port), LOOPBACK, 0, ssl=context)
    tls_port = tls.sockets[0].getsockname()[1]

    async def connect(reader: StreamReader, writer: StreamWriter) -> None:
        """CONNECT to wherever: it is us."""
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split()
        if request[0] != "CONNECT":
            writer.write(b"HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        front.hosts.add(request[1].partition(":")[0])
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await _join(reader, writer, tls_port)

    proxy = await asyncio.start_server(connect, LOOPBACK, 0)
    front.url = f"https://{LOOPBACK}:{tls_port}"
    front.proxy = f"http://{LOOPBACK}:{proxy.sockets[0].getsockname()[1]}"
    async with tls, proxy:
        yield front


async def _join(reader: StreamReader, writer: StreamWriter, port: int) -> None:
    """Copy both ways until both sides have said all."""
    further_reader, further_writer = await asyncio.open_connection(LOOPBACK, port)
    await asyncio.gather(_copy(reader, further_writer), _copy(further_reader, writer))


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while said := await reader.read(65_536):
            writer.write(said)
            await writer.drain()
    with contextlib.suppress(OSError, ssl.SSLError):
        writer.close()
