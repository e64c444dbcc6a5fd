"""The one way out over HTTP: resolves a host once, judges every answer, connects to that very address, reads a bounded reply.

Tenants type URLs; without this file they could make us call our own network. Nothing else in the code opens an HTTP connection.
Kept deliberately thin over httpx's own wire (httpcore): no redirects, no cookies, no proxies, no decompression, no retries.
"""

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore
import httpx

from oncall.kit.outbound import NOTHING_PRIVATE, Address, OutboundAllow, addresses_in, check_url, judge

Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]
"""A port: every address of a host name; raises `OSError` when there is none."""

BODY_LIMIT = 64 * 1024


class NotSent(Exception):
    """No byte of the request left us: trying again cannot do anything twice."""


class NoAnswer(Exception):
    """The request was, or may have been, written, and no whole answer came back: it may have had its effect."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back, not to be trusted: names of `headers` are lower case; `body` is as it came (never inflated), at most
    so many bytes as were asked for; `cut` says that there was more."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool


class SystemResolver:
    """Asks the operating system, on threads of its own: a dead name server holds up nothing but the calls that need it.

    The threads are daemons: an executor's would keep the process from ending until the name server had answered.
    """

    def __init__(self, *, threads: int = 32) -> None:
        self._free = threading.Semaphore(threads)

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        if not self._free.acquire(blocking=False):
            raise OSError("too many look-ups are waiting for the name server")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def tell(found: list[Any] | OSError) -> None:
            if answer.done():
                return
            if isinstance(found, OSError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def look_up() -> None:
            found: list[Any] | OSError
            try:
                found = list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except OSError as error:
                found = error
            except UnicodeError:
                found = OSError("this host name cannot be looked up")
            finally:
                self._free.release()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(tell, found)

        threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
        return addresses_in(await answer)

    def close(self) -> None:
        """Look-ups that hang end by themselves, or with the process."""


class JudgedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections for the pool. What was judged is what is dialled, so no second look-up can slip another address in;
    TLS still asks for, and verifies, the name in the URL."""

    def __init__(self, wire: httpcore.AsyncNetworkBackend, resolve: Resolver, allow: OutboundAllow) -> None:
        self._wire = wire
        self._resolve = resolve
        self._allow = allow

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Try the addresses in turn, each with its share of the time."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} could not be resolved") from error
        judge(host, port, addresses, self._allow)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            share = None if timeout is None else timeout / len(addresses)
            try:
                return await self._wire.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class HttpClient:
    """Calls URLs that people typed. One per process is enough: one slow host does not hold up calls to another."""

    def __init__(
        self,
        *,
        allow: OutboundAllow = NOTHING_PRIVATE,
        deadline: float = 10.0,
        resolve: Resolver | None = None,
        wire: httpcore.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`deadline` in seconds bounds a whole call. `tls` defaults to the authorities of certifi, or of SSL_CERT_FILE where that is set.
        `resolve` and `wire` are ports for tests."""
        self._allow = allow
        self._deadline = deadline
        self._resolver = SystemResolver()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or _authorities(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
            max_connections=None,  # whoever calls limits how much it sends at once; a queue here would let hosts delay each other
            max_keepalive_connections=20,
            keepalive_expiry=2.0,  # well below common servers' own: a request on a connection just closed ends as `NoAnswer`
            network_backend=JudgedNetwork(wire or httpcore.AnyIOBackend(), resolve or self._resolver, allow),
        )

    def check_url(self, url: str) -> str:
        """The URL as it should be stored, or `AddressNotAllowed`. Asks no name server."""
        return str(check_url(url, self._allow))

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        deadline: float | None = None,
        limit: int = BODY_LIMIT,
    ) -> HttpReply:
        """One request and its reply (its body cut after `limit` bytes) within `deadline` seconds; or `AddressNotAllowed`, `NotSent`,
        `NoAnswer`."""
        target = check_url(url, self._allow)
        patience = self._deadline if deadline is None else deadline
        written = False

        async def trace(event: str, _details: object) -> None:
            nonlocal written
            written = written or event.endswith("send_request_headers.started")

        sent = {"Host": target.netloc.decode("ascii"), "User-Agent": "oncall", "Accept-Encoding": "identity"} | dict(headers or {})
        wire_url = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
        extensions = {"trace": trace, "timeout": {"connect": patience}}
        try:
            async with (
                asyncio.timeout(patience),
                self._pool.stream(method, wire_url, headers=list(sent.items()), content=content, extensions=extensions) as response,
            ):
                body, cut = await _read_capped(response, limit)
                return HttpReply(response.status, _readable(response.headers), body, cut)
        except TimeoutError:
            detail = f"no whole answer within {patience:g} s" if written else f"no connection within {patience:g} s"
        except httpcore.ProtocolError:
            detail = "the connection ended early, or what came back was not HTTP"  # its own text would repeat what the host said
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            detail = str(error) or type(error).__name__
        raise NoAnswer(detail) if written else NotSent(detail)

    async def close(self) -> None:
        """Close connections; nothing can be called any more."""
        await self._pool.aclose()
        self._resolver.close()


@cache
def _authorities(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Whom we trust, as httpx reads it from these variables: to read certifi's takes 40 ms, and every client shares it."""
    return httpx.create_ssl_context()


async def _read_capped(response: httpcore.Response, limit: int) -> tuple[bytes, bool]:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > limit:
            return bytes(body[:limit]), True
    return bytes(body), False


def _readable(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
