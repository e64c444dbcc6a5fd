"""Where mails are taken, as the settings say it; a bad variable is one line that says which and why."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from oncall.kit.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Listening:
    """`hostname` is how the server calls itself; without `tls` no STARTTLS is offered."""

    host: str
    port: int
    hostname: str
    tls: ssl.SSLContext | None


def read_listening(settings: Settings) -> Listening | None:
    """None: no mails are taken."""
    address = settings.smtp_address
    if address is None:
        for name in ("smtp_tls_cert", "smtp_tls_key"):
            if getattr(settings, name):
                _refuse(name, "it says how mails are encrypted, and none are taken until ONCALL_SMTP_LISTEN is set")
        return None
    return Listening(*address, (settings.mail_domain or "").strip("[]"), _tls(settings.smtp_tls_cert, settings.smtp_tls_key))


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None if key is None else _refuse("smtp_tls_key", "ONCALL_SMTP_TLS_CERT, the certificate that it belongs to, is not set")
    if key is None:
        _refuse("smtp_tls_cert", "ONCALL_SMTP_TLS_KEY, its private key, is not set")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for name, path in (("smtp_tls_cert", certificate), ("smtp_tls_key", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            _refuse(name, f"{path}: {error.strerror}")
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (ssl.SSLError, ValueError):
        _refuse("smtp_tls_cert", f"{certificate} and {key} are not a certificate and its private key, unencrypted, both in PEM")
    return context


def _refuse(name: str, reason: str) -> NoReturn:
    raise SettingsError(f"ONCALL_{name.upper()} cannot be used: {reason}.") from None
