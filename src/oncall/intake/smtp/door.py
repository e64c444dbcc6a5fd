"""Whose address it is, and what becomes of a mail for it: events, which are committed before the mail is answered."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from hashlib import sha256

from oncall.incidents.values import Decided, Event
from oncall.intake.commands import Gate, as_sent, mail_too_large, read, received_as, to_events
from oncall.intake.commands.bounces import Bounces
from oncall.intake.commands.people import People
from oncall.intake.values import Reading, Received
from oncall.kit.clock import Clock
from oncall.kit.compiled import Compilation, Compiled
from oncall.kit.errors import Forbidden, NotFound
from oncall.kit.ids import IncidentId, IntegrationId, NotificationId
from oncall.kit.limits import FailureLimiter, TooMany
from oncall.kit.log import get_log
from oncall.services.compiled import Keys
from oncall.services.values import IntegrationRef, takes_mail

log = get_log("mail")

LIMIT = 4 * 1024 * 1024
LONG = 16 * 1024
"""A mail beyond this is read in a thread, so that nobody's acknowledgement waits for it."""

KEY = re.compile(r"[0-9a-z]{32}")
KEY_IN_MAIL = re.compile(rb"(?<![0-9A-Za-z])[0-9A-Za-z]{32}(?![0-9A-Za-z])")
SHOWN = 4
HIDDEN = b"[redacted]"
ALWAYS = -1
MAIL = {"content-type": "message/rfc822"}


class UnknownAddress(NotFound):
    """No integration has this address."""


class MailNotTaken(Forbidden):
    """The integration asks its senders to prove who they are."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An integration, and the key by which it was addressed."""

    key: str
    integration: IntegrationRef


@dataclass(frozen=True, slots=True)
class Returned:
    """The return path of an e-mail of ours: what comes to it says that it was not delivered, and is no monitor's."""

    notification_id: NotificationId


@dataclass(frozen=True, slots=True)
class Answering:
    """The address for answers about an incident: what comes to it is a note on that one."""

    incident_id: IncidentId


Addressed = Recipient | Returned | Answering


@dataclass(frozen=True, slots=True)
class Mail:
    """What came, and how: the sender of its envelope ("" for none), and who brought it."""

    content: bytes
    sender: str
    helo: str
    peer: str
    by: str
    protocol: str


