"""Whether there is always somebody whom a page would reach, and when not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from oncall.contacts.values import Reach, Urgency, Ways
from oncall.desk.values.calendars import Calendar
from oncall.escalation.values import Snapshot
from oncall.kit.ids import ContactMethodId, ScheduleId, ServiceId, TeamId, UserId
from oncall.services.values import Service
from oncall.teams.values import Team

MOST_DAYS = 90
USUAL_DAYS = 30
DAY = timedelta(days=1)


class HoleKind(StrEnum):
    NOBODY = "nobody"
    """No step of the policy, and none of the fallback, reaches a person."""
    QUIET_HOURS = "quiet_hours"
    """At low urgency: whoever would be reached has quiet hours, so the page waits until these end."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is on call in one schedule: `users[i]` from `starts[i]` (seconds since 1970) until the next start."""

    name: str
    starts: tuple[int, ...]
    users: tuple[tuple[UserId, ...], ...]


@dataclass(frozen=True, slots=True)
class Support:
    """The support hours that make a difference, if any do; `decides`: while they run incidents are of high urgency, else of low."""

    hours: Calendar | None = None
    decides: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that says whom a page reaches in a range, gathered before anything is decided."""

    services: Sequence[Service]
    snapshots: Mapping[ServiceId, Snapshot]
    watches: Mapping[ScheduleId, Watch]
    teams: Mapping[TeamId, Team]
    reach: Mapping[UserId, Reach]
    """Of every person, and of every channel under its contact method's own id."""
    channels: Mapping[ContactMethodId, Reach]
    ways: dict[tuple[UserId, Urgency], Ways] = field(default_factory=dict)
    """By which ways each of them is reached, where some of the channels are not set up."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What becomes of an incident that opens at an instant: `kind` None, somebody is reached; else one sentence for each step."""

    kind: HoleKind | None
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """`[start, end)` in seconds since 1970, throughout which the same becomes of an incident."""

    start: int
    end: int
    seen: Seen


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch in which an incident of this service, urgency and severities reaches nobody, and why, step by step."""

    service_id: ServiceId
    service: str
    urgency: Urgency
    severities: tuple[str, ...]
    kind: HoleKind
    start: datetime
    end: datetime
    why: tuple[str, ...]

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every hole of a range, by start; none means that somebody is reached at every instant of it."""

    since: datetime
    until: datetime
    services: int
    holes: tuple[Hole, ...]

    def of(self, kind: HoleKind) -> list[Hole]:
        return [hole for hole in self.holes if hole.kind is kind]
