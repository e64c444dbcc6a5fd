"""Configuration: environment variables with the prefix ONCALL_, and nothing else."""

import difflib
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from oncall.kit import failpoints

PREFIX = "ONCALL_"
CLIENT_ONLY = {"ONCALL_URL", "ONCALL_API_KEY"}

# Where pydantic's own words would puzzle somebody who has never heard of it.
IN_OTHER_WORDS = {
    "time_delta_parsing": "must be a number of seconds, or an ISO 8601 duration such as PT30S",
    "int_parsing": "must be a whole number",
}


LISTEN = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):(?P<port>[0-9]{1,5})")
MAX_PORT = 65_535
TOKENS = {
    "pushover_token": (re.compile(r"[A-Za-z0-9]{30}"), "azGDORePK8gMaC0QOYAMyEEuzJnyUi, 30 letters and digits"),
    "slack_bot_token": (re.compile(r"xox[a-z](\.xox[a-z])?-[A-Za-z0-9-]{10,250}"), "xoxb-…, the app's Bot User OAuth Token"),
    "telegram_bot_token": (re.compile(r"[0-9]{5,20}:[A-Za-z0-9_-]{30,60}"), "123456789:AAE… (35 letters, digits, - and _ after the colon)"),
}
"""What providers' tokens look like: one with a stray character would be refused by each of them, or end a header."""
DOMAIN = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}(?<!-))?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}(?<!-))?)*")
ADDRESS = re.compile(r"[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")
"""A host that is a number: in a mail address it stands in brackets."""


class SettingsError(Exception):
    """One line an operator can act on: which variable, and why it cannot be used."""


def default_data_dir() -> Path:
    """As root /var/lib/oncall, else the platform's user data folder."""
    return Path("/var/lib/oncall") if os.geteuid() == 0 else platformdirs.user_data_path("oncall")


