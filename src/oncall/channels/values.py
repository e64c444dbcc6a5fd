"""What a person must be told, and what can become of telling them; the same for every channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PageMessage:
    """What a person must know, whatever the wire. Text may hold anything a monitor can say; each channel escapes for itself."""

    notification_id: UUID
    """The idempotency key: the same on every attempt."""
    address: str
    recipient: str
    """The person's name."""
    incident_id: UUID
    number: int
    title: str
    service: str
    severity: str
    urgency: str
    level: int
    """The step of the policy, counted from 1; 0 for somebody who was asked to join, of whom messages name none."""
    reason: str
    """Why this person is paged, verbatim: "step 1 of policy Payments: on call in schedule Primary"."""
    triggered_at: datetime
    acknowledge_url: str | None
    resolve_url: str | None
    escalate_url: str | None
    incident_url: str | None
    attempt: int
    """Counts from 1."""
    repeated: bool
    """An earlier attempt may have arrived: the message says so."""
    late_by: timedelta | None
    """Sent this much later than planned: the message says so."""
    source: str = ""
    """What the monitor says is broken: a host, an instance."""
    facts: tuple[tuple[str, str], ...] = ()
    """(name, words): what else the monitor says, the most telling first."""
    links: tuple[tuple[str, str], ...] = ()
    """(address, words): runbooks, graphs, the monitor's own page."""
    nth: int = 1
    """Which message of this step to this address it is; from the second on it says so."""
    reply_code: str | None = None
    """What whoever has this address answers with, on a channel where people answer in words."""


@dataclass(frozen=True, slots=True)
class ListedIncident:
    """One of the incidents that a message lists."""

    incident_id: UUID
    number: int
    title: str
    service: str
    severity: str
    source: str
    triggered_at: datetime
    reason: str
    """Why this person is paged for it, verbatim."""
    stands: str | None = None
    """How it stands now, in a list that was sent before."""


@dataclass(frozen=True, slots=True)
class BundleMessage:
    """Pages for several incidents that travel as one message. Its link acknowledges those that are listed, and no others."""

    notification_id: UUID
    """The idempotency key: that of the page which carries the others."""
    address: str
    recipient: str
    """The person's name."""
    headline: str
    """"7 incidents on db-01"."""
    severity: str
    """Of the gravest of them."""
    urgency: str
    because: str
    """Why they come together."""
    listed: tuple[ListedIncident, ...]
    acknowledge_url: str | None
    attempt: int
    """Counts from 1."""
    repeated: bool
    """An earlier attempt may have arrived: the message says so."""
    late_by: timedelta | None
    """Sent this much later than planned: the message says so."""
    reply_code: str | None = None
    """What whoever has this address acknowledges the whole list with, on a channel where people answer in words."""


@dataclass(frozen=True, slots=True)
class PageUpdate:
    """What has become of an incident, for those who were paged for it."""

    incident_id: UUID
    number: int
    title: str
    service: str
    state: str
    """One word for machines: acknowledged, snoozed, resolved, reopened, merged."""
    said: str
    """"acknowledged by Ana"."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Where an e-mail is to be answered to, if not to its sender, and which mails it answers, the oldest first."""

    reply_to: str | None
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoticeMessage:
    """What a person should know that is about no incident: their shift begins, a swap is offered. Each channel escapes for itself."""

    notification_id: UUID
    """The idempotency key: the same on every attempt."""
    address: str
    recipient: str
    """The person's name."""
    kind: str
    """One word for machines: handoff, swap, verification, test, page_update, status_update, update_due, subscription."""
    urgency: str
    subject: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    """(address, words)."""
    created_at: datetime
    attempt: int
    """Counts from 1."""
    repeated: bool
    """An earlier attempt may have arrived: the message says so."""
    late_by: timedelta | None
    """Sent this much later than planned: the message says so."""
    code: str | None = None
    """What proves that this address is its owner's; among the paragraphs as well, for people."""
    update: PageUpdate | None = None
    """Of a page update: about which incident, which is said in subject and paragraphs as well."""
    reply_code: str | None = None
    """Of a test: what whoever has this address answers with, on a channel where people answer in words."""
    unsubscribe_url: str | None = None
    """Where whoever has this address wants no more of the kind, with one POST; among the links as well, for people."""
    thread: Thread | None = None
    """Of an e-mail that may be answered."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the incident of a page, or those of a list together, stand now, for a message that can be changed after it was sent."""

    said: str
    """"acknowledged by Ana"."""
    at: datetime
    verbs: frozenset[str]
    """What may still be done with it: acknowledge, resolve, escalate."""


Message = PageMessage | BundleMessage | NoticeMessage


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted it. That is not yet an acknowledgement, nor a proof that anyone saw it."""

    provider_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class FailedTemporarily:
    """It did not go out and another try may succeed; not before `retry_after`, if the provider asked for patience."""

    detail: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class FailedPermanently:
    """It did not go out and never will over this address or with these settings.

    `code` is stable and for machines. `credential` says that the provider refuses *us* (password, key, account): every other
    message fails as well, so an operator must be told.
    """

    detail: str
    code: str
    credential: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was handed over and no clear answer came: it may have arrived."""

    detail: str


Outcome = Sent | FailedTemporarily | FailedPermanently | Unknown


class BadAddress(ValueError):
    """Nothing can be sent to this address on this channel; the sentence is for the person who typed it."""
