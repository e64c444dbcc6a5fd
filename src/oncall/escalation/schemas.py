"""What escalation policies look like over REST."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field

from oncall.escalation.values import EXHAUSTED_RETRY, MAX_STEPS, Policy, Step, Target, TargetType
from oncall.kit.http import Duration, ReadOnly, Shown, Strict
from oncall.kit.ids import PolicyId, TeamId, UserId


def _at_least_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("must be at least PT1S")
    return value


Wait = Annotated[Duration, AfterValidator(_at_least_a_second)]
"""How long something waits; without any wait the whole policy would fire at once."""


class TargetIn(Strict):
    type: Literal["user", "schedule"]
    id: UUID


class StepIn(Strict):
    """`delay` is how long the step waits, unacknowledged, before the next one."""

    delay: Wait
    targets: Annotated[list[TargetIn], Field(min_length=1, max_length=50)]
    strategy: Literal["everyone"] = "everyone"
    condition: Literal["unacknowledged"] = "unacknowledged"


class PolicyIn(Strict):
    """`repeat` is how often the steps start over; `exhausted_retry` null switches the retry off, explicitly."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    team_id: UUID | None = None
    repeat: Annotated[int, Field(ge=0, le=100)] = 2
    steps: Annotated[list[StepIn], Field(min_length=1, max_length=MAX_STEPS)]
    exhausted_retry: Wait | None = EXHAUSTED_RETRY
    escalate_low: bool = False

    def to_policy(self, id: PolicyId) -> Policy:
        steps = tuple(Step(step.delay, tuple(Target(TargetType(t.type), t.id) for t in step.targets)) for step in self.steps)
        team = TeamId(self.team_id) if self.team_id else None
        return Policy(id, self.name, team, self.repeat, steps, self.exhausted_retry, self.escalate_low)


class PolicyEdit(PolicyIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None


class TargetOut(Shown):
    type: TargetType
    id: UUID


class StepOut(Shown):
    delay: Duration
    targets: list[TargetOut]
    strategy: Literal["everyone"] = "everyone"
    condition: Literal["unacknowledged"] = "unacknowledged"


class PolicyWarningShown(Shown):
    """`code` is for machines, `message` for people; `level` is the step, counted from 1, and `user_id` whom it is about."""

    code: Literal["unreachable", "reaches_nobody"]
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
