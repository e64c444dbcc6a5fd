"""What a silence and a maintenance window are, and what they do to an alert."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.errors import Invalid, NotFound
from oncall.kit.ids import AlertId, ServiceId
from oncall.kit.matchers import Matchers
from oncall.schedules.values.calendars import Recurrence

SilenceId = NewType("SilenceId", UUID)
WindowId = NewType("WindowId", UUID)

LONGEST_SILENCE = timedelta(days=366)
MUTING = "muting"
"""The topic of `kit.compiled` under which what mutes is kept."""


class UnknownSilence(NotFound):
    """There is no silence with this id."""


class UnknownWindow(NotFound):
    """There is no maintenance window with this id."""


class BadSilence(Invalid):
    """A silence that cannot be."""


class MatchesEverything(Invalid):
    """Matchers that would mute every alert there is, and nobody said that this is meant."""

    code = "matches_everything"
    title = "Matches everything"


class BadWindow(Invalid):
    """A maintenance window that cannot be."""


class NotRunning(Invalid):
    """Only a window that is running can be ended early."""

    code = "not_running"
    title = "Not running"


class SilenceState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """While it is active, alerts that all matchers match page nobody; of one service, where it names one."""

    id: SilenceId
    matchers: Matchers
    starts_at: datetime
    ends_at: datetime
    comment: str
    author: Actor
    created_at: datetime
    service_id: ServiceId | None = None
    matches_everything: bool = False
    """Whoever made it said that it is meant to."""
    version: int = 1

    def state(self, now: datetime) -> SilenceState:
        if now >= self.ends_at:
            return SilenceState.EXPIRED
        return SilenceState.ACTIVE if now >= self.starts_at else SilenceState.PENDING


class WindowKind(StrEnum):
    """A change freeze mutes nothing: it is only shown."""

    MAINTENANCE = "maintenance"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class Once:
    """`[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Recurring:
    """From each start of an RRULE (RFC 5545) on, for a `duration`: `starts_at` is the first start, on the wall clock of the zone."""

    starts_at: datetime
    time_zone: str
    rrule: str
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """Planned work on some services, or on what its matchers match; both say both."""

    id: WindowId
    name: str
    kind: WindowKind
    when: Once | Recurring
    service_ids: tuple[ServiceId, ...] = ()
    matchers: Matchers = ()
    description: str = ""
    ended: tuple[Once, ...] = ()
    """Occurrences that were ended early, as they were then."""
    recurrence: Recurrence | None = None
    """What the RRULE says; of a recurring one."""
    until: datetime | None = None
    """The last instant at which an occurrence may start: the RRULE's UNTIL."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What of an open alert decides whether it is muted; `labels` are what matchers see of it."""

    id: AlertId
    service_id: ServiceId
    labels: Mapping[str, str]
    opened_at: datetime


class MutingKind(StrEnum):
    SILENCE = "silence"
    MAINTENANCE_WINDOW = "maintenance_window"


@dataclass(frozen=True, slots=True)
class Muting:
    """One thing that mutes one alert, until when, and the sentence that says so."""

    kind: MutingKind
    id: UUID
    until: datetime
    reason: str
