"""What the outage of a service does to others, and what its own may come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oncall.contacts.values import Urgency
from oncall.incidents.values import Severity, Status
from oncall.kit.ids import IncidentId, ServiceId
from oncall.services.values.dependencies import Surroundings

MOST_OPEN = 10
"""Open incidents that are told of one service, the newest; how many there are, `GET /incidents` says."""


@dataclass(frozen=True, slots=True)
class OpenIncident:
    id: IncidentId
    number: int
    title: str
    status: Status
    severity: Severity
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Impact:
    """Who depends on a service, on what it depends, and what is open there and on itself."""

    around: Surroundings
    open: Mapping[ServiceId, Sequence[OpenIncident]]
