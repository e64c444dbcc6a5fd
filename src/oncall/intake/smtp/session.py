"""One connection: the words of SMTP (RFC 5321) around the door. Taken is what is committed, and nothing else."""

import asyncio
import re
from collections.abc import Callable
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, TLSSetupException
from aiosmtpd.smtp import Session as Greeted

from oncall.incidents.values import UnknownIncident
from oncall.intake.smtp.door import LIMIT, Addressed, Door, Mail, MailNotTaken, UnknownAddress
from oncall.intake.smtp.listening import Listening
from oncall.kit.errors import Unavailable
from oncall.kit.limits import TooMany
from oncall.kit.log import get_log
from oncall.kit.metrics import MAILS

log = get_log("mail")

IDLE_SECONDS = 60.0
STRANGER_SECONDS = 60.0
"""How long a connection may last that has named no address of ours, whatever it says meanwhile."""

MAIL_SECONDS = 120.0
"""How long a whole mail may take to arrive."""

ANSWER_SECONDS = 30.0
HANDSHAKE_SECONDS = 10.0
MAX_RECIPIENTS = 100
LINE = 64 * 1024
"""What is held of one line at a time; a line may have any length."""

HEAD = 64 * 1024
"""What is kept of a mail that is too large, to say whose it was."""

CALLS = {"*": 20, "MAIL": 1_000, "RCPT": 10_000, "DATA": 1_000, "RSET": 1_000, "NOOP": 1_000}
"""How often one connection may say each word."""

END = b".\r\n"
ANGLED = re.compile(r"\s*<?([^<>\s]*)>?\s*(.*)")
NOT_PLAIN = re.compile(r"[^!-'*-:;=?-~]")
LEAVING = "421 4.3.2 This server is being stopped; try again shortly."
TOO_LONG = "421 4.4.2 That took too long; try again."
TOO_LARGE = "552 5.3.4 A mail may have at most 4 MiB; an alert was opened that says so."
TOO_MANY = "452 4.5.3 Too many recipients; send this mail once more to the others."
BROKEN = "451 4.3.0 This mail cannot be taken just now; try again shortly."


