"""What a webhook is, what it wants to hear, and what can become of a delivery."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IncidentId, ServiceId, TeamId, UserId

WebhookId = NewType("WebhookId", UUID)
DeliveryId = NewType("DeliveryId", UUID)

TRIED_FOR = timedelta(hours=48)
"""How long a delivery is tried, and how long a webhook may fail without one success before it is disabled."""

OVERLAP = timedelta(hours=24)
"""How long the secret before the last rotation still signs beside the new one."""

KEPT_FOR = timedelta(days=30)
"""How long a finished delivery stays in the log."""

RETRY_DELAYS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
)
"""How long after each failure the next try comes; after the last of these every four hours."""

EVERY_AFTER = timedelta(hours=4)
RETRY_AFTER_LIMIT = timedelta(hours=4)
"""What a receiver asks for with Retry-After is granted, up to this."""

WELL_AGAIN = timedelta(minutes=5)
"""Once a receiver that failed for longer than this takes something, what waits for it is due at once."""


class EventType(StrEnum):
    """What a webhook can ask to be told of."""

    TRIGGERED = "incident.triggered"
    REOPENED = "incident.reopened"
    PAGED = "incident.paged"
    ESCALATED = "incident.escalated"
    EXHAUSTED = "incident.exhausted"
    UNROUTABLE = "incident.unroutable"
    ACKNOWLEDGED = "incident.acknowledged"
    UNACKNOWLEDGED = "incident.unacknowledged"
    REASSIGNED = "incident.reassigned"
    SNOOZED = "incident.snoozed"
    BROKE_THROUGH = "incident.broke_through"
    SEVERITY_CHANGED = "incident.severity_changed"
    HELD = "incident.held"
    RELEASED = "incident.released"
    ALERT_JOINED = "incident.alert_joined"
    ALERT_RESOLVED = "incident.alert_resolved"
    MERGED = "incident.merged"
    SPLIT = "incident.split"
    STATUS_UPDATED = "incident.status_updated"
    RESOLVED = "incident.resolved"
    CLOSED = "incident.closed"
    SLA_AT_RISK = "incident.sla_at_risk"
    SLA_BREACHED = "incident.sla_breached"


TEST_TYPE = "webhook.test"
"""The type of a test, which nobody asks for by name."""


class DeliveryStatus(StrEnum):
    """How a delivery stands: failed was given up, cancelled was never to be sent any more."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TryOutcome(StrEnum):
    """How one try ended: unknown may have arrived."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class UnknownWebhook(NotFound):
    """There is no webhook with this id."""

    def __init__(self) -> None:
        super().__init__("There is no webhook with this id.")


class UnknownDelivery(NotFound):
    """There is no delivery with this id, or none any more."""

    def __init__(self) -> None:
        super().__init__(f"This webhook has no delivery with this id; finished ones are kept for {KEPT_FOR.days} days.")


class UrlNotAllowed(Invalid):
    """The address may not be called."""

    code = "url_not_allowed"
    title = "This URL cannot be used"


class UnknownOwner(Invalid):
    """The team a webhook is to belong to does not exist."""


class NotNow(Conflict):
    """Nothing is sent to a webhook that is off, nor a second time what is still under way."""

    code = "not_now"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents: those of a team's services, of these services, urgencies, severities; what is empty leaves nothing out."""

    team_id: TeamId | None = None
    service_ids: tuple[ServiceId, ...] = ()
    urgencies: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one webhook wants to hear."""

    webhook_id: WebhookId
    event_types: frozenset[str]
    filter: Filter


@dataclass(frozen=True, slots=True)
class Settings:
    """What people say of a webhook."""

    name: str
    url: str
    event_types: tuple[EventType, ...]
    filter: Filter = Filter()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Webhook:
    """`off_because` says why one that is not enabled is not; `failing_since` is its first failure since its last success."""

    id: WebhookId
    settings: Settings
    created_at: datetime
    created_by: UserId | None = None
    off_because: str | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    previous_secret_until: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Secrets:
    """Sealed; the previous one signs as well until then."""

    current: bytes
    previous: bytes | None = None
    previous_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """An incident as it is: what filters look at, and the JSON that programs are told."""

    team_id: TeamId | None
    service_id: ServiceId
    urgency: str
    severity: str
    shown: dict[str, object]


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """`lane` is what is told in order: the incident; a test or a redelivery is in one of its own."""

    id: DeliveryId
    webhook_id: WebhookId
    incident_id: IncidentId | None
    lane: UUID
    type: str
    body: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this node's until `lease_until`, with all that sending it takes. `tries` counts since it was made, or since it was
    last delivered again by hand.
    """

    id: DeliveryId
    webhook_id: WebhookId
    lane: UUID
    attempt: int
    tries: int
    url: str
    secrets: Secrets
    body: str
    give_up_at: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try ended. `code` is the receiver's HTTP status; of its body nothing is kept."""

    word: TryOutcome
    detail: str
    code: int | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    reason: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    next_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    reason: str


Fate = Delivered | TryAgain | GiveUp


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    at: datetime
    word: TryOutcome
    code: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as its log shows it."""

    id: DeliveryId
    incident_id: IncidentId | None
    type: str
    status: DeliveryStatus
    reason: str
    next_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    attempts: tuple[Attempt, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told of a webhook that was disabled; `topic` names this one time."""

    topic: str
    subject: str
    paragraphs: tuple[str, ...]
