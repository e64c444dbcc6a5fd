"""Who is on call as stretches between handoffs in UTC, each worked out once by the resolver and then found by one bisection."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oncall.schedules.rules import outlook_at
from oncall.schedules.values import Outlook, Schedule

DAY = timedelta(days=1)
MOST = 1_000
"""Stretches that are kept of one schedule."""


@dataclass(slots=True)
class CompiledSchedule:
    """What was asked about so far: stretch i holds in `[starts[i], ends[i])`. The schedule must have been loaded for all that is asked."""

    schedule: Schedule
    starts: list[datetime] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)
    outlooks: list[Outlook] = field(default_factory=list)

    def forget(self, before: datetime) -> None:
        """Nobody asks about what is over."""
        first = next((i for i, end in enumerate(self.ends) if end > before), len(self.ends))
        for stretches in (self.starts, self.ends, self.outlooks):
            del stretches[:first]

    def at(self, at: datetime) -> Outlook:
        """Who is on call at an instant, everybody's shift, and who is next."""
        i = bisect_right(self.starts, at) - 1
        if i >= 0 and at < self.ends[i]:
            return self.outlooks[i]
        if len(self.starts) >= MOST:
            self.starts, self.ends, self.outlooks = [], [], []
            i = -1
        outlook = outlook_at(self.schedule, at=at)
        edges = [outlook.start, outlook.end, *(edge for shift in outlook.shifts for edge in (shift.start, shift.end))]
        # What lies more than a year away comes nearer: it is looked for again the next day.
        since, until = outlook.holds_from, outlook.holds_until
        if None in edges or since is None or until is None:
            since, until = at, min(until or at + DAY, at + DAY)
        self.starts.insert(i + 1, since)
        self.ends.insert(i + 1, until)
        self.outlooks.insert(i + 1, outlook)
        return outlook
