"""Amazon SNS: whether a message is Amazon's, by a certificate that is fetched and kept; and its subscriptions, confirmed."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from oncall.intake.rules.sns import CONFIRMATION, Envelope, is_certificate, is_confirmation, read_envelope, signature_of, signed_text
from oncall.kit.errors import Unavailable
from oncall.kit.http_client import HttpClient, HttpReply, NoAnswer, NotSent
from oncall.kit.log import get_log
from oncall.kit.outbound import AddressNotAllowed
from oncall.services.values.senders import Authentication

log = get_log("intake")

T = TypeVar("T")

KEPT = 32
"""Certificates; Amazon has one for each region, and changes it once a year."""

MISSED = timedelta(minutes=1)
"""For so long nobody looks again where there was no certificate."""

BEGINS = b"-----BEGIN CERTIFICATE-----"
AT_ONCE = 4
DEADLINE = 5.0
"""Seconds: SNS itself waits fifteen for our answer."""

HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 — version 1 is SHA-1, still SNS's default
NOT_NOW = "The certificate that this message is signed with cannot be fetched just now; send it again shortly."


class NoCertificate(Exception):
    """There is none at this address."""


class Certificates:
    """The certificates that SNS signs with, by their address; only addresses of Amazon's are asked."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._kept: OrderedDict[str, x509.Certificate] = OrderedDict()
        self._missing: OrderedDict[str, datetime] = OrderedDict()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def why_refused(self, wanted: Authentication, raw: bytes | None, *, now: datetime) -> str | None:
        """Why this is no message of a topic that may send, for whoever runs the integration; None if it is.

        Raises Unavailable where nobody can say: SNS comes again.
        """
        envelope = read_envelope(raw or b"")
        text = signed_text(envelope) if envelope else None
        if envelope is None or text is None:
            return "it is no signed message of SNS (with raw message delivery there is no signature)"
        if wanted.topic_arns and envelope.topic_arn not in wanted.topic_arns:
            return "its topic is not one of topic_arns"
        algorithm = HASHES.get(envelope.signature_version)
        if algorithm is None:
            return "its SignatureVersion is neither 1 nor 2"
        if not is_certificate(envelope.certificate_url):
            return "its SigningCertURL is not an address of SNS"
        try:
            certificate = await self._get(envelope.certificate_url, now)
        except NoCertificate:
            return "there is no certificate at its SigningCertURL"
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return "its certificate is not valid now"
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return "its certificate has another kind of key"
        try:
            key.verify(signature_of(envelope), text, padding.PKCS1v15(), algorithm)
        except InvalidSignature:
            return "the signature is not one of this message"
        return None

    async def confirm(self, raw: bytes) -> tuple[str, str] | None:
        """Open the address that a confirmation holds, once; the topic and what came of it, or None for any other message.

        Only for a message whose signature is good.
        """
        envelope = read_envelope(raw)
        if envelope is None or envelope.type != CONFIRMATION:
            return None
        why = await self._opened(envelope)
        if why:
            log.warning("a subscription could not be confirmed", topic=envelope.topic_arn, why=why)
            return envelope.topic_arn, f"the subscription could not be confirmed ({why}): open the SubscribeURL of the event before once"
        log.info("a subscription was confirmed", topic=envelope.topic_arn)
        return envelope.topic_arn, "the subscription was confirmed: from now on the topic sends here"

    async def _opened(self, envelope: Envelope) -> str:
        """Why not; empty if it was."""
        if not is_confirmation(envelope.subscribe_url or ""):
            return "its SubscribeURL is not an address of SNS"
        try:
            reply = await self._client.request("GET", envelope.subscribe_url or "", deadline=DEADLINE)
        except (NotSent, NoAnswer, AddressNotAllowed) as error:
            return str(error)
        return "" if reply.status == 200 else f"SNS answered {reply.status}"

    async def _get(self, url: str, now: datetime) -> x509.Certificate:
        if url in self._kept:
            self._kept.move_to_end(url)
            return self._kept[url]
        if url in self._missing and now < self._missing[url] + MISSED:
            raise NoCertificate
        try:
            async with asyncio.timeout(DEADLINE), self._turn:
                reply = await self._client.request("GET", url, deadline=DEADLINE)
        except (NotSent, NoAnswer, AddressNotAllowed, TimeoutError) as error:
            log.warning("a certificate of SNS cannot be fetched", url=url, why=str(error) or type(error).__name__)
            raise Unavailable(NOT_NOW) from error
        try:
            certificate = _read(reply)
        except NoCertificate:
            _keep(self._missing, url, now)
            raise
        _keep(self._kept, url, certificate)
        return certificate


def _keep(kept: OrderedDict[str, T], url: str, what: T) -> None:
    kept.pop(url, None)
    kept[url] = what
    if len(kept) > KEPT:
        kept.popitem(last=False)


def _read(reply: HttpReply) -> x509.Certificate:
    if reply.status >= 500 or reply.status == 429:
        raise Unavailable(NOT_NOW)
    if reply.status != 200 or reply.cut or not reply.body.startswith(BEGINS):
        raise NoCertificate
    try:
        return x509.load_pem_x509_certificate(reply.body)
    except ValueError:
        raise NoCertificate from None
