"""What services and integrations look like over REST."""

from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from oncall.kit.http import Duration, Instant, Name, Shown, Strict
from oncall.kit.ids import PolicyId, ServiceId, TeamId
from oncall.services.values import Integration, IntegrationType, Service, UrgencyMode


def _not_zero(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than PT0S; null switches the time-out off")
    return value


def _known(value: object) -> object:
    """A type that does not exist is answered with those that sound like it, not with all eighty."""
    types = [type.value for type in IntegrationType]
    if value in types:
        return value
    near = get_close_matches(str(value).lower().replace("-", "_").replace(" ", "_"), types, n=3)
    meant = f"perhaps {' or '.join(near)} is meant" if near else "use generic for what has no page in docs/integrations"
    raise ValueError(f"there is no such type of integration; {meant}")


class ServiceIn(Strict):
    """`ack_timeout` null switches the time-out off; it never applies to low urgency."""

    name: Name
    team_id: UUID | None = None
    escalation_policy_id: UUID
    ack_timeout: Annotated[Duration, AfterValidator(_not_zero)] | None = timedelta(minutes=30)
    urgency: Literal["high", "low", "by_severity"] = "by_severity"
    reopen_window: Duration = timedelta(minutes=15)
    process: Literal["sre"] = "sre"

    def to_service(self, id: ServiceId) -> Service:
        return Service(
            id,
            self.name,
            TeamId(self.team_id) if self.team_id else None,
            PolicyId(self.escalation_policy_id),
            self.ack_timeout,
            UrgencyMode(self.urgency),
            self.reopen_window,
        )


class ServiceOut(Shown):
    id: UUID
    name: str
    team_id: UUID | None
    escalation_policy_id: UUID
    ack_timeout: Duration | None
    urgency: UrgencyMode
    reopen_window: Duration
    process: Literal["sre"] = "sre"

    @classmethod
    def of(cls, service: Service) -> Self:
        return cls.model_validate(service)


class IntegrationIn(Strict):
    name: Name
    type: Annotated[IntegrationType, BeforeValidator(_known)]


class IntegrationOut(Shown):
    id: UUID
    service_id: UUID
    name: str
    type: IntegrationType
    key_prefix: str
    created_at: Instant


class IntegrationMade(IntegrationOut):
    """The only answer that ever holds the key itself: by itself, as the address to post to, and, where mails are taken, to send them to."""

    key: str
    url: Annotated[str, Field(examples=["https://oncall.example.com/intake/…"])]
    email: Annotated[str | None, Field(examples=["…@oncall.example.com"])] = None

    @classmethod
    def of(cls, integration: Integration, key: str, base_url: str, mail_domain: str | None = None) -> Self:
        shown = IntegrationOut.model_validate(integration).model_dump()
        return cls(**shown, key=key, url=f"{base_url}/intake/{key}", email=f"{key}@{mail_domain}" if mail_domain else None)
