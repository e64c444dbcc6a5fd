"""How often an incident is to be told of, by its priority, and who owes the next word."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oncall.kit.ids import IncidentId, UserId

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=7)

NOTICE_BEFORE = timedelta(minutes=5)
"""How long before an update is due whoever owes it is reminded."""

MOST_REMINDERS = 4
"""After so many without an update nobody is reminded any more: they have heard it."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """By priority, P1 first; None: nobody is reminded."""

    p1: timedelta | None = timedelta(minutes=30)
    p2: timedelta | None = timedelta(hours=1)
    p3: timedelta | None = timedelta(hours=4)
    p4: timedelta | None = None
    p5: timedelta | None = None
    version: int = 0

    def of(self, priority: str | None) -> timedelta | None:
        every: timedelta | None = getattr(self, priority.lower()) if priority in {"P1", "P2", "P3", "P4", "P5"} else None
        return every


@dataclass(frozen=True, slots=True)
class Clock:
    """When an incident is to be told of next: `every` so long after the last update, or as was `promised`. `reminded` so many times
    since. Without `due_at` nothing is owed: it was said to be resolved.
    """

    incident_id: IncidentId
    since: datetime
    every: timedelta
    due_at: datetime | None
    promised: bool = False
    reminded: int = 0


@dataclass(frozen=True, slots=True)
class Remind:
    """Tell whoever owes the update, and look again at `next_at`."""

    nth: int
    next_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody is told; look again at `next_at`, if ever."""

    next_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Owed:
    """The next update: when, and by whom; nobody in particular where nobody has the incident."""

    due_at: datetime | None
    user_id: UserId | None = None
    user_name: str = ""
