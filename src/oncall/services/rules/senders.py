"""Whether a request comes from whom an integration expects, by its headers and its bytes. Pure; secrets are compared in constant time.

The rules are those of https://docs.sentry.io/organization/integrations/integration-platform/webhooks/,
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/,
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries,
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md and
https://developer.pagerduty.com/docs/verifying-webhook-signatures.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from oncall.desk.values import ReporterKind
from oncall.services.values import Integration, IntegrationSettings, IntegrationType, NotForPeople
from oncall.services.values.senders import (
    TOLERANCE,
    Algorithm,
    Authentication,
    Encoding,
    NoSecret,
    Scheme,
    Sent,
    WrongScheme,
    read_webhook_secret,
)

PLACES = re.compile(r"\{(body|timestamp|id)\}")
INSTANT = re.compile(r"[0-9]{1,10}|[0-9]{13}")
"""In seconds since 1970, or in milliseconds."""

MOST_SIGNATURES = 10
"""In one header; while secrets are changed there are two."""

LOST = "its secrets were sealed with a key that ONCALL_SECRET_KEYS no longer has: put the key back, or set the authentication anew"
SECRET_FIELDS = {Scheme.BASIC: "password", Scheme.BEARER: "token", Scheme.TOKEN: "secret"}
ONLY_SNS = "The scheme sns is for integrations of type aws_sns: change the type, or choose another scheme."
NOT_LOST = "Nothing is lost here: say how senders prove themselves, or leave authentication out."
TOO_LARGE = "the body is too large to be checked"


@dataclass(frozen=True, slots=True)
class Signing:
    """How a body is signed: in which header, over what, and in which spelling. `signed` names `{body}`, `{timestamp}` and `{id}`."""

    headers: tuple[str, ...]
    signed: str = "{body}"
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    timestamp_header: str = ""
    id_header: str = ""
    tolerance: timedelta = TOLERANCE


def edited_settings(current: Integration, wanted: IntegrationSettings) -> IntegrationSettings:
    """What is wanted, with what there is where an edit says nothing."""
    stays = {name: getattr(current, name) for name in wanted.unsaid}
    return replace(wanted, **stays)


def check_scheme(type: IntegrationType, wanted: Authentication | None) -> None:
    """Of a message of SNS only some members are signed, and only its own dialect reads no others."""
    if wanted is not None and wanted.scheme is Scheme.SNS and type is not IntegrationType.AWS_SNS:
        raise WrongScheme(ONLY_SNS, field="authentication.scheme")


def check_people(wanted: IntegrationSettings) -> None:
    """People write mails, and what a mapping reads is a monitor's."""
    if wanted.reporter_kind is ReporterKind.MONITOR:
        return
    faults = []
    if wanted.type is not IntegrationType.EMAIL:
        faults.append(("reporter_kind", "People report by mail: make the integration one of type `email`."))
    if wanted.mapping is not None:
        faults.append(("mapping", "A mapping reads what monitors send: leave it out where people report."))
    if faults:
        raise NotForPeople(faults[0][1], faults=faults)


def with_secrets(wanted: Authentication | None, current: Authentication | None) -> Authentication | None:
    """What is wanted, with the secrets there are where it names none: whoever reads, edits and writes back does not have them."""
    if wanted is None or wanted.secrets or not wanted.needs_secrets:
        return wanted
    if current is None or current.scheme is not wanted.scheme:
        if wanted.scheme is Scheme.LOST:
            raise NoSecret(NOT_LOST, field="authentication.scheme")
        name = SECRET_FIELDS.get(wanted.scheme, "secrets")
        raise NoSecret(f"Authentication by {wanted.scheme} needs its secret: say it in {name}.", field=f"authentication.{name}")
    return replace(wanted, secrets=current.secrets)


def why_refused(wanted: Authentication, sent: Sent, *, now: datetime) -> str | None:
    """Why this sender is not who is expected, for whoever runs the integration; None lets it in."""
    match wanted.scheme:
        case Scheme.BASIC:
            return _basic(wanted, sent)
        case Scheme.BEARER:
            word, _, token = sent.headers.get("authorization", "").partition(" ")
            if word.lower() != "bearer":
                return "there is no Authorization: Bearer"
            return None if _is_one_of(token.strip(), wanted.secrets) else "the bearer token is another one"
        case Scheme.TOKEN:
            if wanted.header not in sent.headers:
                return f"there is no header {wanted.header}"
            return None if _is_one_of(sent.headers[wanted.header].strip(), wanted.secrets) else f"{wanted.header} holds another secret"
        case Scheme.HMAC | Scheme.SENTRY | Scheme.GRAFANA | Scheme.GITHUB | Scheme.STANDARD_WEBHOOKS | Scheme.PAGERDUTY:
            return _signature(signing_of(wanted), _secrets(wanted), sent, now)
        case Scheme.LOST:
            return LOST
        case Scheme.SNS:
            raise ValueError("signatures of SNS are checked with a certificate, which is fetched")
        case _:
            assert_never(wanted.scheme)


