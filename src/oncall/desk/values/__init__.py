"""How an incident is graded and filed: the words of its priority and of its end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, UserId

CategoryId = NewType("CategoryId", UUID)
CalendarId = NewType("CalendarId", UUID)
SlaId = NewType("SlaId", UUID)


class Process(StrEnum):
    """Which steps of an incident's life are obligatory: few, or all that a service desk asks for."""

    SRE = "sre"
    ITIL = "itil"


class Priority(StrEnum):
    """What an incident is worth to the business; P1 is the gravest."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    P5 = "P5"


class Impact(StrEnum):
    """How much of the business it hurts; the gravest first."""

    WIDESPREAD = "widespread"
    LARGE = "large"
    LIMITED = "limited"
    MINOR = "minor"


class BusinessUrgency(StrEnum):
    """How soon it hurts; the gravest first. (`urgency` is how somebody is paged.)"""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Risk(StrEnum):
    """What lifts a priority, whatever the matrix says."""

    SLA = "sla"
    FINANCIAL = "financial"
    SECURITY = "security"
    COMPLIANCE = "compliance"


class ReporterKind(StrEnum):
    EMPLOYEE = "employee"
    CUSTOMER = "customer"
    VENDOR = "vendor"
    MONITOR = "monitor"


class Closure(StrEnum):
    """What a resolved incident waits for until it is closed."""

    AWAITING_REPORTER = "awaiting_reporter"
    AWAITING_DESK = "awaiting_desk"
    NOT_SATISFIED = "not_satisfied"


class Verdict(StrEnum):
    """What the reporter says of the resolution; `waived`: the desk says why nobody could be asked."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not_satisfied"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reported it; `contact` is an e-mail address or a telephone number, or empty."""

    name: str
    kind: ReporterKind
    contact: str = ""
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class Grading:
    """What a priority follows from."""

    impact: Impact | None = None
    business_urgency: BusinessUrgency | None = None
    affected_users: int | None = None
    risks: tuple[Risk, ...] = ()


@dataclass(frozen=True, slots=True)
class Filing:
    """How what breaks of a service is filed: by which process, and what is known of it before anybody has looked."""

    process: Process = Process.SRE
    category_id: CategoryId | None = None
    impact: Impact | None = None
    business_urgency: BusinessUrgency | None = None
    auto_close_days: int | None = None
    """Under `itil`: so many working days after its resolution it is closed if nobody objects; None: only the service desk closes it."""
    sla_id: SlaId | None = None
    """What is promised of them."""

    @property
    def grading(self) -> Grading:
        return Grading(self.impact, self.business_urgency)

    @property
    def keeps_records(self) -> bool:
        """Whether an incident has a record from the beginning; else it gets one once somebody says something of it."""
        return self.process is Process.ITIL or self.category_id is not None or self.grading != Grading()


UNFILED = Filing()
"""As services are that say nothing of it."""


@dataclass(frozen=True, slots=True)
class Promised:
    """Until when, by its SLA, somebody is to acknowledge it, restore the service and tell the next news; None: nothing is promised, or it
    is kept.
    """

    acknowledge_by: datetime | None = None
    resolve_by: datetime | None = None
    update_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What the reporter said of the resolution, or why they were not asked."""

    verdict: Verdict
    by: Actor
    at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What the desk keeps of one incident beside what pages: who reported it, how it is graded, what was promised, how it ended."""

    incident_id: IncidentId
    version: int = 1
    description: str = ""
    reporter: Reporter | None = None
    reported_at: datetime | None = None
    noticed_at: datetime | None = None
    category_id: CategoryId | None = None
    logged_category_id: CategoryId | None = None
    """The category it was logged with, if that was another one: the difference is kept."""
    grading: Grading = Grading()
    priority_reason: str = ""
    """Why it has its priority, in sentences."""
    priority_by: Actor | None = None
    """Who set the priority, whatever the matrix says; None: it follows from the grading."""
    sla_id: SlaId | None = None
    promised: Promised = Promised()
    marks: tuple[str, ...] = ()
    """Which marks of what was promised have been told: `acknowledge_at_risk`, `acknowledge_breached`, …"""
    next_at: datetime | None = None
    """When time alone next changes something of the record: a mark of what was promised, or the end of waiting for an objection."""
    resolution_code: str | None = None
    resolution_text: str = ""
    monitoring_until: datetime | None = None
    closure: Closure | None = None
    closure_since: datetime | None = None
    verification: Verification | None = None
