"""What those who were paged for an incident are told has become of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oncall.kit.ids import IncidentId, NotificationId, UserId

UPDATE_LASTS = timedelta(minutes=15)
"""A page update that could not leave for so long is not sent any more."""

UPDATES_AT_ONCE = 8
"""Page updates of one channel that are on the wire at once: most slots are left to pages, whatever hangs."""


@dataclass(frozen=True, slots=True)
class News:
    """What has become of an incident. `state` is one word for machines, `said` and `reason` are for people; `by` did it, and knows."""

    incident_id: IncidentId
    state: str
    said: str
    reason: str
    by: UserId | None


@dataclass(frozen=True, slots=True)
class Paged:
    """Somebody whom a page of this incident left for, over this contact method, last at `paged_at`."""

    incident_id: IncidentId
    user_id: UserId
    contact_method_id: UUID
    paged_at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """An update that was made before: it left us at `left_at`, is still to leave, or is on the wire, and that also if it was cancelled
    meanwhile.
    """

    id: NotificationId
    incident_id: IncidentId
    contact_method_id: UUID
    said: str
    left_at: datetime | None
    is_to_leave: bool
    is_leaving: bool


@dataclass(frozen=True, slots=True)
class About:
    """How people call the incident, as its last page said."""

    number: int
    title: str
    service: str
