"""What changes who is on call beside the rotation, as its author wrote it: overrides, temporary schedules, unavailability."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.schedules.values.definition import ShiftDefinition
from oncall.schedules.values.schedule import LayerId, Override, OverrideId, TemporaryId, UnavailabilityId

CalendarSourceId = NewType("CalendarSourceId", UUID)
CalendarFeedId = NewType("CalendarFeedId", UUID)


@dataclass(frozen=True, slots=True)
class AuthoredOverride:
    """An override with who made it and why; one that was taken back ends then."""

    override: Override
    reason: str
    author: str
    created_at: datetime
    removed_at: datetime | None = None

    @property
    def id(self) -> OverrideId:
        return self.override.id


@dataclass(frozen=True, slots=True)
class AuthoredTemporary:
    """For `[start, end)` exactly these shifts."""

    id: TemporaryId
    start: datetime
    end: datetime
    shifts: tuple[ShiftDefinition, ...]
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AuthoredUnavailability:
    """A user's "not me" for `[start, end)`; from a calendar if it has a source, whose own name for it is `uid`."""

    id: UnavailabilityId
    user_id: UserId
    start: datetime
    end: datetime
    cover_user_id: UserId | None
    reason: str
    author: str
    created_at: datetime
    source_id: CalendarSourceId | None = None
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class CalendarSource:
    """A calendar of others that is read again and again: a user's absences, or the fixed shifts of a layer.

    The last good copy counts until a new one is read; `last_error` says why the newest try failed, `notes` what was left out and why.
    """

    id: CalendarSourceId
    url: str
    user_id: UserId | None
    schedule_id: ScheduleId | None
    layer_id: LayerId | None
    created_at: datetime
    next_at: datetime | None
    failures: int = 0
    last_error: str | None = None
    notes: tuple[str, ...] = ()
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CalendarFeed:
    """A calendar of ours that whoever holds its token may read."""

    id: CalendarFeedId
    name: str
    schedule_id: ScheduleId | None
    user_id: UserId | None
    team_id: TeamId | None
    created_at: datetime
    revoked_at: datetime | None = None
