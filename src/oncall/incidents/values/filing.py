"""What somebody says when they log, grade, resolve, verify or close an incident."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oncall.contacts.values import Urgency
from oncall.desk.values import CategoryId, Grading, Priority, Reporter, SlaId, Verdict
from oncall.incidents.values import Severity
from oncall.kit.errors import Invalid
from oncall.kit.ids import IncidentId, ServiceId


class CannotLog(Invalid):
    """It names what does not exist, or what is obligatory is missing: all of it at once."""


class CannotGrade(Invalid):
    """A priority is set by hand, or follows from what is said of the incident."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What is known of an incident that a person logs."""

    title: str
    service_id: ServiceId
    description: str = ""
    reporter: Reporter | None = None
    reported_at: datetime | None = None
    noticed_at: datetime | None = None
    category_id: CategoryId | None = None
    grading: Grading = field(default_factory=Grading)
    priority: Priority | None = None
    """Set by hand, whatever the matrix says."""
    priority_reason: str = ""
    severity: Severity = Severity.UNKNOWN
    urgency: Urgency | None = None
    follows_id: IncidentId | None = None
    sla_id: SlaId | None = None
    """What is promised of it; None: what its service says."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A priority by hand with its reason, or what it follows from; what is left out of the grading stays."""

    priority: Priority | None
    reason: str
    changes: dict[str, object]


@dataclass(frozen=True, slots=True)
class Resolution:
    """How it was resolved, and for how long it is watched: as long at least, the same problem reopens it."""

    code: str | None = None
    text: str = ""
    monitored: timedelta | None = None

    @property
    def says_something(self) -> bool:
        return self.code is not None or bool(self.text) or self.monitored is not None


@dataclass(frozen=True, slots=True)
class Said:
    """What the reporter says of the resolution, as recorded by somebody."""

    verdict: Verdict
    text: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """What is said when it is closed: the category it turned out to be, and whatever was still missing."""

    category_id: CategoryId | None = None
    resolution: Resolution = field(default_factory=Resolution)
