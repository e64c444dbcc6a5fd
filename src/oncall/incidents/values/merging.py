"""Two incidents that are one, and one that is two."""

from dataclasses import dataclass
from datetime import datetime

from oncall.incidents.values import Severity
from oncall.kit.errors import Conflict, Invalid
from oncall.kit.ids import AlertId, IncidentId, ServiceId


class NotMergeable(Conflict):
    """These incidents cannot be merged as they stand; the text says which, and what to do."""

    code = "not_mergeable"
    title = "Cannot be merged"


class CannotMerge(Invalid):
    """What is asked for is no merge."""


class CannotSplit(Invalid):
    """What is asked for is no split."""


@dataclass(frozen=True, slots=True)
class End:
    """The incident that has the alerts of one that was merged."""

    id: IncidentId
    number: int


@dataclass(frozen=True, slots=True)
class Moving:
    """An alert that is to leave its incident, whose `number` that is; `moved_at`: when it came there from another one."""

    id: AlertId
    incident_id: IncidentId
    number: int
    service_id: ServiceId
    is_open: bool
    severity: Severity
    summary: str
    opened_at: datetime
    moved_at: datetime | None
