"""Somebody of another firm, who has no account and is asked for help."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IncidentId, NotificationId

VendorId = NewType("VendorId", UUID)

MOST_VENDORS = 20
MOST_WORDS = 50
"""Whoever has the link may say so much of one incident."""
LONGEST_WORDS = 5_000


class UnknownVendor(NotFound):
    """Nobody outside was asked by this id."""


class CannotAsk(Invalid):
    """Nobody can be reached like this."""


class TooManyVendors(Conflict):
    """As many were asked as may be."""

    code = "too_many_vendors"
    title = "Too many asked"


class VendorState(StrEnum):
    ASKED = "asked"
    HAS_IT = "has_it"
    SOLVED = "solved"


class Say(StrEnum):
    """What whoever has the link may say, and nothing else."""

    NOTE = "note"
    HAS_IT = "has_it"
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Vendor:
    """Whom we asked, where their one message went, and how they stand. `words`: how often they have said something."""

    id: VendorId
    incident_id: IncidentId
    name: str
    channel: str
    address: str
    message: str
    asked_by: Actor
    asked_at: datetime
    notification_id: NotificationId
    state: VendorState = VendorState.ASKED
    said_at: datetime | None = None
    words: int = 0
