"""What services look like over REST."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator

from oncall.kit.http import Duration, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import PolicyId, ServiceId, TeamId
from oncall.services.schemas.judging import (
    DelayShape,
    FlappingShape,
    GroupingShape,
    Span,
    ThresholdShape,
    shown_grouping,
)
from oncall.services.values import Service, UrgencyMode
from oncall.services.values.judging import GROUP_MAX_AGE, Delay, Flapping, Grouping, Threshold


def _not_zero(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than PT0S; null switches the time-out off")
    return value


class ServiceIn(Strict):
    """`ack_timeout` null switches the time-out off; it never applies to low urgency. `grouping` null is an incident for each alert;
    `flapping`, `threshold` and `delay` null are off.
    """

    name: Name
    team_id: UUID | None = None
    escalation_policy_id: UUID
    ack_timeout: Annotated[Duration, AfterValidator(_not_zero)] | None = timedelta(minutes=30)
    urgency: Literal["high", "low", "by_severity"] = "by_severity"
    reopen_window: Duration = timedelta(minutes=15)
    grouping: GroupingShape | None = None
    group_max_age: Span = GROUP_MAX_AGE
    flapping: FlappingShape | None = None
    threshold: ThresholdShape | None = None
    delay: DelayShape | None = None
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
            grouping=self.grouping.to_grouping() if self.grouping else None,
            group_max_age=self.group_max_age,
            flapping=self.flapping.to_flapping() if self.flapping else None,
            threshold=self.threshold.to_threshold() if self.threshold else None,
            delay=self.delay.to_delay() if self.delay else None,
        )


class ServiceEdit(ServiceIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None


def _shown(value: object) -> object:
    """A setting as it is sent."""
    match value:
        case Grouping():
            return shown_grouping(value)
        case Flapping():
            return FlappingShape.of(value)
        case Threshold():
            return ThresholdShape.of(value)
        case Delay():
            return DelayShape.of(value)
        case _:
            return value


class ServiceOut(Shown):
    id: UUID
    name: str
    team_id: UUID | None
    escalation_policy_id: UUID
    ack_timeout: Duration | None
    urgency: UrgencyMode
    reopen_window: Duration
    grouping: Annotated[GroupingShape | None, BeforeValidator(_shown)]
    group_max_age: Duration
    flapping: Annotated[FlappingShape | None, BeforeValidator(_shown)]
    threshold: Annotated[ThresholdShape | None, BeforeValidator(_shown)]
    delay: Annotated[DelayShape | None, BeforeValidator(_shown)]
    process: Literal["sre"] = "sre"

    @classmethod
    def of(cls, service: Service) -> Self:
        return cls.model_validate(service)
