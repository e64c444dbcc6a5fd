"""How long people are on call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from oncall.kit.errors import Invalid
from oncall.kit.ids import UserId
from oncall.reports.values.measures import Apart

MOST_DAYS = 40_000
"""Of all schedules together, that are resolved for one answer: some seconds of one core."""


class TooManySchedules(Invalid):
    """More than is resolved at once; the text says what to ask instead."""


@dataclass(frozen=True, slots=True)
class Duty:
    """How many seconds one person is on call, in one week (its Monday) or in the whole range: on call twice at once counts once. Nights are
    22:00 to 06:00, weekends Saturday and Sunday, by their own clock.
    """

    user_id: UserId
    name: str
    seconds: int
    nights: int
    weekends: int
    week: str | None = None


@dataclass(frozen=True, slots=True)
class Duties:
    """Of everybody who is on call in `[since, until)` in one of so many schedules. `is_cut`: there are more than are listed."""

    since: datetime
    until: datetime
    apart: Apart
    schedules: int
    lines: Sequence[Duty]
    is_cut: bool
