"""What silences and maintenance windows look like over REST: what is shown can be sent back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema, model_validator

from oncall.kit.actors import Actor
from oncall.kit.errors import Invalid
from oncall.kit.http import Duration, Instant, Name, Shown, Strict
from oncall.kit.ids import ServiceId
from oncall.kit.matchers import Matcher, Matchers, Operator, parse_matchers
from oncall.schedules.schemas.layers import WallTime
from oncall.silences.values import Once, Recurring, Silence, SilenceId, SilenceState, Window, WindowId, WindowKind

MOST_MATCHERS = 100
MOST_SERVICES = 1_000


def _matchers(value: object) -> Matchers:
    """Texts as Alertmanager reads them, or the objects of its API; in a list, or one text."""
    try:
        found = tuple(matcher for one in (value if isinstance(value, list | tuple) else [value]) for matcher in _matcher(one))
    except Invalid as error:
        raise ValueError(str(error)) from error
    if len(found) > MOST_MATCHERS:
        raise ValueError(f"may be {MOST_MATCHERS} matchers at most")
    return found


def _matcher(one: object) -> Matchers:
    match one:
        case Matcher():
            return (one,)
        case str():
            return parse_matchers(one)
        case {"name": str(name), "value": str(value), **more} if more.keys() <= {"isRegex", "isEqual"}:
            signs = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
            return (Matcher(name, Operator(signs[more.get("isEqual", True) is True, more.get("isRegex", False) is True]), value),)
        case _:
            raise ValueError('each must be a text such as "severity=\\"critical\\"", or an object with name, value, isRegex and isEqual')


def _texts(matchers: Matchers) -> list[str]:
    return [str(matcher) for matcher in matchers]


MatcherList = Annotated[
    Any,
    BeforeValidator(_matchers),
    PlainSerializer(_texts, return_type=list[str]),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "examples": [['severity="warning"', 'job=~"api.*"']]}),
]
"""Label matchers with Alertmanager's grammar; all of them must match."""

Comment = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class SilenceIn(Strict):
    """`starts_at` is now where it is left out."""

    matchers: MatcherList
    starts_at: Instant | None = None
    ends_at: Instant
    comment: Comment
    service_id: UUID | None = None
    matches_everything: bool = False

    def to_silence(self, id: SilenceId, author: Actor, *, now: datetime) -> Silence:
        service = ServiceId(self.service_id) if self.service_id else None
        return Silence(id, self.matchers, self.starts_at or now, self.ends_at, self.comment, author, now, service, self.matches_everything)


class ExtendIn(Strict):
    """Until when, or by how much longer than now planned."""

    ends_at: Instant | None = None
    by: Duration | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.ends_at is None) == (self.by is None):
            raise ValueError("give either ends_at or by")
        return self

    def end(self, planned: datetime) -> datetime:
        return self.ends_at if self.ends_at is not None else planned + (self.by or timedelta(0))


class By(Shown):
    kind: str
    id: UUID | None
    name: str


class SilenceOut(Shown):
    id: UUID
    state: SilenceState
    matchers: MatcherList
    starts_at: Instant
    ends_at: Instant
    comment: str
    author: By
    service_id: UUID | None
    matches_everything: bool
    created_at: Instant

    @classmethod
    def of(cls, silence: Silence, *, now: datetime) -> Self:
        return cls(
            id=silence.id,
            state=silence.state(now),
            matchers=silence.matchers,
            starts_at=silence.starts_at,
            ends_at=silence.ends_at,
            comment=silence.comment,
            author=By.model_validate(silence.author),
            service_id=silence.service_id,
            matches_everything=silence.matches_everything,
            created_at=silence.created_at,
        )


class OnceShape(Strict):
    starts_at: Instant
    ends_at: Instant


class RecurringShape(Strict):
    """`starts_at` is the first start, on the wall clock of the zone, without an offset; `rrule` as in RFC 5545."""

    starts_at: WallTime
    time_zone: Name
    rrule: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] = Field(examples=["FREQ=WEEKLY;BYDAY=SU"])
    duration: Duration


class WindowIn(Strict):
    """Planned `once`, or `recurring`; it concerns the services, or what the matchers match; both say both. A `freeze` holds nothing."""

    name: Name
    description: Annotated[str, StringConstraints(max_length=2_000)] = ""
    kind: WindowKind = WindowKind.MAINTENANCE
    service_ids: Annotated[Sequence[UUID], Field(max_length=MOST_SERVICES)] = ()
    matchers: MatcherList = ()
    once: OnceShape | None = None
    recurring: RecurringShape | None = None

    @model_validator(mode="after")
    def _planned(self) -> Self:
        if (self.once is None) == (self.recurring is None):
            raise ValueError("say when: give either once or recurring")
        return self

    def to_window(self, id: WindowId) -> Window:
        when: Once | Recurring
        if self.once is not None:
            when = Once(self.once.starts_at, self.once.ends_at)
        else:
            assert self.recurring is not None  # noqa: S101 — one of the two is there
            of = self.recurring
            when = Recurring(of.starts_at, of.time_zone, of.rrule.removeprefix("RRULE:"), of.duration)
        services = tuple(ServiceId(id) for id in sorted(set(self.service_ids)))
        return Window(id, self.name, self.kind, when, services, self.matchers, self.description)


class WindowOut(Shown):
    id: UUID
    name: str
    description: str
    kind: WindowKind
    service_ids: Sequence[UUID]
    matchers: MatcherList
    once: OnceShape | None
    recurring: RecurringShape | None

    @classmethod
    def of(cls, window: Window) -> Self:
        when = window.when
        return cls(
            id=window.id,
            name=window.name,
            description=window.description,
            kind=window.kind,
            service_ids=window.service_ids,
            matchers=window.matchers,
            once=OnceShape(starts_at=when.starts_at, ends_at=when.ends_at) if isinstance(when, Once) else None,
            recurring=RecurringShape(starts_at=when.starts_at, time_zone=when.time_zone, rrule=when.rrule, duration=when.duration)
            if isinstance(when, Recurring)
            else None,
        )


class OccurrenceOut(Shown):
    """One stretch of a window, `[start, end)`."""

    window_id: UUID
    name: str
    kind: WindowKind
    service_ids: Sequence[UUID]
    start: Instant
    end: Instant
