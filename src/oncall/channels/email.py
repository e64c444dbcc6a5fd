"""Pages and notices as e-mail over the operator's SMTP server."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import cast
from uuid import UUID

import httpx
from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from oncall.channels.bounces import RCPT_OPTIONS, ReturnPath, mail_options
from oncall.channels.mail_settings import MailSender, SmtpServer, Tls
from oncall.channels.mime import compose, message_id
from oncall.channels.render import one_line
from oncall.channels.values import BadAddress, FailedPermanently, FailedTemporarily, Message, Outcome, Sent, Unknown
from oncall.kit.mail import check_mail_address

GOODBYE_SECONDS = 0.5
NOT_CONFIGURED = "e-mail is not configured: set ONCALL_SMTP_URL"


class EmailChannel:
    """One connection per message: a broken one never takes a second message with it."""

    name = "email"
    takes_updates = True
    rings = False

    def __init__(
        self,
        server: SmtpServer | None,
        *,
        sender: MailSender,
        now: Callable[[], datetime],
        deadline: float = 10.0,
        returns: ReturnPath | None = None,
    ) -> None:
        """Without a `server` everything but sending works. `deadline` is in seconds; `now` gives each message its date. What cannot be
        delivered goes back to the sender, or to `returns` of ours.
        """
        self._returns = returns
        self._server = server
        self._sender = sender
        self._now = now
        self._deadline = deadline
        self._tls = _tls_context(server) if server is not None and server.tls is not Tls.NEVER else None

    @property
    def lacks(self) -> str | None:
        return None if self._server is not None else NOT_CONFIGURED

    def check_address(self, address: str) -> str:
        """An address that can go on the wire; nobody is asked whether it exists."""
        try:
            return check_mail_address(address)
        except ValueError as error:
            raise BadAddress(f"This is not an e-mail address we can send to. {one_line(str(error))}") from error

    def signing_secret(self, address: str) -> None:
        """E-mail is not signed by us."""

    async def send(self, message: Message) -> Outcome:
        if self._server is None:
            return FailedPermanently(NOT_CONFIGURED, code="not_configured")
        try:
            to = self.check_address(message.address)
        except BadAddress as error:
            return FailedPermanently(str(error), code="bad_address")
        content = compose(message, to=to, sender=self._sender, now=self._now())
        return await self._deliver(self._server, to, content, message_id(message, self._sender), message.notification_id)

    async def close(self) -> None:
        """Nothing stays open between messages."""

    async def _deliver(self, server: SmtpServer, to: str, content: bytes, id: str, notification_id: UUID) -> Outcome:
        handed_over = False
        smtp = self._connection(server)
        try:
            async with asyncio.timeout(self._deadline):
                await smtp.connect()
                await self._address(smtp, to, notification_id)
                handed_over = True
                reply = await smtp.data(content)
            await _say_goodbye(smtp)
            return Sent(id, one_line(f"{reply.code} {reply.message}"))
        except TimeoutError:
            return _lost(f"no answer within {self._deadline:g} s", handed_over=handed_over)
        except SMTPResponseException as error:
            return _refused(error, handed_over=handed_over)
        except (SMTPServerDisconnected, SMTPConnectError, OSError, ValueError) as error:
            return _lost(one_line(str(error)), handed_over=handed_over)
        except SMTPException as error:
            # What is left is a server that lacks what ONCALL_SMTP_URL asks of it: STARTTLS, or a log-in.
            return FailedPermanently(one_line(str(error)), code="not_offered", credential=True)
        finally:
            _hang_up(smtp)

    async def _address(self, smtp: SMTP, to: str, id: UUID) -> None:
        """The envelope; of a server that can do so (RFC 3461) it asks for a report when the mail will never arrive."""
        if self._returns is None:
            await smtp.mail(self._sender.address)
            await smtp.rcpt(to)
            return
        if smtp.last_ehlo_response is None:
            with contextlib.suppress(SMTPHeloError):
                await smtp.ehlo()
        reports = smtp.supports_extension("dsn")
        await smtp.mail(self._returns.address(id), options=mail_options(id) if reports else [])
        await smtp.rcpt(to, options=RCPT_OPTIONS if reports else [])

    def _connection(self, server: SmtpServer) -> SMTP:
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.tls is Tls.IMPLICIT,
            start_tls={Tls.IMPLICIT: False, Tls.REQUIRED: True, Tls.AUTO: None, Tls.NEVER: False}[server.tls],
            tls_context=self._tls,
            local_hostname=self._sender.domain,  # the default would ask a name server about ourselves, without a time limit
            timeout=None,  # the deadline of the whole attempt is the only clock
        )


def _tls_context(server: SmtpServer) -> ssl.SSLContext:
    """Certificates are verified, but for `auto` without a password: that would go out in the clear as well, and a relay in the
    house with a certificate of its own making should not cost a page."""
    return httpx.create_ssl_context(verify=server.tls is not Tls.AUTO or server.username is not None)


def _refused(error: SMTPResponseException, *, handed_over: bool) -> Outcome:
    """What the server's reply code means (RFC 5321 §4.2.1)."""
    detail = one_line(f"{error.code} {error.message}")
    if 400 <= error.code < 500:
        return FailedTemporarily(detail)
    if not 500 <= error.code < 600:
        return _lost(f"the server answered something that is not SMTP: {detail}", handed_over=handed_over)
    match error:
        case SMTPAuthenticationError():
            return FailedPermanently(detail, code="not_authenticated", credential=True)
        case SMTPSenderRefused():
            return FailedPermanently(detail, code="sender_refused", credential=error.code == 530)
        case SMTPRecipientRefused():
            return FailedPermanently(detail, code="recipient_refused")
        case _:
            return FailedPermanently(detail, code="refused")


def _lost(detail: str, *, handed_over: bool) -> Outcome:
    return Unknown(f"sent, but {detail}") if handed_over else FailedTemporarily(f"not sent: {detail}")


async def _say_goodbye(smtp: SMTP) -> None:
    """The message is accepted: however the farewell goes, it changes nothing any more."""
    with contextlib.suppress(SMTPException, OSError, ValueError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await smtp.quit()


def _hang_up(smtp: SMTP) -> None:
    """Drop the connection at once: a polite close would wait for a peer that may never read again."""
    if smtp.transport is not None:
        cast("asyncio.WriteTransport", smtp.transport).abort()
    smtp.close()
