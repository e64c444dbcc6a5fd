"""How a service's events become incidents that page: grouping, flapping, thresholds, delay (`semantics.md` §2)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=7)
"""Of every window, wait and age here."""

MOST = 1_000
"""The highest number that may be counted to; as many alerts as one incident holds."""

MOST_NAMES = 20
"""Labels that one grouping key is made of."""

GROUP_MAX_AGE = timedelta(hours=24)


class GroupingType(StrEnum):
    """What the alerts of one incident have in common: the values of labels, the time, or only the service."""

    LABELS = "labels"
    WINDOW = "window"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which alerts share an incident; a service without one has an incident for each alert.

    `labels` are for the type of that name, in this order; `window` for the other, fixed from the first alert on.
    """

    type: GroupingType
    labels: tuple[str, ...] = ()
    window: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Flapping:
    """An alert that changed more than `changes` times `within` this time flaps, until it has not changed for `settle`."""

    changes: int
    within: timedelta
    settle: timedelta


@dataclass(frozen=True, slots=True)
class Threshold:
    """Page only when `count` triggers came `within` this time; what is critical pages at once, unless `critical`."""

    count: int
    within: timedelta
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """Page only what is still open after this `wait`; what is critical pages at once, unless `critical`."""

    wait: timedelta
    critical: bool = False
