"""Changes for a service that would have spared people pages, each tried on what really happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oncall.services.values import Service
from oncall.silences.values.windows import WindowSettings

MOST_EVENTS = 10_000
"""A replay of each change looks at all of them, so fewer than one alone may."""

LATEST = timedelta(minutes=30)
"""By how much at most a page for what people acted on may be later."""


@dataclass(frozen=True, slots=True)
class Change:
    """One setting of a service as it might be, or a maintenance window more."""

    setting: str
    service: Service
    """The service with it."""
    sentence: str
    window: WindowSettings | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """What a change would have come to, by replay: pages that would not have been made, pages that would have been made besides, and
    incidents that people acted on and that would have paged later, by `latest` at most.
    """

    change: Change
    saved: int
    missed: int
    later: int
    latest: timedelta


@dataclass(frozen=True, slots=True)
class Rejected:
    """A change that is not to be made, and why."""

    change: Change
    why: str


@dataclass(frozen=True, slots=True)
class Advised:
    """What helps most first. `incidents`: those that opened in `[since, until)` and are over; `acted`: those that people acted on."""

    since: datetime
    until: datetime
    service: Service
    incidents: int
    acted: int
    advice: Sequence[Advice]
    rejected: Sequence[Rejected]
    windows: Sequence[WindowSettings]
    """Those that there are, which a replay of one more has beside it."""
