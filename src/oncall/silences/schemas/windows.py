"""What maintenance windows look like over REST."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints

from oncall.kit.http import Duration, Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import ServiceId
from oncall.silences.schemas.fields import AuthorShown, Confirmed, Description, MatchersIn, matchers_of, texts_of
from oncall.silences.values.muting import State
from oncall.silences.values.windows import Occurrence, Once, Recurring, Window, WindowId, WindowKind, WindowSettings


def _written_out(value: Any) -> Any:
    """An instant or a local time is a text; pydantic would make seconds since 1970 of a number."""
    if not isinstance(value, str) or value.strip().replace(".", "").lstrip("+-").isdecimal():
        raise ValueError('must be an instant such as "2026-03-08T09:00:00Z", or with an rrule a local time such as "2026-03-08T09:00:00"')
    return value


def _sensible(value: datetime) -> datetime:
    naive = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if not datetime(1971, 1, 1) <= naive <= datetime(2200, 1, 1):  # noqa: DTZ001 — a bound for both kinds
        raise ValueError("must lie between 1971 and 2200")
    if value.tzinfo is None and value.microsecond:
        raise ValueError("must be a whole second")
    return value


def _shown(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    text = value.astimezone(UTC).isoformat(timespec="microseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


StartShown = Annotated[datetime, PlainSerializer(_shown, return_type=str)]
Start = Annotated[StartShown, BeforeValidator(_written_out), AfterValidator(_sensible)]
"""An instant, or on the clocks of a `time_zone`."""


class WindowIn(Strict):
    """For alerts of `service_ids` that all `matchers` match; either may be left out, not both.

    Once: `starts_at` and `ends_at`, instants. Recurring: `rrule` (RFC 5545), `time_zone`, `starts_at` as the clocks there show it,
    `duration`, and `until` if no occurrence is to begin after it. A `freeze` is shown in the calendar and mutes nothing.
    """

    kind: WindowKind = WindowKind.MAINTENANCE
    name: Name
    description: Description = ""
    service_ids: Annotated[list[ServiceId], Field(default_factory=list, max_length=1000)]
    matchers: MatchersIn = Field(default_factory=list)
    matches_everything: Confirmed = False
    starts_at: Start
    ends_at: Instant | None = None
    rrule: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    time_zone: Annotated[str, StringConstraints(max_length=64)] | None = None
    duration: Duration | None = None
    until: Instant | None = None
    public: bool = Field(False, description="Show its name, description and times on the status pages of its services.")

    def settings(self) -> WindowSettings:
        return WindowSettings(
            self.kind,
            self.name,
            self.description,
            tuple(sorted(set(self.service_ids))),
            matchers_of(self.matchers),
            self.starts_at,
            self.ends_at,
            self.rrule,
            self.time_zone,
            self.duration,
            self.until,
            self.matches_everything,
            self.public,
        )


class WindowEdit(WindowIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    author: ReadOnly = None
    created_at: ReadOnly = None
    state: ReadOnly = None
    occurrence: ReadOnly = None
    ended_early: ReadOnly = None


class OccurrenceShown(Shown):
    start: Instant
    end: Instant


class WindowShown(Shown):
    """`occurrence` is the one that runs, else the next; `ended_early` are the instants at which one was ended."""

    id: WindowId
    kind: WindowKind
    name: str
    description: str
    service_ids: list[ServiceId]
    matchers: list[str]
    matches_everything: bool
    starts_at: StartShown
    ends_at: Instant | None
    rrule: str | None
    time_zone: str | None
    duration: Duration | None
    until: Instant | None
    public: bool
    state: State
    occurrence: OccurrenceShown | None
    ended_early: list[Instant]
    author: AuthorShown
    created_at: Instant

    @classmethod
    def of(cls, window: Window, occurrence: Occurrence | None, *, state: State, matches_everything: bool) -> Self:
        plan = window.plan
        once = plan if isinstance(plan, Once) else None
        recurring = plan if isinstance(plan, Recurring) else None
        return cls(
            id=window.id,
            kind=window.kind,
            name=window.name,
            description=window.description,
            service_ids=list(window.service_ids),
            matchers=texts_of(window.matchers),
            matches_everything=matches_everything,
            starts_at=plan.starts_at,
            ends_at=once.ends_at if once else None,
            rrule=recurring.rrule if recurring else None,
            time_zone=recurring.time_zone if recurring else None,
            duration=recurring.duration if recurring else None,
            until=recurring.until if recurring else None,
            public=window.public,
            state=state,
            occurrence=OccurrenceShown.model_validate(occurrence) if occurrence else None,
            ended_early=list(window.ended_early),
            author=AuthorShown.of(window.author),
            created_at=window.created_at,
        )


class CalendarEntry(Shown):
    """One occurrence, `[start, end)`; `ended_early` if somebody ended it before its time."""

    window_id: WindowId
    kind: WindowKind
    name: str
    start: Instant
    end: Instant
    ended_early: bool
    service_ids: Sequence[ServiceId]
    matchers: list[str]

    @classmethod
    def of(cls, window: Window, occurrence: Occurrence) -> Self:
        return cls(
            window_id=window.id,
            kind=window.kind,
            name=window.name,
            start=occurrence.start,
            end=occurrence.end,
            ended_early=occurrence.end < occurrence.planned_end,
            service_ids=window.service_ids,
            matchers=texts_of(window.matchers),
        )
