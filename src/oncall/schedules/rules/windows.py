"""When a layer is open: weekly windows of wall time. They cut shifts short and never move a handoff."""

from collections.abc import Iterator, Sequence

from oncall.kit.zones import DAY, WEEK, mono, resolve
from oncall.schedules.rules.rotations import THURSDAY
from oncall.schedules.values import Window


def is_open(windows: Sequence[Window], zone: str, t: int) -> bool:
    """Whether instant `t` lies in any of the windows; in none when there are none."""
    now = mono(t, zone) + THURSDAY * DAY
    return any((now - window.day * DAY - window.start) % WEEK < window.length for window in windows)


def occurrences(windows: Sequence[Window], zone: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The intervals of the windows that touch `[start, end)`, as instants, not merged; one wholly inside a gap does not occur."""
    for date in range(mono(start, zone) // DAY - 8, mono(end, zone) // DAY + 1):
        for window in windows:
            if window.day == (date + THURSDAY) % 7:
                opens = date * DAY + window.start
                interval = resolve(opens, zone), resolve(opens + window.length, zone)
                if interval[0] < interval[1] and interval[0] < end and interval[1] > start:
                    yield interval
