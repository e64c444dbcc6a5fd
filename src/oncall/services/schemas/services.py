"""What services look like over REST."""

from datetime import timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from oncall.desk.values import BusinessUrgency, CalendarId, CategoryId, Filing, Impact, Process, SlaId
from oncall.kit.http import Duration, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import PolicyId, ServiceId, TeamId
from oncall.services.schemas.catalogue import Line, LinkShape, LongText, Tier, Url
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
from oncall.services.values.profile import Profile


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
    urgency: UrgencyMode = UrgencyMode.BY_SEVERITY
    reopen_window: Duration = timedelta(minutes=15)
    grouping: GroupingShape | None = None
    group_max_age: Span = GROUP_MAX_AGE
    flapping: FlappingShape | None = None
    threshold: ThresholdShape | None = None
    delay: DelayShape | None = None
    process: Process = Field(Process.SRE, description="Fixed on an incident when it opens.")
    default_category_id: CategoryId | None = None
    default_impact: Impact | None = None
    default_business_urgency: BusinessUrgency | None = None
    auto_close_days: int | None = Field(None, ge=1, le=90, description="Working days without objection; only under `itil`, never for P1.")
    sla_id: SlaId | None = Field(None, description="What is promised of its incidents, once they have a priority.")
    support_hours: CalendarId | None = Field(None, description="A calendar; null: round the clock.")
    description: LongText = ""
    tier: Tier | None = None
    links: Annotated[list[LinkShape], Field(max_length=50)] = Field(default_factory=list)
    runbook_url: Url | None = None
    owner_contact: Line = ""

    def to_service(self, id: ServiceId) -> Service:
        return Service(
            id,
            self.name,
            TeamId(self.team_id) if self.team_id else None,
            PolicyId(self.escalation_policy_id),
            self.ack_timeout,
            self.urgency,
            self.reopen_window,
            grouping=self.grouping.to_grouping() if self.grouping else None,
            group_max_age=self.group_max_age,
            flapping=self.flapping.to_flapping() if self.flapping else None,
            threshold=self.threshold.to_threshold() if self.threshold else None,
            delay=self.delay.to_delay() if self.delay else None,
            filing=Filing(
                self.process,
                self.default_category_id,
                self.default_impact,
                self.default_business_urgency,
                self.auto_close_days,
                self.sla_id,
            ),
            support_hours_id=self.support_hours,
        )

    def to_profile(self) -> Profile:
        links = tuple(link.to_link() for link in self.links)
        return Profile(self.description, self.tier, links, self.runbook_url, self.owner_contact)


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


class LinkShown(Shown):
    name: str
    url: str


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
    process: Process
    default_category_id: UUID | None
    default_impact: Impact | None
    default_business_urgency: BusinessUrgency | None
    auto_close_days: int | None
    sla_id: UUID | None
    support_hours: UUID | None
    description: str
    tier: int | None
    links: list[LinkShown]
    runbook_url: str | None
    owner_contact: str

    @classmethod
    def of(cls, service: Service, profile: Profile) -> Self:
        filing = service.filing
        return cls(
            **{name: getattr(part, name) for part in (service, profile) for name in part.__slots__},
            process=filing.process,
            default_category_id=filing.category_id,
            default_impact=filing.impact,
            default_business_urgency=filing.business_urgency,
            auto_close_days=filing.auto_close_days,
            sla_id=filing.sla_id,
            support_hours=service.support_hours_id,
        )
