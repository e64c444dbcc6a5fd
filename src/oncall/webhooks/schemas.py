"""What webhooks and their deliveries look like over REST."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.contacts.values import Urgency
from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import ServiceId, TeamId
from oncall.webhooks.values import Attempt, Delivery, DeliveryStatus, EventType, Filter, Settings, TryOutcome, Webhook

Url = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
Severity = Literal["critical", "error", "warning", "info", "unknown"]


class WebhookFilterIn(Strict):
    """Which incidents, by what they are right after the event. Everything that is said must hold; of several values one is enough."""

    service_ids: list[UUID] = Field(default_factory=list, max_length=100)
    urgencies: list[Urgency] = Field(default_factory=list, max_length=2)
    severities: list[Severity] = Field(default_factory=list, max_length=5)


class WebhookIn(Strict):
    """A program that is told what happens to incidents; of a team, only what happens to those of its services."""

    name: Name
    url: Url = Field(description="Gets a signed POST for each event.", examples=["https://hooks.example.com/oncall"])
    event_types: Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]
    team_id: UUID | None = None
    filter: WebhookFilterIn = WebhookFilterIn()
    enabled: bool = True

    def settings(self) -> Settings:
        said = self.filter
        filter = Filter(
            TeamId(self.team_id) if self.team_id else None,
            tuple(dict.fromkeys(ServiceId(id) for id in said.service_ids)),
            tuple(dict.fromkeys(urgency.value for urgency in said.urgencies)),
            tuple(dict.fromkeys(said.severities)),
        )
        return Settings(self.name, self.url, tuple(dict.fromkeys(self.event_types)), filter, self.enabled)


class WebhookEdit(WebhookIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    created_at: ReadOnly = None
    off_because: ReadOnly = None
    disabled_at: ReadOnly = None
    failing_since: ReadOnly = None
    previous_secret_until: ReadOnly = None


class WebhookFilterOut(Shown):
    service_ids: tuple[UUID, ...]
    urgencies: tuple[str, ...]
    severities: tuple[str, ...]


class WebhookOut(Shown):
    id: UUID
    name: str
    url: str
    event_types: tuple[EventType, ...]
    team_id: UUID | None
    filter: WebhookFilterOut
    enabled: bool
    off_because: str | None = Field(description="Why it is off: by a person, or because nothing could be delivered.")
    disabled_at: Instant | None
    failing_since: Instant | None = Field(description="Its first failure since its last success.")
    previous_secret_until: Instant | None = Field(description="Until then the secret before the last rotation signs as well.")
    created_at: Instant

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        settings = webhook.settings
        return cls(
            id=webhook.id,
            name=settings.name,
            url=settings.url,
            event_types=settings.event_types,
            team_id=settings.filter.team_id,
            filter=WebhookFilterOut.model_validate(settings.filter),
            enabled=settings.enabled,
            off_because=webhook.off_because,
            disabled_at=webhook.disabled_at,
            failing_since=webhook.failing_since,
            previous_secret_until=webhook.previous_secret_until,
            created_at=webhook.created_at,
        )


class WebhookMade(WebhookOut):
    """The only answer that holds its secret."""

    secret: str = Field(description="whsec_…: verifies the signature of every delivery (Standard Webhooks).")


class WebhookSecretMade(Shown):
    """The only answer that holds this secret; the one before it signs as well until then."""

    secret: str
    previous_secret_until: Instant


class DeliveryAttemptOut(Shown):
    number: int
    at: Instant
    outcome: TryOutcome
    status_code: int | None = Field(description="Of the receiver's answer; its body is not kept.")
    detail: str

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        return cls(number=attempt.number, at=attempt.at, outcome=attempt.word, status_code=attempt.code, detail=attempt.detail)


class DeliveryOut(Shown):
    """One event for one webhook, and what became of it."""

    id: UUID = Field(description="The webhook-id of every try.")
    type: str
    incident_id: UUID | None
    status: DeliveryStatus
    reason: str = Field(description="The last that was said of it.")
    next_at: Instant | None = Field(description="When it is tried next, unless an earlier event of its incident is still to be delivered.")
    created_at: Instant
    finished_at: Instant | None
    attempts: list[DeliveryAttemptOut]

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            id=delivery.id,
            type=delivery.type,
            incident_id=delivery.incident_id,
            status=delivery.status,
            reason=delivery.reason,
            next_at=delivery.next_at,
            created_at=delivery.created_at,
            finished_at=delivery.finished_at,
            attempts=[DeliveryAttemptOut.of(attempt) for attempt in delivery.attempts],
        )
