"""What escalation policies look like over REST."""

from datetime import time, timedelta
from typing import Annotated, Literal, Self, get_args
from uuid import UUID

from pydantic import AfterValidator, Field, field_validator

from oncall.desk.values import Priority
from oncall.escalation.values import (
    ALL_SEVERITIES,
    DAYS,
    EXHAUSTED_RETRY,
    MAX_STEPS,
    Condition,
    Hours,
    Policy,
    Step,
    Strategy,
    Target,
    TargetType,
)
from oncall.kit.http import Duration, ReadOnly, Shown, Strict
from oncall.kit.ids import PolicyId, TeamId, UserId


def _at_least_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("must be at least PT1S")
    return value


Wait = Annotated[Duration, AfterValidator(_at_least_a_second)]
"""How long something waits; without any wait the whole policy would fire at once."""


class TargetIn(Strict):
    """A team means whoever is on call in its schedule; a channel is a contact method of a team."""

    type: Literal["user", "schedule", "team", "channel"]
    id: UUID


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class HoursIn(Strict):
    """Hours of a person's own clock, in their time zone; past midnight where the end is not later than the start."""

    start_time: time
    end_time: time
    days: Annotated[list[Day], Field(min_length=1)] = Field(default_factory=lambda: list(get_args(Day)))

    @field_validator("start_time", "end_time")
    @classmethod
    def _on_the_clock(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("must be a time of the person's own clock, without an offset")
        return value


class StepIn(Strict):
    """`delay` is how long the step waits, unacknowledged, before the next one. `round_robin` pages one of all it means: whose last turn
    is the longest ago. `unresolved`: an acknowledgement does not stop it. `severities`, `priorities` and `hours`: only what is one of
    these, and only people whose own clock shows these; `in_support_hours`: only within the service's support hours, or only outside
    them (a service without any is always within). Who is left out is as if the step did not name them.
    """

    delay: Wait
    targets: Annotated[list[TargetIn], Field(min_length=1, max_length=50)]
    strategy: Strategy = Strategy.EVERYONE
    condition: Condition = Condition.UNACKNOWLEDGED
    severities: list[Literal["critical", "error", "warning", "info", "unknown"]] = Field(default_factory=list)
    hours: HoursIn | None = None
    priorities: list[Priority] = Field(default_factory=list)
    in_support_hours: bool | None = None

    def to_step(self) -> Step:
        hours = Hours(self.hours.start_time, self.hours.end_time, tuple(d for d in DAYS if d in self.hours.days)) if self.hours else None
        severities = tuple(s for s in ALL_SEVERITIES if s in self.severities)
        targets = tuple(Target(TargetType(t.type), t.id) for t in self.targets)
        priorities = tuple(p for p in Priority if p in self.priorities)
        return Step(self.delay, targets, self.strategy, self.condition, severities, hours, priorities, self.in_support_hours)


class PolicyIn(Strict):
    """`repeat` is how often the steps start over; `exhausted_retry` null switches the retry off, explicitly."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    team_id: UUID | None = None
    repeat: Annotated[int, Field(ge=0, le=100)] = 2
    steps: Annotated[list[StepIn], Field(min_length=1, max_length=MAX_STEPS)]
    exhausted_retry: Wait | None = EXHAUSTED_RETRY
    escalate_low: bool = False

    def to_policy(self, id: PolicyId) -> Policy:
        steps = tuple(step.to_step() for step in self.steps)
        team = TeamId(self.team_id) if self.team_id else None
        return Policy(id, self.name, team, self.repeat, steps, self.exhausted_retry, self.escalate_low)


class PolicyEdit(PolicyIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None


class TargetOut(Shown):
    type: TargetType
    id: UUID


class HoursOut(Shown):
    start_time: time
    end_time: time
    days: list[str]


class StepOut(Shown):
    delay: Duration
    targets: list[TargetOut]
    strategy: Strategy
    condition: Condition
    severities: list[str]
    hours: HoursOut | None
    priorities: list[Priority]
    in_support_hours: bool | None


class PolicyWarningShown(Shown):
    """`code` is for machines, `message` for people; `level` is the step, counted from 1, and `user_id` whom it is about."""

    code: Literal["unreachable", "reaches_nobody", "only_channels", "not_for_all", "not_proven_on_silent"]
    level: int
    user_id: UserId | None
    message: str


class PolicyOut(Shown):
    id: UUID
    name: str
    team_id: UUID | None
    repeat: int
    steps: list[StepOut]
    exhausted_retry: Duration | None
    escalate_low: bool

    @classmethod
    def of(cls, policy: Policy) -> Self:
        return cls.model_validate(policy)