def signing_of(wanted: Authentication) -> Signing:
    """How the senders of a scheme sign."""
    match wanted.scheme:
        case Scheme.SENTRY:
            return Signing(("sentry-hook-signature", "sentry-app-signature"))
        case Scheme.GRAFANA:
            header = wanted.header or "x-grafana-alerting-signature"
            signed = "{timestamp}:{body}" if wanted.timestamp_header else "{body}"
            return Signing((header,), signed, timestamp_header=wanted.timestamp_header, tolerance=wanted.tolerance)
        case Scheme.GITHUB:
            return Signing(("x-hub-signature-256",), prefix="sha256=")
        case Scheme.PAGERDUTY:
            return Signing(("x-pagerduty-signature",), prefix="v1=")
        case Scheme.STANDARD_WEBHOOKS:
            return Signing(
                ("webhook-signature",),
                "{id}.{timestamp}.{body}",
                encoding=Encoding.BASE64,
                prefix="v1,",
                timestamp_header="webhook-timestamp",
                id_header="webhook-id",
                tolerance=wanted.tolerance,
            )
        case _:
            return Signing(
                (wanted.header,),
                wanted.signed,
                wanted.algorithm,
                wanted.encoding,
                wanted.prefix,
                wanted.timestamp_header,
                tolerance=wanted.tolerance,
            )


def _secrets(wanted: Authentication) -> list[bytes]:
    if wanted.scheme is Scheme.STANDARD_WEBHOOKS:
        return [key for secret in wanted.secrets if (key := read_webhook_secret(secret)) is not None]
    return [secret.encode() for secret in wanted.secrets]


def _basic(wanted: Authentication, sent: Sent) -> str | None:
    word, _, said = sent.headers.get("authorization", "").partition(" ")
    if word.lower() != "basic":
        return "there is no Authorization: Basic"
    try:
        login = base64.b64decode(said.strip(), validate=True)
    except (binascii.Error, ValueError):
        return "Authorization: Basic holds no base64"
    expected = [f"{wanted.username}:{secret}".encode() for secret in wanted.secrets]
    return None if _same(login, expected) else "the user name or the password is another one"


def _signature(how: Signing, secrets: Iterable[bytes], sent: Sent, now: datetime) -> str | None:
    header = next((name for name in how.headers if name in sent.headers), None)
    if header is None:
        return f"there is no header {how.headers[0]}"
    if sent.body is None:
        return TOO_LARGE
    timestamp, id = (sent.headers.get(name, "") if name else "" for name in (how.timestamp_header, how.id_header))
    if how.timestamp_header and (reason := _too_old(timestamp, how, now)):
        return reason
    if how.id_header and not id:
        return f"there is no header {how.id_header}"
    signed = _filled(how.signed, {"body": sent.body, "timestamp": _as_sent(timestamp), "id": _as_sent(id)})
    said = [one for one in (_decoded(part, how) for part in _listed(sent.headers[header], how)) if one]
    if not said:
        return f"{header} holds no signature as it is expected: {how.prefix}{'…' if how.prefix else 'one'} in {how.encoding.value}"
    expected = [hmac.digest(secret, signed, how.algorithm.value) for secret in secrets]
    # Every pair is compared, so that the time tells nothing about which of two secrets is the newer one.
    fits = [_same(one, expected) for one in said[:MOST_SIGNATURES]]
    return None if any(fits) else f"the signature in {header} is not one of this body with our secret"


def _listed(value: str, how: Signing) -> list[str]:
    """A header may hold several signatures, divided by what cannot stand in one."""
    return re.split(r"\s+" if "," in how.prefix else r"[,\s]+", value.strip())


def _decoded(said: str, how: Signing) -> bytes | None:
    if not said.startswith(how.prefix):
        return None
    said = said[len(how.prefix) :]
    try:
        return bytes.fromhex(said) if how.encoding is Encoding.HEX else base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        return None


def _too_old(timestamp: str, how: Signing, now: datetime) -> str | None:
    """Of a request that is sent again later; a clock may go wrong in both directions."""
    if not INSTANT.fullmatch(timestamp):
        return f"{how.timestamp_header} holds no instant in seconds since 1970"
    seconds = int(timestamp) / (1000 if len(timestamp) == 13 else 1)
    apart = now - datetime.fromtimestamp(seconds, UTC)
    if abs(apart) <= how.tolerance:
        return None
    return f"it was signed {abs(apart).total_seconds():.0f} s {'ago' if apart > timedelta(0) else 'ahead'}, more than is tolerated"


def _filled(template: str, values: dict[str, bytes]) -> bytes:
    parts = PLACES.split(template)  # every second one is a name
    return b"".join(values[part] if n % 2 else part.encode() for n, part in enumerate(parts))


def _is_one_of(said: str, secrets: Sequence[str]) -> bool:
    return _same(_as_sent(said), [secret.encode() for secret in secrets])


def _as_sent(said: str) -> bytes:
    """A header's bytes, which the server reads as Latin-1."""
    return said.encode("latin-1", "replace")


def _same(said: bytes, expected: Iterable[bytes]) -> bool:
    """By their digests: neither the length of a secret nor how much of it was right can be measured."""
    digest = hashlib.sha256(said).digest()
    return any([hmac.compare_digest(digest, hashlib.sha256(one).digest()) for one in expected])  # noqa: C419 — all are compared
