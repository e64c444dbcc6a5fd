"""What an edit would change."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oncall.kit.ids import UserId
from oncall.schedules.values.advice import Advice
from oncall.schedules.values.answers import Tile
from oncall.schedules.values.schedule import People


@dataclass(frozen=True, slots=True)
class Difference:
    """For `[start, end)` other people would be on call."""

    start: datetime
    end: datetime
    before: People
    after: People


@dataclass(frozen=True, slots=True)
class Gain:
    """What somebody's time on call is and would be, and which spans they would gain and lose."""

    user_id: UserId
    before: timedelta
    after: timedelta
    gained: tuple[tuple[datetime, datetime], ...]
    lost: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """Who is on call throughout a range as things are, who would be, where the two differ, and what is to be said about it."""

    before: tuple[Tile, ...]
    after: tuple[Tile, ...]
    changes: tuple[Difference, ...]
    gains: tuple[Gain, ...]
    warnings: tuple[Advice, ...]
