"""What a heartbeat is, and what can happen to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.incidents.values import Severity
from oncall.kit.errors import Conflict, Invalid, NotFound, Refusal, Unauthorized
from oncall.kit.ids import ServiceId

HeartbeatId = NewType("HeartbeatId", UUID)

CHECK_INS_KEPT = 100
"""The newest ones of each heartbeat; what they changed is kept for ever."""

LONGEST_PAUSE = timedelta(days=90)

UNHEARD_AFTER = timedelta(seconds=10)
"""How long no node may have said that it takes check-ins before that counts as an outage of ours."""


class UnknownHeartbeat(NotFound):
    """There is no heartbeat with this id."""


class UnknownHeartbeatKey(Unauthorized):
    """No heartbeat has this key."""

    def __init__(self) -> None:
        super().__init__("No heartbeat has this key: copy the address again, or rotate the key for a new one.")


class GetNotAllowed(Refusal):
    """Whatever opens addresses by itself must not keep a dead job alive."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"

    def __init__(self) -> None:
        super().__init__("Check-ins are posted. This heartbeat takes none by GET; allow_get lets those in that can only open an address.")


class NameTaken(Conflict):
    """Within a service a heartbeat is known by its name."""

    code = "exists"
    title = "Already exists"


class WrongOwner(Invalid):
    """A heartbeat names a service that does not exist, or another one than its own."""


class WrongPause(Invalid):
    """A pause must end, and not too far ahead."""


class State(StrEnum):
    """As people see it; `new` has never checked in and does not expire."""

    NEW = "new"
    HEALTHY = "healthy"
    EXPIRED = "expired"
    PAUSED = "paused"


class Kind(StrEnum):
    """What happened to a heartbeat; a mere check-in is the only one that is not kept for ever."""

    CREATED = "created"
    CHECKED_IN = "checked_in"
    FIRST_CHECK_IN = "first_check_in"
    EXPIRED = "expired"
    RECOVERED = "recovered"
    PAUSED = "paused"
    RESUMED = "resumed"
    KEY_ROTATED = "key_rotated"
    EXCUSED = "excused"


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing expires from `since` to `until`, for this reason."""

    since: datetime
    until: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class HeartbeatSettings:
    """What a heartbeat shall be, as somebody who may edit it says."""

    name: str
    interval: timedelta
    grace: timedelta
    severity: Severity
    allow_get: bool = False
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def patience(self) -> timedelta:
        """How long it may be silent."""
        return self.interval + self.grace


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A monitor that must check in. Its clock runs while `counts_from` is set: from its last check-in or the end of its pause, or from when
    check-ins could be taken again after an outage of ours.
    """

    id: HeartbeatId
    service_id: ServiceId
    settings: HeartbeatSettings
    key_prefix: str
    created_at: datetime
    last_check_in_at: datetime | None = None
    check_in_count: int = 0
    silent_since: datetime | None = None
    """When its clock was started, whatever was excused since."""
    counts_from: datetime | None = None
    unheard: timedelta = timedelta(0)
    """For how long of its silence no check-in could be taken."""
    expired_at: datetime | None = None
    pause: Pause | None = None
    failures: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a heartbeat, with its reason."""

    kind: Kind
    at: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A heartbeat as it is from now on, what happened to it, and summary and reason of an event that opens or resolves its alert."""

    heartbeat: Heartbeat
    changes: tuple[Change, ...] = ()
    opens: tuple[str, str] | None = None
    resolves: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """A check-in as it was stored, for its sender."""

    name: str
    state: State
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A change, or one of the latest check-ins, as people read it."""

    id: UUID
    change: Change
