"""What services look like over REST."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator

from oncall.kit.http import Duration, Name, Shown, Strict
from oncall.kit.ids import PolicyId, ServiceId, TeamId
from oncall.services.values import Service, UrgencyMode


def _not_zero(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than PT0S; null switches the time-out off")
    return value


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
