"""What is counted of incidents and people, and by what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oncall.kit.errors import Invalid
from oncall.kit.ids import UserId

MOST_GROUPS = 1_000
MOST_LINES = 10_000
"""Of people, each in each week."""
USUAL = timedelta(days=30)
LONGEST = timedelta(days=366)
AGAIN_WITHIN = timedelta(days=7)
"""What comes again no later than that after it was resolved is a repeat, unless another time is said."""


class BadRange(Invalid):
    """A report about no time, or too much of it; the text says what to ask instead."""


class By(StrEnum):
    """What incidents are told apart by."""

    WEEK = "week"
    SERVICE = "service"
    URGENCY = "urgency"
    SEVERITY = "severity"
    PRIORITY = "priority"
    CATEGORY = "category"
    CAUSE = "cause"


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    SVG = "svg"


@dataclass(frozen=True, slots=True)
class Spread:
    """In seconds: half took no longer than `median`, nineteen in twenty no longer than `p95`."""

    median: int
    p95: int


@dataclass(frozen=True, slots=True)
class Group:
    """Incidents that have a key in common; the one without a key is all of them. Spreads are of those that got so far."""

    key: str | None
    incidents: int
    open: int
    acknowledged: int
    no_action: int
    reopened: int
    pages: int
    acknowledge: Spread | None
    resolve: Spread | None
    acknowledged_late: int
    resolved_late: int
    acknowledged_met: int = 0
    resolved_met: int = 0
    told: int = 0
    first_update: Spread | None = None
    told_met: int = 0
    told_late: int = 0
    repeated: int = 0
    name: str = ""
    """The key, as people say it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Groups by their key, and all of them together. `is_cut`: there are more than are listed."""

    since: datetime
    until: datetime
    by: By
    groups: Sequence[Group]
    total: Group
    is_cut: bool


class Apart(StrEnum):
    """What people's loads are told apart by, besides the people."""

    PERSON = "person"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Load:
    """What one person was paged, in one week (its Monday) or in the whole range; `nights` are pages from 22:00 to 06:00 by their own
    clock."""

    user_id: UserId
    name: str
    pages: int
    incidents: int
    nights: int
    week: str | None = None


@dataclass(frozen=True, slots=True)
class Loads:
    """`is_cut`: there are more than are listed."""

    since: datetime
    until: datetime
    apart: Apart
    lines: Sequence[Load]
    is_cut: bool
