"""An SMTP server that keeps what it gets, and can misbehave at every stage of a session."""

import asyncio
import ssl
import time
import warnings
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.providers.script import Arrivals, Script

REPLIES = {
    "greylisted": ("rcpt", "450 4.2.0 greylisted, try later"),
    "mailbox_full": ("rcpt", "452 4.2.2 mailbox full"),
    "no_such_user": ("rcpt", "550 5.1.1 no such user"),
    "sender_refused": ("mail", "553 5.7.1 you may not send as this"),
    "shutting_down": ("mail", "421 4.3.2 shutting down"),
    "data_temporary": ("data", "451 4.3.0 try again"),
    "data_refused": ("data", "554 5.7.1 looks like spam"),
    "data_garbage": ("data", "hello there"),
}
"""Polite refusals: at which command, with which reply."""


class Received(EmailMessage):
    """One e-mail as it arrived."""

    received: float
    """Monotonic."""
    raw: bytes
    envelope_from: str
    envelope_to: list[str]


class SmtpSink:
    """`async with SmtpSink() as sink`: send to `sink.url`, look at `sink.messages`.

    Behaviours: `ok`; those of `REPLIES`; `silent`, `drip`, `garbage`, `flood`, `drop`, `truncated`, `refuse_all` (554) and `busy` (421)
    instead of a greeting; `data_silent`, `data_drop`, `data_truncated` after the whole message was taken, without a clear answer;
    `quit_silent`, `quit_drop` after it was accepted.
    """

    def __init__(
        self, *, users: dict[str, str] | None = None, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """With `users` (name to password) log-in is required; `starttls` offers an upgrade, `tls` expects it from the first byte."""
        self.messages: list[Received] = []
        self.connections = 0
        self.goodbyes = 0
        self.reports = False
        """Whether it offers DSN (RFC 3461); what was asked of it then is in `asked`."""
        self.asked: list[str] = []
        self.logins: list[str] = []
        self._users = users
        self._starttls = starttls
        self._tls = tls
        self._script = Script()
        self._arrivals = Arrivals()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: set[asyncio.BaseTransport] = set()
        self._server: asyncio.Server | None = None

    def behave(self, behaviour: str, *, times: int | None = None) -> None:
        """From the next connection on; with `times` only for so many connections."""
        self._script.behave(behaviour, times=times)

    async def wait_for(self, count: int, timeout: float = 5) -> list[Received]:
        await self._arrivals.wait_until(lambda: len(self.messages) >= count, timeout=timeout)
        return self.messages

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for transport in self._transports:
            transport.abort()  # type: ignore[attr-defined]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await self._server.wait_closed()

    def _connected(self) -> asyncio.Protocol:
        self.connections += 1
        behaviour = self._script.take()
        if behaviour in BEFORE_GREETING:
            loop = asyncio.get_running_loop()
            reader = asyncio.StreamReader(loop=loop)
            return asyncio.StreamReaderProtocol(reader, lambda r, w: self._run(BEFORE_GREETING[behaviour], r, w), loop=loop)
        return _Session(self, behaviour, auth_required=self._users is not None, tls_context=self._starttls)

    def _run(
        self,
        misbehave: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        async def until_gone() -> None:
            try:
                await misbehave(reader, writer)
            except ConnectionError:
                pass  # the client hung up, as it should
            finally:
                writer.transport.abort()

        task = asyncio.get_running_loop().create_task(until_gone())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def opened(self, transport: asyncio.BaseTransport) -> None:
        self._transports.add(transport)

    def closed(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is not None:
            self._transports.discard(transport)

    def check_login(self, name: bytes, password: bytes) -> bool:
        self.logins.append(name.decode())
        return (self._users or {}).get(name.decode()) == password.decode()

    def keep(self, envelope: Envelope) -> None:
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = message_from_bytes(raw, _class=Received, policy=policy.default.clone(message_factory=Received))
        message.received, message.raw = time.monotonic(), raw
        message.envelope_from, message.envelope_to = envelope.mail_from or "", envelope.rcpt_tos
        self.messages.append(message)
        self._arrivals.arrived()


class _Session(SMTP):
    """aiosmtpd's own session, told how to answer."""

    def __init__(self, sink: SmtpSink, behaviour: str, *, auth_required: bool, tls_context: ssl.SSLContext | None) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # log-in without encryption: quite so, here
            super().__init__(
                _Answers(sink, behaviour),
                hostname="sink.test",
                auth_required=auth_required,
                auth_require_tls=False,
                authenticator=self._log_in,
                tls_context=tls_context,
                loop=asyncio.get_running_loop(),
            )
        self._sink = sink
        self._opened: asyncio.BaseTransport | None = None

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 — the name aiosmtpd calls
        await super().smtp_MAIL(self._without_dsn(arg, "RET", "ENVID"))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 — the name aiosmtpd calls
        await super().smtp_RCPT(self._without_dsn(arg, "NOTIFY", "ORCPT"))

    def _without_dsn(self, arg: str | None, *names: str) -> str | None:
        """aiosmtpd does not know RFC 3461; what is asked for is kept."""
        if arg is None or not self._sink.reports:
            return arg
        words = arg.split()
        asked = [word for word in words if word.partition("=")[0].upper() in names]
        self._sink.asked += asked
        return " ".join(word for word in words if word not in asked)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opened = transport
        self._sink.opened(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sink.closed(self._opened)
        super().connection_lost(error)

    def _log_in(self, _server: object, _session: object, _envelope: object, _mechanism: str, credentials: object) -> AuthResult:
        login, password = credentials.login, credentials.password  # type: ignore[attr-defined]
        return AuthResult(success=self._sink.check_login(login, password), handled=False)


class _Answers:
    def __init__(self, sink: SmtpSink, behaviour: str) -> None:
        self._sink = sink
        self._behaviour = behaviour

    async def handle_EHLO(  # noqa: N802 — the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", responses[-1]] if self._sink.reports else responses

    async def handle_MAIL(  # noqa: N802 — the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self._reply("mail") or "250 OK"

    async def handle_RCPT(  # noqa: N802 — the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._reply("rcpt")
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(  # noqa: N802 — the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        reply = self._reply("data")
        if reply is None or self._behaviour == "data_garbage":
            self._sink.keep(envelope)
        match self._behaviour:
            case "data_silent":
                await asyncio.Event().wait()
            case "data_drop":
                server.transport.abort()  # type: ignore[union-attr]
                await asyncio.Event().wait()
            case "data_truncated":
                server._writer.write(b"250-2.0.0 queued\r\n25")  # type: ignore[union-attr]
                await asyncio.sleep(0)
                server.transport.close()  # type: ignore[union-attr]
                await asyncio.Event().wait()
        return reply or "250 2.0.0 queued as 4711"

    async def handle_QUIT(  # noqa: N802 — the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self._sink.goodbyes += 1
        match self._behaviour:
            case "quit_silent":
                await asyncio.Event().wait()
            case "quit_drop":
                server.transport.abort()  # type: ignore[union-attr]
        return "221 Bye"

    def _reply(self, stage: str) -> str | None:
        at, reply = REPLIES.get(self._behaviour, ("", ""))
        return reply if at == stage else None


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"220 sink.test " + b"x" * 4000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def _flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for _ in range(2000):
        writer.write(b"220-" + b"x" * 4000 + b"\r\n")
        await writer.drain()


def _says(said: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.write_eof()
        await reader.read()

    return say


BEFORE_GREETING: dict[str, Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]] = {
    "silent": _silent,
    "drip": _drip,
    "flood": _flood,
    "drop": _says(b""),
    "truncated": _says(b"220-sink.test\r\n22"),
    "garbage": _says(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>"),
    "refuse_all": _says(b"554 5.3.2 no mail here\r\n"),
    "busy": _says(b"421 4.3.2 too many connections\r\n"),
}
