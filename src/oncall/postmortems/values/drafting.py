"""What is known of an incident when its postmortem is drafted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from oncall.incidents.values import Incident
from oncall.notifications.values import Notification
from oncall.timeline.values import Recorded


@dataclass(frozen=True, slots=True)
class Filed:
    """What the service desk keeps of it, in words; empty: nobody said it."""

    description: str = ""
    category: str = ""
    impact: str = ""
    affected_users: int | None = None
    reporter: str = ""
    noticed_at: datetime | None = None
    resolution: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One incident with all that happened to it. `began_at` is the first event's instant by its monitor's clock; `is_cut`: there are more
    entries than these."""

    incident: Incident
    service: str
    owner: str | None
    alerts: int
    began_at: datetime | None
    entries: Sequence[Recorded]
    is_cut: bool
    messages: Sequence[Notification]
    filed: Filed = Filed()