class Settings(BaseSettings):
    """Every setting, with its default and what it means; `oncall settings` prints this."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(None, description="PostgreSQL 14 or newer: postgresql://user:pass@host/db. Unset: embedded.")
    data_dir: Path = Field(default_factory=default_data_dir, description="Where the embedded PostgreSQL and the secret keys live.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    public_url: str | None = Field(None, description="How people reach us, for links in messages. Unset: http://HOST:PORT.")
    admin_key: SecretStr | None = Field(None, description="Fixes the first admin key; 32 or more printable characters.")
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="Comma-separated ring that signs links and seals secrets; the first does, all verify. Unset: made once, in DATA_DIR.",
    )
    smtp_url: SecretStr | None = Field(None, description="smtp://user:pass@host:port or smtps://…; unset: e-mail cannot be sent.")
    mail_from: str = Field("oncall@localhost", description="Sender of our e-mails.")
    slack_bot_token: SecretStr | None = Field(None, description="Bot token of our Slack app: xoxb-…. Unset: none is sent there.")
    slack_signing_secret: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="Signing secret of our Slack app: its buttons act at once. Two, comma-separated, while it is changed. Unset: links.",
    )
    slack_api_url: str = Field("https://slack.com/api", description="The Slack Web API.")
    telegram_bot_token: SecretStr | None = Field(None, description="Token of our Telegram bot, from @BotFather. Unset: none is sent there.")
    telegram_api_url: str = Field("https://api.telegram.org", description="The Telegram Bot API, or a server of one's own for it.")
    pushover_token: SecretStr | None = Field(None, description="Token of our Pushover application. Unset: none is sent there.")
    pushover_api_url: str = Field("https://api.pushover.net", description="The Pushover API.")
    ntfy_url: SecretStr = Field(
        SecretStr("https://ntfy.sh"), description="The ntfy server: https://host, https://user:pass@host or https://:tk_TOKEN@host."
    )
    smtp_listen: str | None = Field(None, description="host:port where monitors' mails are taken, such as 0.0.0.0:2525. Unset: none are.")
    smtp_hostname: str | None = Field(None, description="The domain of the addresses mails are sent to. Unset: the host of PUBLIC_URL.")
    mail_bounces: bool = Field(False, description="Whether what cannot be delivered comes back to us, at SMTP_HOSTNAME, and pages go on.")
    smtp_tls_cert: Path | None = Field(None, description="PEM file of the certificate chain shown after STARTTLS. Unset: no STARTTLS.")
    smtp_tls_key: Path | None = Field(None, description="PEM file of its private key.")
    twilio_account_sid: str | None = Field(None, description="Account SID of Twilio, AC…; unset: no text messages and no calls.")
    twilio_auth_token: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Its auth token. Two, comma-separated, while it is changed: the first one calls, both are believed."
    )
    twilio_from: str | None = Field(None, description="The number of ours that sends and calls: +14155550100.")
    twilio_api_url: str | None = Field(None, description="Unset: https://api.twilio.com.")
    sms_daily_cap: int | None = Field(
        None, ge=1, description="Text messages in a day (UTC); those above go by the person's other contact methods. Unset: no limit."
    )
    voice_daily_cap: int | None = Field(None, ge=1, description="Calls in a day (UTC), likewise.")
    heartbeat_url: str | None = Field(None, description="Fetched every minute while the invariants hold; point it at a dead man's switch.")
    outbound_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated private hosts or networks that outbound calls may reach."
    )
    tick: timedelta = Field(timedelta(seconds=1), description="How often each source of due work looks, whatever hints arrive.")
    send_lease: timedelta = Field(timedelta(seconds=30), description="How long a sender may take before another repeats its message.")
    keep_bodies: timedelta = Field(timedelta(days=90), description="How long raw bodies of events are kept, P1D or more; events stay.")
    failpoints: str = Field("", description="Tests only: name=action, comma-separated.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="How much is logged.")

    @field_validator("secret_keys", "outbound_allow", "slack_signing_secret", "twilio_auth_token", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("tick", "send_lease", "keep_bodies", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> object:
        """A plain number means seconds; ISO 8601 durations work as well."""
        if isinstance(value, str):
            try:
                return timedelta(seconds=float(value))
            except OverflowError:
                raise ValueError("must be a number of seconds that somebody will live to see") from None
            except ValueError:
                return value
        return value

    @field_validator("tick")
    @classmethod
    def _often(cls, value: timedelta) -> timedelta:
        if not timedelta(milliseconds=10) <= value <= timedelta(seconds=60):
            raise ValueError("must be between 0.01 and 60 seconds")
        return value

    @field_validator("send_lease")
    @classmethod
    def _patient(cls, value: timedelta) -> timedelta:
        if not timedelta(milliseconds=100) <= value <= timedelta(minutes=10):
            raise ValueError("must be between 0.1 and 600 seconds")
        return value

    @field_validator("keep_bodies")
    @classmethod
    def _a_while(cls, value: timedelta) -> timedelta:
        if not timedelta(days=1) <= value <= timedelta(days=36_525):
            raise ValueError("must be between P1D and P36525D: a day at least, a hundred years at most")
        return value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError(str(error)) from None

    @field_validator("failpoints")
    @classmethod
    def _known_failpoints(cls, value: str) -> str:
        failpoints.parse(value)
        return value

    @field_validator("admin_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and (len(value.get_secret_value()) < 32 or not value.get_secret_value().isprintable()):
            raise ValueError("must be 32 or more printable characters")
        return value

    @field_validator("secret_keys")
    @classmethod
    def _strong(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < 32 for key in value):
            raise ValueError("every key of the ring must have 32 or more characters")
        return value

    @field_validator("public_url", "heartbeat_url", "twilio_api_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")) or not urlsplit(value).hostname or not value.isprintable() or " " in value:
            raise ValueError("must be an address that begins with http:// or https://")
        return value

    @field_validator("public_url", "twilio_api_url")
    @classmethod
    def _beginning_of_links(cls, value: str | None) -> str | None:
        if value is not None and ("?" in value or "#" in value):
            raise ValueError("other addresses begin with it, so it cannot have a query or a fragment")
        return value.rstrip("/") if value else None

    @field_validator("pushover_token", "slack_bot_token", "telegram_bot_token")
    @classmethod
    def _token(cls, value: SecretStr | None, about: ValidationInfo) -> SecretStr | None:
        form, like = TOKENS[about.field_name or ""]
        if value is not None and not form.fullmatch(value.get_secret_value()):
            raise ValueError(f"must be a token like {like}")
        return value

    @field_validator("ntfy_url", "pushover_api_url", "slack_api_url", "telegram_api_url")
    @classmethod
    def _beginning_of_an_api(cls, value: SecretStr | str) -> SecretStr | str:
        url = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not url.startswith(("http://", "https://")) or not url.isprintable() or set(" ?#") & set(url):
            raise ValueError("must begin with http:// or https:// and have neither a query nor a fragment")
        return value

    @field_validator("smtp_listen")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is not None and not ((found := LISTEN.fullmatch(value)) and int(found["port"]) <= MAX_PORT):
            raise ValueError("must be host:port, such as 0.0.0.0:2525, or [::]:2525")
        return value

    @field_validator("smtp_hostname")
    @classmethod
    def _domain(cls, value: str | None) -> str | None:
        if value is not None and not DOMAIN.fullmatch(value):
            raise ValueError("must be the name of a host, such as oncall.example.com")
        return value.lower() if value else None

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://", "postgresql+asyncpg://")):
            raise ValueError("must begin with postgresql://")
        return value

    @property
    def base_url(self) -> str:
        """What links in messages begin with."""
        if self.public_url:
            return self.public_url
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 — read, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def smtp_address(self) -> tuple[str, int] | None:
        """Host and port where mails are taken; None: nowhere."""
        found = LISTEN.fullmatch(self.smtp_listen) if self.smtp_listen else None
        return (found["host"].strip("[]"), int(found["port"])) if found else None

    @property
    def mail_domain(self) -> str | None:
        """What stands behind the @ in the addresses of integrations; None if no mail is taken."""
        host = self.smtp_hostname or urlsplit(self.base_url).hostname or "localhost"
        if self.smtp_listen is None:
            return None
        return host if not ADDRESS.fullmatch(host) else f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    def but(self, **changes: object) -> Self:
        """A copy with some values replaced, for command line options and tests."""
        return self.model_copy(update=changes)


def load() -> Settings:
    """Read the environment; a misspelt or unusable variable raises `SettingsError` with one line."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name not in known | CLIENT_ONLY:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"did you mean {near[0]}?" if near else "`oncall settings` lists those that exist."
            raise SettingsError(f"{name} is not a setting of oncall: {hint}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        reason = IN_OTHER_WORDS.get(first["type"]) or " ".join(str(first["msg"]).removeprefix("Value error, ").split())
        raise SettingsError(f"{PREFIX}{str(first['loc'][0]).upper()} cannot be used: {reason}") from None