class Session(SMTP):
    """aiosmtpd's parser and order of commands, with an answer to each of ours. It is its own set of hooks (`handle_…`)."""

    line_length_limit = LINE

    def __init__(self, door: Door, listening: Listening, network: str, *, gone: Callable[["Session"], None]) -> None:
        self._door, self._network, self._gone = door, network, gone
        self._is_taking = self._is_leaving = self._is_encrypted = False
        super().__init__(
            self,
            data_size_limit=None,  # ours: what is too large opens an alert before it is refused
            enable_SMTPUTF8=True,
            hostname=listening.hostname,
            ident="oncall",
            tls_context=listening.tls,
            timeout=IDLE_SECONDS,
            command_call_limit=CALLS,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._stranger = self.loop.call_later(STRANGER_SECONDS, self._timeout_cb)
        cast("asyncio.Task[None]", self._handler_coroutine).add_done_callback(_seen)

    def eof_received(self) -> bool | None:
        """Who has said everything and closed their side, as `nc` does, still gets the answers."""
        if self._is_encrypted:
            return super().eof_received()
        self._reader.feed_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._stranger.cancel()
        self._gone(self)
        super().connection_lost(error)

    def leave(self) -> None:
        """End: after the answer to the mail that is being taken, else now."""
        self._is_leaving = True
        if not self._is_taking:
            self._say_goodbye(LEAVING)

    def abort(self) -> None:
        """End at once; whoever was sending sends again."""
        if self.transport is not None:
            self._wire.abort()

    @property
    def _wire(self) -> asyncio.Transport:
        return cast("asyncio.Transport", self.transport)

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()  # type: ignore[no-untyped-call]
        self._recipients: list[Addressed] = []

    def _say_goodbye(self, sentence: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._wire.write(f"{sentence}\r\n".encode())
            self.transport.close()

    def _timeout_cb(self) -> None:
        self._say_goodbye(TOO_LONG)

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, asyncio.IncompleteReadError):
            self._wire.close()  # there is no more to be read
        elif not isinstance(error, TLSSetupException | OSError):
            log.error("a mail session failed in a way nobody foresaw", exc_info=error)
        return BROKEN

    # --- before the mail ----------------------------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802 — the name aiosmtpd calls
        self, _: SMTP, session: Greeted, __: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """What is offered. No log-in: the address is the secret."""
        session.host_name = hostname
        offered = [line for line in responses if not line.startswith(("250-AUTH", "250-STARTTLS"))]
        tls = ["250-STARTTLS"] if self.tls_context and not self._is_encrypted else []
        return [*offered[:-1], f"250-SIZE {LIMIT}", "250-PIPELINING", *tls, offered[-1]]

    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802 — the name aiosmtpd calls
        if arg or self.tls_context is None or self._is_encrypted:
            await self.push("501 5.5.4 STARTTLS has no parameters" if arg else "454 4.7.0 TLS is not available")
            return
        await self.push("220 2.0.0 Ready to start TLS")
        reader: Any = self._reader
        reader._buffer.clear()  # whatever somebody in between wrote behind it in the clear (RFC 3207 §6)
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await self._writer.start_tls(self.tls_context)
        except (OSError, TimeoutError) as error:
            raise TLSSetupException from error
        self.transport = reader._transport = self._writer.transport
        self._is_encrypted = True
        self._set_post_data_state()
        before, self.session = cast("Greeted", self.session), self._create_session()
        self.session.peer, self.session.ssl = before.peer, self._writer.get_extra_info("cipher")

    async def smtp_AUTH(self, _: str | None) -> None:  # noqa: N802 — the name aiosmtpd calls
        await self.push("502 5.5.1 There is no log-in here: the address is the secret.")

    async def smtp_VRFY(self, _: str | None) -> None:  # noqa: N802 — the name aiosmtpd calls
        await self.push("502 5.5.1 Addresses are not told.")

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """As the RFC has it, or as somebody's script does: a sender may be anything."""
        try:
            address, rest = super()._getaddr(arg)
        except (ValueError, IndexError):
            address, rest = None, None
        if address is None and (found := ANGLED.fullmatch(arg or "")) and found[1]:
            return found[1], found[2]
        return address, rest

    async def handle_RCPT(  # noqa: N802 — the name aiosmtpd calls
        self, _: SMTP, __: Greeted, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if len(self._recipients) >= MAX_RECIPIENTS:
            return TOO_MANY
        try:
            recipient = await self._door.find(address, network=self._network)
            if (announced := _announced(envelope.mail_options)) > LIMIT:
                await self._door.take_too_large([recipient], sender=_plain(envelope.mail_from), announced=announced)
                return _counted("too_large", TOO_LARGE)
        except UnknownAddress as error:
            return _counted("unknown_address", f"550 5.1.1 {error}")
        except MailNotTaken as error:
            return _counted("unproven", f"550 5.7.1 {error}")
        except TooMany as error:
            return _counted("too_many_unknown", f"450 4.7.1 {error}")
        except Unavailable as error:
            return _counted("unavailable", f"451 4.3.0 {error}")
        self._stranger.cancel()
        self._recipients.append(recipient)
        return "250 2.1.5 OK"

    # --- the mail -----------------------------------------------------------------------------------------------------------

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 — the name aiosmtpd calls
        """Unlike aiosmtpd's own it takes lines of any length, and one whole mail has a time limit."""
        if await self.check_helo_needed():
            return
        if arg or not self._recipients:
            await self.push("501 5.5.4 DATA has no parameters" if arg else "503 5.5.1 First say whom the mail is for: RCPT TO.")
            return
        self._is_taking = True
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            self._reset_timeout(MAIL_SECONDS)
            content, is_whole = await self._content()
            self._reset_timeout(ANSWER_SECONDS)
            await self.push(await self._taken(content, is_whole, self._recipients))
        finally:
            self._is_taking = False
            self._set_post_data_state()
        self._reset_timeout()
        if self._is_leaving:
            self._say_goodbye(LEAVING)

    async def _content(self) -> tuple[bytes, bool]:
        """What is between DATA and the lone dot, dots undone (RFC 5321 §4.5.2); of more than a mail may have its head, and False."""
        kept = bytearray()
        size, begins = 0, True
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                piece = await self._reader.read(error.consumed)
            if begins and piece == END:
                return bytes(kept), size <= LIMIT
            if begins and piece.startswith(b"."):
                piece = piece[1:]
            begins = piece.endswith(b"\r\n")
            is_first = size <= LIMIT < size + len(piece)
            size += len(piece)
            if size <= LIMIT:
                kept += piece
            elif is_first:
                kept = kept[:HEAD]

    async def _taken(self, content: bytes, is_whole: bool, recipients: list[Addressed]) -> str:
        try:
            if not is_whole:
                sender = _plain(cast("Envelope", self.envelope).mail_from)
                await self._door.take_too_large(recipients, sender=sender, head=content)
                return _counted("too_large", TOO_LARGE)
            decided = await self._door.take(self._mail(content), recipients)
        except Unavailable as error:
            return _counted("unavailable", f"451 4.3.0 {error}")
        except TooMany as error:
            return _counted("too_many", f"450 4.7.1 {error}")
        except UnknownIncident as error:
            return _counted("unknown_address", f"550 5.1.1 {error}")
        return _counted("taken", f"250 2.0.0 Taken as {decided[0].event_id}" if decided else "250 2.0.0 Taken")

    def _mail(self, content: bytes) -> Mail:
        session, envelope = cast("Greeted", self.session), cast("Envelope", self.envelope)
        peer = str(session.peer[0]) if session.peer else "unknown"
        protocol = ("ESMTP" if session.extended_smtp else "SMTP") + ("S" if self._is_encrypted else "")
        return Mail(content, _plain(envelope.mail_from), _plain(session.host_name), peer, self.hostname, protocol)


def _counted(outcome: str, answer: str) -> str:
    MAILS.labels(outcome).inc()
    return answer


def _plain(said: str | None) -> str:
    """A word of the envelope, fit to stand in a header; "" for the empty sender `<>`, which is a report's."""
    return NOT_PLAIN.sub("?", (said or "")[:255].replace("<", "").replace(">", ""))


def _announced(options: list[str]) -> int:
    """The size that MAIL FROM announces; 0 if it does not."""
    said = next((option.partition("=")[2] for option in options if option.upper().startswith("SIZE=")), "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 20 else 0


def _seen(session: "asyncio.Task[None]") -> None:
    """However a session ended, it has been dealt with: whoever hung up knows that nothing was taken."""
    if not session.cancelled():
        session.exception()
