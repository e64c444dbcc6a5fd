"""What an SLA promises, by priority, and how a promise that was made to an incident stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from oncall.desk.values import CalendarId, Priority, SlaId
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IncidentId, PolicyId

LONGEST = timedelta(days=90)
"""The longest time that may be promised, in working time where there is a calendar."""

AT_RISK_AT = 0.75
"""The part of a promised time after which it is at risk."""


class UnknownSla(NotFound):
    """There is no SLA with this id."""


class SlaNameTaken(Conflict):
    """SLAs are known by their names."""

    code = "exists"
    title = "Already exists"


class WrongSla(Invalid):
    """It promises nothing, or names what does not exist."""


class Goal(StrEnum):
    """What is promised."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    UPDATE = "update"


class Mark(StrEnum):
    """What is told of a promise before and when it is broken."""

    AT_RISK = "at_risk"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class Targets:
    """Within which time something is to be done; None: nothing is promised."""

    acknowledge: timedelta | None = None
    resolve: timedelta | None = None
    update: timedelta | None = None

    def of(self, goal: Goal) -> timedelta | None:
        times = {Goal.ACKNOWLEDGE: self.acknowledge, Goal.RESOLVE: self.resolve, Goal.UPDATE: self.update}
        return times[goal]


@dataclass(frozen=True, slots=True)
class SlaSettings:
    """What an SLA shall be, as an admin says. Without a calendar all of it counts round the clock."""

    name: str
    targets: Mapping[Priority, Targets]
    calendar_id: CalendarId | None = None
    round_the_clock: tuple[Priority, ...] = ()
    """Of these every hour counts, whatever the calendar says."""
    manager_policy_id: PolicyId | None = None
    """Whom to page when a promise is at risk or broken."""


@dataclass(frozen=True, slots=True)
class Sla:
    id: SlaId
    settings: SlaSettings
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Promise:
    """Something is to be done by an instant; before that, from `at_risk_at` on, whoever manages it is told."""

    at_risk_at: datetime
    by: datetime


@dataclass(frozen=True, slots=True)
class Promises:
    """What is promised of an incident, and which marks of it have been told (`resolve_at_risk`, …)."""

    incident_id: IncidentId
    sla_id: SlaId
    running: Mapping[Goal, Promise] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    resolve_left: timedelta | None = None
    """Of a resolved incident: how much of the time to resolve it was left then, which goes on if it is reopened."""
    failures: int = 0


def mark_of(goal: Goal, mark: Mark) -> str:
    """As it stands among the marks of a record."""
    return f"{goal.value}_{mark.value}"


def kept_mark(goal: Goal) -> str:
    """How a promise that was kept stands in a record; nobody is told."""
    return f"{goal.value}_kept"


def marked(promises: Promises) -> tuple[tuple[Goal, ...], tuple[Goal, ...]]:
    """What is at risk, and what is or was broken. What is over is at risk no more."""
    breached = tuple(goal for goal in Goal if mark_of(goal, Mark.BREACHED) in promises.marks)
    at_risk = tuple(
        goal for goal in Goal if goal in promises.running and mark_of(goal, Mark.AT_RISK) in promises.marks and goal not in breached
    )
    return at_risk, breached


@dataclass(frozen=True, slots=True)
class Told:
    """A mark that is told now: how late it is after the promised instant (negative: how much time is left)."""

    goal: Goal
    mark: Mark
    by: datetime
    late: timedelta
    step: int
    """Which step of the manager policy is paged, from 0; -1: nobody."""
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an incident stands, for what is promised of it."""

    priority: Priority | None
    triggered_at: datetime
    is_open: bool
    acknowledged: bool
