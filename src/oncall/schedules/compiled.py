"""Who is on call as a list of handoffs in UTC, so that a look-up is one bisection; made from the resolver and equal to it."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime

from oncall.kit.zones import to_seconds
from oncall.schedules.rules import on_call_at, render
from oncall.schedules.values import OnCall, Schedule, Tile


@dataclass(frozen=True, slots=True)
class CompiledSchedule:
    """Entry i holds from `starts[i]` to the next start (seconds since 1970); outside the horizon the resolver answers.

    The first and the last entry keep their own start and end where those lie outside the horizon.
    """

    version: int
    horizon_start: datetime
    horizon_end: datetime
    starts: tuple[int, ...]
    entries: tuple[Tile, ...]
    schedule: Schedule = field(repr=False)

    def at(self, at: datetime) -> OnCall:
        """Who is on call at an instant, and why."""
        tile = self.tile_at(at)
        return on_call_at(self.schedule, at=at) if tile is None else tile.on_call

    def tile_at(self, at: datetime) -> Tile | None:
        """The entry that holds an instant; None outside the horizon."""
        if not self.horizon_start <= at < self.horizon_end:
            return None
        return self.entries[bisect_right(self.starts, to_seconds(at)) - 1]


def compile_schedule(schedule: Schedule, *, version: int, horizon_start: datetime, horizon_end: datetime) -> CompiledSchedule:
    """Render the horizon once. `schedule` must have been loaded for a year more on both sides, and for every instant that will be asked."""
    tiles = tuple(render(schedule, horizon_start, horizon_end, overflow=True))
    return CompiledSchedule(version, horizon_start, horizon_end, tuple(to_seconds(tile.start) for tile in tiles), tiles, schedule)
