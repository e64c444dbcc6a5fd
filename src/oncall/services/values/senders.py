"""What an integration may ask of its senders beside the key: one of these schemes, with one secret or, while it is changed, two."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from oncall.kit.errors import Invalid


class NoSecret(Invalid):
    """A scheme was chosen, and its secret left out."""


class WrongScheme(Invalid):
    """The scheme is not for this type of integration."""


class Scheme(StrEnum):
    """How a sender shows who it is. Those named for a product are HMAC as that product signs; `lost` is one whose secrets are gone."""

    BASIC = "basic"
    BEARER = "bearer"
    TOKEN = "token"  # noqa: S105 — a name, no secret
    HMAC = "hmac"
    SENTRY = "sentry"
    GRAFANA = "grafana"
    GITHUB = "github"
    STANDARD_WEBHOOKS = "standard_webhooks"
    PAGERDUTY = "pagerduty"
    SNS = "sns"
    LOST = "lost"


class Algorithm(StrEnum):
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


class Encoding(StrEnum):
    HEX = "hex"
    BASE64 = "base64"


TOLERANCE = timedelta(minutes=5)


def read_webhook_secret(secret: str) -> bytes | None:
    """The key in a secret of Standard Webhooks, `whsec_` and base64; None if it is none."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True) or None
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Authentication:
    """A scheme and what it needs; what a scheme does not need is empty. Any of `secrets` will do."""

    scheme: Scheme
    secrets: tuple[str, ...] = field(default=(), repr=False)
    username: str = ""
    header: str = ""
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    timestamp_header: str = ""
    tolerance: timedelta = TOLERANCE
    signed: str = "{body}"
    topic_arns: tuple[str, ...] = ()

    @property
    def needs_secrets(self) -> bool:
        return self.scheme is not Scheme.SNS


@dataclass(frozen=True, slots=True)
class Sent:
    """A request before anybody looked into it: its headers, found by any spelling, and its body as it came (None: it was too large)."""

    headers: Mapping[str, str]
    body: bytes | None
