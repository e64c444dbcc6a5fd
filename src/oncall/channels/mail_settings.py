"""What the operator's mail variables mean. Pure; a bad variable is one line that says which and why."""

from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from enum import StrEnum
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from oncall.channels.render import one_line
from oncall.kit.mail import check_mail_address
from oncall.kit.settings import SettingsError


class Tls(StrEnum):
    IMPLICIT = "implicit"
    """From the first byte: smtps://."""
    REQUIRED = "required"
    AUTO = "auto"
    NEVER = "never"


LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    tls: Tls
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MailSender:
    """Who our e-mail is from."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def header(self) -> str:
        return formataddr((self.name, self.address))


def parse_smtp_url(url: str) -> SmtpServer:
    """`smtp://user:pass@host:port?starttls=required|auto|never` or `smtps://…`.

    The default is `auto`, and `required` where a password would else cross a network in the clear if somebody suppressed STARTTLS.

    Ports default to 25, 587 (starttls=required) and 465 (smtps). No sentence repeats the URL: it holds a password.
    """
    if not url.isprintable() or " " in url:
        _refuse("it contains a space or a control character; percent-encode special characters in the user name and the password")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        _refuse("it is not a URL; percent-encode special characters in the user name and the password")
    if parts.scheme not in {"smtp", "smtps"}:
        _refuse("it must begin with smtp:// or smtps://")
    if not host or parts.path not in {"", "/"} or parts.fragment:
        _refuse("after smtp:// come a host and a port and nothing else; percent-encode special characters in the password")
    username = unquote(parts.username) if parts.username else None
    tls = _tls(parts.scheme, query, default=Tls.REQUIRED if username and host not in LOOPBACK else Tls.AUTO)
    password = unquote(parts.password) if parts.password else None
    if password and not username:
        _refuse("it has a password but no user name")
    return SmtpServer(host, port or {Tls.IMPLICIT: 465, Tls.REQUIRED: 587}.get(tls, 25), tls, username, password)


def _tls(scheme: str, query: list[tuple[str, str]], *, default: Tls) -> Tls:
    if len(query) > 1 or any(name != "starttls" for name, _ in query):
        _refuse("starttls is the only thing that may follow the question mark")
    chosen = query[0][1] if query else None
    if scheme == "smtps":
        if chosen is not None:
            _refuse("smtps:// is encrypted from the first byte, so starttls has no meaning; leave it out")
        return Tls.IMPLICIT
    if chosen not in {None, Tls.REQUIRED, Tls.AUTO, Tls.NEVER}:
        _refuse("starttls must be required, auto or never")
    return Tls(chosen or default)


def _refuse(reason: str) -> NoReturn:
    raise SettingsError(f"ONCALL_SMTP_URL cannot be used: {reason}.") from None  # the cause may quote a part of the password


def parse_mail_from(text: str) -> MailSender:
    """`oncall@example.com` or `On-call <oncall@example.com>`."""
    name, address = parseaddr(text if text.isprintable() else "")
    try:
        return MailSender(one_line(name, 60), check_mail_address(address))
    except ValueError as error:
        raise SettingsError(
            "ONCALL_MAIL_FROM cannot be used: it must be like oncall@example.com or On-call <oncall@example.com>."
        ) from error
