"""The shape of a layer, taken and shown in the same form."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pydantic import AfterValidator, Field, NaiveDatetime, PlainSerializer, StringConstraints

from oncall.kit.http import Instant, Name, Strict
from oncall.kit.ids import UserId
from oncall.kit.zones import check_zone
from oncall.schedules.values import (
    Arithmetic,
    LayerDefinition,
    TurnCounting,
    Unit,
    Weekday,
)


def _whole(value: datetime) -> datetime:
    if value.microsecond:
        raise ValueError("must be a whole second")
    return value


def _time_of_day(value: time) -> time:
    if value.tzinfo is not None or value.microsecond:
        raise ValueError("must be a wall-clock time in whole seconds, without an offset")
    return value


def _hours_and_minutes(value: time) -> str:
    return value.isoformat(timespec="seconds" if value.second else "minutes")


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(check_zone)]
WholeSecond = Annotated[Instant, AfterValidator(_whole)]
WallTime = Annotated[NaiveDatetime, AfterValidator(_whole)]
"""Local time without an offset, in the layer's zone: 2026-01-05T09:00:00."""
TimeOfDay = Annotated[time, AfterValidator(_time_of_day), PlainSerializer(_hours_and_minutes, return_type=str, when_used="json")]


class Shape(Strict, from_attributes=True):
    """Taken and shown in the same form."""


class UserTurn(Shape):
    type: Literal["user"]
    id: UUID


class VacantTurn(Shape):
    """Nobody has this turn; lower layers show through."""

    type: Literal["vacant"]


class TeamTurn(Shape):
    """Whoever the team's schedule puts on call; without one, all its responders and managers."""

    type: Literal["team"]
    id: UUID


class ScheduleTurn(Shape):
    """Whoever another schedule puts on call; no schedule may contain itself."""

    type: Literal["schedule"]
    id: UUID


Member = Annotated[UserTurn | TeamTurn | ScheduleTurn, Field(discriminator="type")]


class GroupTurn(Shape):
    """All members are on call together."""

    type: Literal["group"]
    members: Annotated[list[Member], Field(max_length=50)]


TurnShape = Annotated[UserTurn | VacantTurn | GroupTurn | TeamTurn | ScheduleTurn, Field(discriminator="type")]


class RotationShape(Shape):
    """Turns of `count` units from `starts_at`, handed off at its time of day; `elapsed` (hours only) ignores changes of the clocks."""

    unit: Unit
    count: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    starts_at: WallTime
    arithmetic: Arithmetic = Arithmetic.WALL
    turn_counting: TurnCounting = TurnCounting.ELAPSED
    active_days: Annotated[list[Weekday], Field(max_length=7)] | None = None


class DailyShape(Shape):
    """Every day; an end not after the start is on the next day, equal times are 24 hours."""

    type: Literal["daily"]
    start_time: TimeOfDay
    end_time: TimeOfDay


class WeeklyShape(Shape):
    """Once a week; equal ends are the whole week."""

    type: Literal["weekly"]
    start_day: Weekday
    start_time: TimeOfDay
    end_day: Weekday
    end_time: TimeOfDay


Restriction = Annotated[DailyShape | WeeklyShape, Field(discriminator="type")]


class FixedShiftShape(Shape):
    """These users are on call together from `start` to `end`."""

    start: WholeSecond
    end: WholeSecond
    user_ids: Annotated[list[UserId], Field(max_length=50)]


class LayerShape(Shape):
    """`precedence` defaults to the position: a later layer wins. `restrictions`: null is always, an empty list never.

    A layer has participants and a rotation, or fixed `shifts`.
    """

    id: UUID | None = None
    name: Name
    precedence: Annotated[int, Field(ge=-1000, le=1000)] | None = None
    time_zone: Zone | None = None
    participants: Annotated[list[TurnShape], Field(max_length=200, default_factory=list)]
    rotation: RotationShape | None = None
    restrictions: Annotated[list[Restriction], Field(max_length=50)] | None = None
    effective_from: WholeSecond | None = None
    effective_until: WholeSecond | None = None
    shifts: Annotated[list[FixedShiftShape], Field(max_length=5000)] | None = None


Layers = Annotated[list[LayerShape], Field(max_length=50)]


def definitions_of(layers: Iterable[LayerShape]) -> tuple[LayerDefinition, ...]:
    return msgspec.convert([layer.model_dump() for layer in layers], tuple[LayerDefinition, ...])
