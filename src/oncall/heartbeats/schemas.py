"""What heartbeats look like over REST."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from oncall.heartbeats import values
from oncall.heartbeats.values import Heartbeat, HeartbeatSettings, Kind, Recorded, State
from oncall.incidents.values import Severity
from oncall.kit.http import Duration, Instant, Name, ReadOnly, Shown, Strict

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=31)


def _interval(value: timedelta) -> timedelta:
    if not SHORTEST <= value <= LONGEST:
        raise ValueError("must be between PT10S and P31D")
    return value


def _grace(value: timedelta) -> timedelta:
    if value > LONGEST:
        raise ValueError("must be at most P31D")
    return value


def _without_controls(value: str) -> str:
    if any(ord(sign) < 32 and sign not in "\n\r\t" for sign in value):
        raise ValueError("must hold no control characters")
    return value


Label = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
LabelValue = Annotated[str, StringConstraints(max_length=1024), AfterValidator(_without_controls)]
Prose = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_without_controls)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class HeartbeatIn(Strict):
    """It expires when it was silent for `interval` and `grace`, counted from its last check-in; before the first it does not expire.
    `allow_get` lets those check in that can only open an address.
    """

    name: Name = Field(description="Unique in its service.")
    service_id: UUID
    interval: Annotated[Duration, AfterValidator(_interval)] = Field(description="PT10S to P31D.")
    grace: Annotated[Duration, AfterValidator(_grace)] = timedelta(minutes=1)
    severity: Severity = Severity.CRITICAL
    allow_get: bool = False
    description: Prose = ""
    labels: dict[Label, LabelValue] = Field(default_factory=dict, max_length=50)

    def settings(self) -> HeartbeatSettings:
        return HeartbeatSettings(self.name, self.interval, self.grace, self.severity, self.allow_get, self.description, self.labels)


class HeartbeatEdit(HeartbeatIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    key_prefix: ReadOnly = None
    created_at: ReadOnly = None
    state: ReadOnly = None
    last_check_in_at: ReadOnly = None
    expires_at: ReadOnly = None
    paused: ReadOnly = None


class PauseIn(Strict):
    reason: Reason
    until: Instant = Field(description="In the future, at most 90 days ahead; then the clock starts anew.")


class Pause(Shown):
    reason: str
    until: Instant
    by: str


class HeartbeatOut(Shown):
    id: UUID
    name: str
    service_id: UUID
    interval: Duration
    grace: Duration
    severity: Severity
    allow_get: bool
    description: str
    labels: dict[str, str]
    key_prefix: str
    created_at: Instant
    state: State = Field(description="new has never checked in, and does not expire.")
    last_check_in_at: Instant | None
    expires_at: Instant | None = Field(description="If nothing comes until then; null for one that is new or expired.")
    paused: Pause | None

    @classmethod
    def of(cls, beat: Heartbeat, *, state: State, expires_at: datetime | None) -> Self:
        settings = beat.settings
        return cls(
            id=beat.id,
            name=settings.name,
            service_id=beat.service_id,
            interval=settings.interval,
            grace=settings.grace,
            severity=settings.severity,
            allow_get=settings.allow_get,
            description=settings.description,
            labels=dict(settings.labels),
            key_prefix=beat.key_prefix,
            created_at=beat.created_at,
            state=state,
            last_check_in_at=beat.last_check_in_at,
            expires_at=expires_at,
            paused=_shown(beat.pause) if beat.pause and state is State.PAUSED else None,
        )


def _shown(pause: values.Pause) -> Pause:
    return Pause(reason=pause.reason, until=pause.until, by=pause.by)


Url = Annotated[str, Field(examples=["https://oncall.example.com/heartbeats/…"])]


class HeartbeatMade(HeartbeatOut):
    """The only answer that ever holds the key: by itself, and as the address to check in at."""

    key: str
    url: Url


class KeyMade(Shown):
    """The only answer that ever holds this key; the one before it is good for nothing from now on."""

    key_prefix: str
    key: str
    url: Url


class HistoryOut(Shown):
    """Something that happened to a heartbeat, or one of its latest check-ins."""

    id: UUID
    at: Instant
    kind: Kind
    reason: str
    by: str = Field(description="Who did it; of a check-in how it came.")

    @classmethod
    def of(cls, recorded: Recorded) -> Self:
        change = recorded.change
        return cls(id=recorded.id, at=change.at, kind=change.kind, reason=change.reason, by=change.by)


def address_of(key: str, base_url: str) -> str:
    """Where whoever has the key checks in."""
    return f"{base_url}/heartbeats/{key}"
