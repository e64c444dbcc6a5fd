"""When a wall clock somewhere shows certain times. Pure."""

from collections.abc import Iterable
from datetime import UTC, time
from zoneinfo import ZoneInfo

from oncall.kit.zones import DAY, clock_changes, to_instant, to_seconds


def instants_of(zone: str, times: Iterable[time], start: int, end: int) -> set[int]:
    """Every instant in `[start, end)` at which a clock of this zone begins to show one of these times of day, or is put forward or back.

    Some others may be among them: a time is looked for under every offset that the zone has in the range.
    """
    changes = [at for at, _ in clock_changes(zone, start, end)]
    rules = ZoneInfo(zone)
    offsets = {_offset(rules, at) for at in (start, *changes)}
    seconds = {one.hour * 3600 + one.minute * 60 + one.second for one in times}
    days = range(start // DAY - 1, end // DAY + 2)
    shown = (day * DAY + second - offset for day in days for second in seconds for offset in offsets)
    return {at for at in (*changes, *shown) if start <= at < end}


def _offset(rules: ZoneInfo, at: int) -> int:
    local = to_instant(at).astimezone(rules).replace(tzinfo=UTC)
    return to_seconds(local) - at
