"""What a page that was sent says afterwards, on channels where a message can be changed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oncall.kit.ids import BundleId, IncidentId, NotificationId
from oncall.notifications.values import Claimed, Page

EDITING = ("slack", "telegram")
"""Channels whose messages can be changed where they are."""

EDITS_AT_ONCE = 8
EDIT_LEASE = timedelta(seconds=30)
EDIT_DELAYS = tuple(timedelta(seconds=s) for s in (2, 5, 15, 30, 60, 120))
"""After each try that came to nothing, or while the message itself is still on the wire; then it is let be."""


@dataclass(frozen=True, slots=True)
class NewStanding:
    """How an incident stands from now on."""

    incident_id: IncidentId
    state: str
    said: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A message that is to say how its incident stands. `changed` is the fence: newer news raise it."""

    notification_id: NotificationId
    state: str
    said: str
    at: datetime
    changed: int
    tries: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One incident of a list, as the list told of it, and how it stands now; None: as it was."""

    bundle_id: BundleId
    page: Page
    now: NewStanding | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The message as it was sent, and what its provider calls it; None as long as that is not known. `listed` is empty of one about one
    incident alone.
    """

    claimed: Claimed
    provider_id: str | None
    sent_at: datetime | None
    listed: tuple[Listed, ...] = ()
