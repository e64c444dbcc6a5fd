"""What a page, a notice, a notification and an attempt are, and what can become of them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.channels.values import PageUpdate, Thread
from oncall.kit.ids import IncidentId, NotificationId, TeamId, UserId
from oncall.kit.quick import dataclass
from oncall.notifications.values.receipts import Receipt

NoticeId = NewType("NoticeId", UUID)


class Status(StrEnum):
    """pending → sending → sent → delivered → read; or failed, cancelled, bundled."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"
    BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a message says about its incident, as it was when the page was made."""

    number: int
    title: str
    service: str
    severity: str
    urgency: str
    triggered_at: datetime
    source: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NewPage:
    """The intention to reach a user about an incident now. Cycle and round count from 1, step from 0.

    `due_at` is when the step was due: its messages say how late they are.
    """

    incident_id: IncidentId
    user_id: UserId
    cycle: int
    round: int
    step: int
    reason: str
    due_at: datetime
    subject: Subject
    until_resolved: bool = False
    """An acknowledgement does not cancel it, but for its repetitions."""
    repeats: bool = True
    """False for what is acknowledged already: nobody is asked again and again to acknowledge it."""
    may_bundle: bool = False
    """It was put off: what goes to one person at that instant may travel as one message."""
    directly: bool = False
    """Somebody pages them, or asks them to join: that waits for nothing."""


@dataclass(frozen=True, slots=True)
class NewNotice:
    """The intention to tell a user something that is about no incident: their shift begins, a swap is offered.

    A `topic` is one notice to one person, made once and for ever, so it names that person; `urgency` is high or low. `links` are
    (address, words). From `expires_at` on it is of no use, and is not sent. `sealed` is a code that only its reader may see;
    an `update` is about an incident after all.
    """

    user_id: UserId
    kind: str
    topic: str
    urgency: str
    subject: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    expires_at: datetime | None = None
    sealed: str | None = None
    update: PageUpdate | None = None
    thread: Thread | None = None
    """Of an e-mail that may be answered."""


@dataclass(frozen=True, slots=True)
class Way:
    """One planned message of a page or a notice: sent from `next_at` on, which is later than `due_at` if its step fired late.

    `nth` counts messages to the same contact method; `again` is one that repeats an earlier one "until acknowledged". One that stands in
    for another of its page (by contact method and `nth`) is sent only when that one has failed, and then at once.
    """

    contact_method_id: UUID
    channel: str
    address: str
    nth: int
    due_at: datetime
    next_at: datetime
    again: bool = False
    gathers_from: datetime | None = None
    """From then on it may travel with others; None: it goes by itself."""
    stands_in_for: tuple[UUID, int] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Where in its incident's escalation a message belongs. Cycle and round count from 1, step from 0."""

    incident_id: IncidentId
    cycle: int
    round: int
    step: int


@dataclass(frozen=True, slots=True)
class Page:
    """What a message that was claimed says, being one of a page."""

    step: Step
    reason: str
    subject: Subject
    recipient: UserId | None = None
    """Whom its links act for if not the person it is sent to: a channel, by the id of its contact method."""
    because: str | None = None
    """Why it goes at once, waits or is in a list."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a message that was claimed says, being one of a notice."""

    kind: str
    urgency: str
    subject: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    created_at: datetime
    expires_at: datetime | None
    sealed: str | None = None
    update: PageUpdate | None = None
    thread: Thread | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification this node may send until `lease_until`; `attempt` is the fence."""

    id: NotificationId
    user_id: UserId
    user_name: str
    nth: int
    channel: str
    address: str
    due_at: datetime
    attempt: int
    may_have_arrived: bool
    lease_until: datetime
    about: Page | Notice
    contact_method_id: UUID
    together: bool = False
    """It may travel with others to the same contact method."""
    reply_code: str | None = None

    @property
    def acts_for(self) -> UserId:
        """Whose the links in it are: the person's it goes to, or the channel's, by the id of its contact method."""
        return (self.about.recipient if isinstance(self.about, Page) else None) or self.user_id

    @property
    def is_update(self) -> bool:
        return isinstance(self.about, Notice) and self.about.update is not None


class AttemptOutcome(StrEnum):
    """What one try came to."""

    SENT = "sent"
    FAILED_TEMP = "failed_temp"
    FAILED_PERM = "failed_perm"
    BAD_CREDENTIAL = "bad_credential"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at sending: append only."""

    number: int
    at: datetime
    outcome: AttemptOutcome
    detail: str


@dataclass(frozen=True, slots=True)
class Notification:
    """As it is shown: with its address masked."""

    id: NotificationId
    incident_id: IncidentId
    user_id: UserId
    user_name: str
    channel: str
    address: str
    status: Status
    reason: str
    cycle: int
    round: int
    step: int
    nth: int
    due_at: datetime | None
    attempts: tuple[Attempt, ...]
    team_id: TeamId | None = None
    """Whose channel it went to; then `user_id` is the team's, and nobody's."""
    because: str | None = None
    """Why its page goes at once, waits or is in a list."""
    carrier_id: NotificationId | None = None
    """Of one that is bundled: the message that told of it."""
    receipts: tuple[Receipt, ...] = ()
    stands_in_for: NotificationId | None = None
    """It is sent only if that one fails; until then it is due at no instant."""


@dataclass(frozen=True, slots=True)
class Done:
    """The message left us; nothing more is due."""

    reason: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Try again at `at`; `may_have_arrived` labels the next message as a possible repeat."""

    at: datetime
    may_have_arrived: bool
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """This way does not work: if it was a page's, the escalation must know."""

    reason: str


Fate = Done | TryAgain | GiveUp


@dataclass(frozen=True, slots=True)
class Works:
    """The address took a message."""


@dataclass(frozen=True, slots=True)
class WorksNot:
    """It did not, or gave no clear answer."""

    error: str


TEST_LASTS = timedelta(minutes=10)
"""A test that could not leave for so long is of no use any more."""

RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (1, 5, 15, 30, 60))
"""After each temporary failure; when they are used up the notification has failed."""

MAX_RETRY_AFTER = timedelta(seconds=60)
"""A provider that asks for more patience than this gets this much."""

AT_ONCE_TO_ONE = 4
"""Messages to one address that are on the wire at once."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try as the ledger keeps it: the address is masked, and whoever was told is named by id alone. `sealed_at` is no part of what
    happened, but of the seal.
    """

    notification_id: NotificationId
    number: int
    at: datetime
    incident_id: IncidentId | None
    user_id: UserId
    channel: str
    address: str
    outcome: AttemptOutcome
    detail: str
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the ledger's chain. Before the first row it is the zeroth, whose hash is all zeros."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row of the ledger."""

    link: Link
    delivery: Delivery


BEGINNING = Link(0, bytes(32))