class Door:
    """One for all sessions of a node."""

    def __init__(
        self,
        gate: Gate,
        compilation: Compilation,
        keys: Compiled[Keys],
        clock: Clock,
        limiter: FailureLimiter | None = None,
        bounces: Bounces | None = None,
        people: People | None = None,
    ) -> None:
        self._bounces, self._people = bounces, people
        self._gate, self._compilation, self._keys, self._clock = gate, compilation, keys, clock
        self._limiter = limiter or FailureLimiter()
        self._refused = FailureLimiter()

    async def find(self, address: str, *, network: str) -> Addressed:
        """Who has this address; raises UnknownAddress, MailNotTaken, Unavailable, and TooMany for a network that asked for many unknown.

        What is known in memory is found however many failed before: a relay also brings what strangers send.
        """
        if self._bounces and (returned := self._bounces.find(address)):
            return Returned(returned)
        if self._people and (answered := await self._people.find(address)):
            return Answering(answered)
        key = key_in(address)
        digest = sha256(key.encode("utf-8", "surrogatepass")).digest()
        known = self._compilation.current(self._keys)
        found = known.get(digest) if known is not None else None
        if found is None and (wait := self._limiter.wait(network)):
            raise TooMany(f"Too many unknown addresses were asked for from here; try again in {wait} seconds.", retry_after=wait)
        if found is None and KEY.fullmatch(key):
            # Made a moment ago, perhaps through another node: only a check that begins now may refuse it.
            found = (await self._compilation.checked_now(self._keys)).get(digest)
        if found is None:
            self._limiter.failed(network)
            log.warning("a mail to an address that nobody has was refused", network=network, begins=_shown(key))
            raise UnknownAddress("No integration has this address: copy it again, or make a new integration.")
        if not takes_mail(found):
            self._tell(found, network)
            raise MailNotTaken("This integration asks its senders to prove who they are, which no mail does: make one of type email.")
        return Recipient(key, found)

    def _tell(self, integration: IntegrationRef, network: str) -> None:
        """Who goes on and on shall not fill the log."""
        if not self._refused.wait(network):
            self._refused.failed(network)
            log.warning(
                "a mail was refused, since it proves nothing and its integration asks for a proof",
                integration=integration.name,
                integration_id=str(integration.id),
                network=network,
            )

    async def take(self, mail: Mail, recipients: Sequence[Addressed]) -> Sequence[Decided]:
        """One event or more for each integration, all committed; raises Unavailable if they cannot be. What came back is noted, and what
        people write becomes an incident or a note first, which may raise TooMany and UnknownIncident.
        """
        for one in recipients:
            if isinstance(one, Returned) and self._bounces:
                await self._bounces.take(one.notification_id, mail.content)
        if all(isinstance(one, Returned) for one in recipients):
            return []
        known: Keys = self._keys.value or {}
        at = self._clock.about()

        def as_received() -> Received:
            trace = f"Return-Path: <{mail.sender}>\r\nReceived: from {mail.helo} ([{mail.peer}]) by {mail.by}"
            trace += f" with {mail.protocol}; {format_datetime(at)}\r\n"
            raw = without_keys(trace.encode("utf-8", "surrogateescape") + mail.content, known)
            return received_as(raw, headers=MAIL, at=at)

        is_long = len(mail.content) > LONG
        received = await asyncio.to_thread(as_received) if is_long else as_received()
        by_people = await self._take_from_people(received, recipients, known)
        wanted = once(recipients)
        if not wanted:
            return []

        def events() -> list[Event]:
            return [
                event
                for one in wanted
                for event in as_sent(
                    by_people.get(one.integration.id) or read(received, one.integration),
                    received,
                    one.integration,
                    key=one.key,
                    in_body=ALWAYS,
                )
            ]

        return await self._gate.accept(await asyncio.to_thread(events) if is_long else events())

    async def _take_from_people(
        self, received: Received, recipients: Sequence[Addressed], known: Keys
    ) -> Mapping[IntegrationId, Sequence[Reading]]:
        """What is recorded of it for each integration to which people write."""
        if self._people is None:
            return {}

        def hide(text: str) -> str:
            return without_keys(text.encode("utf-8", "replace"), known).decode("utf-8", "replace")

        for one in recipients:
            if isinstance(one, Answering):
                await self._people.take_answer(received, one.incident_id, hide=hide)
        recorded = {}
        for to in once(recipients):
            if to.integration.is_for_people and (readings := await self._people.take(received, to.integration, hide=hide)):
                recorded[to.integration.id] = readings
        return recorded

    async def take_too_large(self, recipients: Sequence[Addressed], *, sender: str, head: bytes = b"", announced: int = 0) -> None:
        """Tell that a mail came that is not kept, and as far as is known whose: `head` is how it begins."""
        nothing, head = received_as(b"", headers=MAIL), without_keys(head, self._keys.value or {})
        await self._gate.accept(
            [
                event
                for one in once(recipients)
                for event in to_events(mail_too_large(one.integration, LIMIT, head, sender, announced), nothing, one.integration)
            ]
        )


def key_in(address: str) -> str:
    """The key in an address: what is before the @, or before or behind a plus sign there. Mail systems may write it in capitals."""
    local = address.rpartition("@")[0] or address
    parts = local.strip('"').lower().split("+")
    return next((part for part in reversed(parts) if KEY.fullmatch(part)), parts[-1])


def _shown(key: str) -> str:
    """So much of what nobody has as finds its sender: it may be a right one elsewhere."""
    return "".join(sign for sign in key[:SHOWN] if sign.isalnum()) if len(key) > 2 * SHOWN else ""


def once(recipients: Sequence[Addressed]) -> list[Recipient]:
    """Each integration once, however often the envelope names it."""
    return list({one.integration.id: one for one in recipients if isinstance(one, Recipient)}.values())


def without_keys(raw: bytes, known: Mapping[bytes, object]) -> bytes:
    """A mail without the keys in it, of whatever integration: its head says to whom it went."""
    return KEY_IN_MAIL.sub(lambda found: HIDDEN if sha256(found[0].lower()).digest() in known else found[0], raw)
