"""Where an open incident stands in the queue, and why."""

from dataclasses import dataclass
from datetime import datetime

from oncall.desk.values import Priority, Promised
from oncall.kit.ids import IncidentId


@dataclass(frozen=True, slots=True)
class Ranked:
    """What its place follows from; `position` counts from 1 over all that are open, or of those services that were asked for."""

    id: IncidentId
    position: int
    priority: Priority | None
    promised: Promised
    affected_users: int | None
    triggered_at: datetime


@dataclass(frozen=True, slots=True)
class Rank:
    """Its place in the queue, with the reasons in the order in which they count."""

    position: int
    reasons: tuple[str, ...]
