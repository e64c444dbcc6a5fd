"""What merging and splitting incidents is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from oncall.incidents.values import Incident, Severity
from oncall.kit.errors import Conflict, Invalid
from oncall.kit.ids import AlertId, ServiceId

MOST_AT_ONCE = 100
"""Incidents that are merged, and alerts that are split off, with one request."""


class NotMergeable(Conflict):
    """These incidents cannot become one as they are now."""

    code = "not_mergeable"
    title = "Cannot be merged"


class NotSplittable(Invalid):
    """These alerts cannot leave their incident."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """An alert that is to leave its incident."""

    id: AlertId
    service_id: ServiceId
    dedup_key: str
    is_open: bool
    severity: Severity
    summary: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The incident that took in others, as it is now, and those that this call merged into it."""

    incident: Incident
    sources: Sequence[Incident]
    cancelled: int
