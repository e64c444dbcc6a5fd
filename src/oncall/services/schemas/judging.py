"""How a service judges its events, as REST takes and shows it: the same shape both ways."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field

from oncall.kit.http import Duration, Name, Strict, iso_duration
from oncall.services.values.judging import (
    LONGEST,
    MOST,
    MOST_NAMES,
    SHORTEST,
    Delay,
    Flapping,
    Grouping,
    GroupingType,
    Threshold,
)


def _sensible(value: timedelta) -> timedelta:
    if not SHORTEST <= value <= LONGEST:
        raise ValueError(f"must be between {iso_duration(SHORTEST)} and {iso_duration(LONGEST)}")
    return value


def each_once(names: Sequence[str]) -> Sequence[str]:
    if len(set(names)) < len(names):
        raise ValueError("must name each label once")
    return names


Span = Annotated[Duration, AfterValidator(_sensible)]
"""A window, a wait or an age: long enough to hold something, short enough to be waited for."""

LabelNames = Annotated[Sequence[Name], Field(min_length=1, max_length=MOST_NAMES), AfterValidator(each_once)]
"""Whose values, in this order, a grouping key is made of."""


class ByLabels(Strict):
    """Alerts with the same values of these labels share an incident; a label that is not there is the empty text."""

    type: Literal["labels"]
    labels: LabelNames

    def to_grouping(self) -> Grouping:
        return Grouping(GroupingType.LABELS, tuple(self.labels))


class ByWindow(Strict):
    """Alerts within this time of the first one share an incident."""

    type: Literal["window"]
    window: Span

    def to_grouping(self) -> Grouping:
        return Grouping(GroupingType.WINDOW, window=self.window)


class Together(Strict):
    """All alerts of the service share an incident, as long as it takes more."""

    type: Literal["all"]

    def to_grouping(self) -> Grouping:
        return Grouping(GroupingType.ALL)


GroupingShape = Annotated[ByLabels | ByWindow | Together, Field(discriminator="type")]


def shown_grouping(grouping: Grouping) -> ByLabels | ByWindow | Together:
    match grouping.type:
        case GroupingType.LABELS:
            return ByLabels(type="labels", labels=grouping.labels)
        case GroupingType.WINDOW:
            return ByWindow(type="window", window=grouping.window or SHORTEST)
        case GroupingType.ALL:
            return Together(type="all")


class FlappingShape(Strict):
    """More than `changes` changes `within` this time are flapping, until nothing has changed for `settle`."""

    changes: Annotated[int, Field(strict=True, ge=2, le=MOST)] = 6
    within: Span = timedelta(minutes=30)
    settle: Span = timedelta(minutes=15)

    def to_flapping(self) -> Flapping:
        return Flapping(self.changes, self.within, self.settle)

    @classmethod
    def of(cls, flapping: Flapping) -> Self:
        return cls(changes=flapping.changes, within=flapping.within, settle=flapping.settle)


class ThresholdShape(Strict):
    """Page only when `count` triggers came `within` this time. What is critical does not wait, unless `critical` is true."""

    count: Annotated[int, Field(strict=True, ge=2, le=MOST)]
    within: Span
    critical: Annotated[bool, Field(strict=True)] = False

    def to_threshold(self) -> Threshold:
        return Threshold(self.count, self.within, self.critical)

    @classmethod
    def of(cls, threshold: Threshold) -> Self:
        return cls(count=threshold.count, within=threshold.within, critical=threshold.critical)


class DelayShape(Strict):
    """Page only what is still open after `for`. What is critical does not wait, unless `critical` is true."""

    model_config = ConfigDict(serialize_by_alias=True)

    wait: Annotated[Span, Field(alias="for")]
    critical: Annotated[bool, Field(strict=True)] = False

    def to_delay(self) -> Delay:
        return Delay(self.wait, self.critical)

    @classmethod
    def of(cls, delay: Delay) -> Self:
        return cls.model_validate({"for": delay.wait, "critical": delay.critical})
