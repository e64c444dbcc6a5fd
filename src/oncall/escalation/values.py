"""What a policy is, where an incident stands in it, and what can be decided about it."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from oncall.contacts.values import Reach, Urgency, Ways
from oncall.desk.values import Priority
from oncall.kit.errors import Invalid, NotFound
from oncall.kit.ids import PolicyId, ServiceId, TeamId, UserId
from oncall.kit.quick import dataclass

MAX_STEPS = 20
UNROUTABLE_RETRY = timedelta(minutes=5)
LOW_URGENCY_REMINDER = timedelta(days=1)
EXHAUSTED_RETRY = timedelta(minutes=30)


class UnknownPolicy(NotFound):
    """There is no escalation policy with this id."""


class UnknownTarget(Invalid):
    """A step points at somebody or something that does not exist, or at a channel of another team."""


class TargetType(StrEnum):
    USER = "user"
    SCHEDULE = "schedule"
    TEAM = "team"
    """Whoever is on call in the team's own schedule."""
    CHANNEL = "channel"
    """A contact method of a team: nobody in particular, by nobody's rules."""


class Strategy(StrEnum):
    """Whom of all that a step means it pages."""

    EVERYONE = "everyone"
    ROUND_ROBIN = "round_robin"
    """One: whose last turn, in any incident, is the longest ago."""


class Condition(StrEnum):
    """Until when a step is still to fire."""

    UNACKNOWLEDGED = "unacknowledged"
    UNRESOLVED = "unresolved"


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_SEVERITIES = ("critical", "error", "warning", "info", "unknown")


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a person's own clock, from `start_time` to before `end_time`; past midnight if that is not later."""

    start_time: time
    end_time: time
    days: tuple[str, ...] = DAYS

    def __str__(self) -> str:
        when = "" if len(self.days) == len(DAYS) else f" on {', '.join(self.days)}"
        return f"{self.start_time:%H:%M} to {self.end_time:%H:%M}{when}"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step points at."""

    type: TargetType
    id: UUID


@dataclass(frozen=True, slots=True)
class Step:
    """Page whom the targets mean; if nobody has acknowledged after `delay`, go on.

    `severities`, `priorities`: only incidents of these, if there are any. `hours`: only people whose own clock shows these.
    `in_support_hours`: only within the support hours of the incident's service (true), or only outside them (false).
    """

    delay: timedelta
    targets: tuple[Target, ...]
    strategy: Strategy = Strategy.EVERYONE
    condition: Condition = Condition.UNACKNOWLEDGED
    severities: tuple[str, ...] = ()
    hours: Hours | None = None
    priorities: tuple[Priority, ...] = ()
    in_support_hours: bool | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What conditions of a step ask of an incident. `is_supported`: whether its service's support hours run; without any they always do."""

    severity: str
    priority: Priority | None = None
    is_supported: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """Ordered steps; `repeat` is how often they start over. `exhausted_retry=None` switches the retry off, explicitly."""

    id: PolicyId
    name: str
    team_id: TeamId | None
    repeat: int
    steps: tuple[Step, ...]
    exhausted_retry: timedelta | None = EXHAUSTED_RETRY
    escalate_low: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The policy as it was when the incident triggered, with the fallback of its team; kept on the incident as JSON."""

    policy: Policy
    fallback: Policy | None = None


class EscalationState(StrEnum):
    """How an escalation stands; everything but `running` says why nothing more is happening right now."""

    RUNNING = "running"
    HELD = "held"
    SNOOZED = "snoozed"
    LOW_URGENCY = "low_urgency"
    EXHAUSTED = "exhausted"
    UNROUTABLE = "unroutable"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Position:
    """Where an incident stands: the step that fires next. Cycle and round count from 1, steps from 0.

    A step past the last means that the next round, if there is one, begins.
    """

    cycle: int = 1
    round: int = 1
    step: int = 0
    on_fallback: bool = False


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who a target means right now, and the sentence that says why; nobody, and why not."""

    users: tuple[UserId, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """This person was chosen, one after the other, by this step of a policy."""

    policy_id: PolicyId
    step: int
    user_id: UserId


@dataclass(frozen=True, slots=True)
class Support:
    """How the support hours of a service stand: whether they run, and else when they begin; None: never."""

    runs: bool
    begins_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Every answer `advance` may need, gathered before it decides. A channel is among `reach` under its contact method's own id."""

    on_duty: Mapping[Target, OnDuty] = field(default_factory=dict)
    reach: Mapping[UserId, Reach] = field(default_factory=dict)
    handoffs: Mapping[Target, datetime] = field(default_factory=dict)
    """For targets that reach nobody now: when that may change."""
    turns: Mapping[tuple[PolicyId, int], Mapping[UserId, int]] = field(default_factory=dict)
    """For each step that pages one after the other: who had the how-manieth turn last; whoever never had one is absent."""
    support: Mapping[ServiceId, Support] = field(default_factory=dict)
    """How the support hours of services stand; a service without any is absent."""
    lacking: Mapping[str, str] = field(default_factory=dict)
    """Where it is only foretold what a step does: the channels that cannot send, each with the reason. What is done leaves that to the node
    that sends, which may be another.
    """
    ways: dict[tuple[UserId, Urgency], Ways] = field(default_factory=dict, compare=False, repr=False)
    """By which ways each of them is paged, once that has been asked; a storm pages the same few people."""

    def after(self, taken: Sequence[Turn]) -> "People":
        """The same, once these have had their turns."""
        if not taken:
            return self
        turns = {step: dict(its) for step, its in self.turns.items()}
        for turn in taken:
            its = turns.setdefault((turn.policy_id, turn.step), {})
            its[turn.user_id] = max(its.values(), default=0) + 1
        return replace(self, turns=turns)


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """Reach this person about the incident now; (cycle, round, step) says from where in the policy."""

    user_id: UserId
    position: Position
    reason: str
    until_resolved: bool = False
    """Of a step that an acknowledgement does not stop."""
    may_bundle: bool = False
    """It was put off at low urgency, as others may have been: what goes to one person at that instant may be one message."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something the timeline must know: `kind` is one of its kinds, `position` the step it is about."""

    kind: str
    reason: str
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """What happens now, and where that leaves the escalation: `step_at` is when it must be looked at again."""

    pages: tuple[PlannedPage, ...]
    notes: tuple[Note, ...]
    position: Position
    state: EscalationState
    reason: str
    step_at: datetime | None
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyWarning:
    """Why a step may not do what it is meant to: `code` is for machines; levels count from 1."""

    code: str
    level: int
    user_id: UserId | None
    message: str
