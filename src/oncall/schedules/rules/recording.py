"""What is written down of who was on call, so that no later edit, removed user or new release changes the past."""

from bisect import bisect_right
from collections.abc import Iterable

from oncall.kit.ids import ScheduleId
from oncall.schedules.values import OnCall, Record, RecordEntry


def is_recorded(record: Record, t: int) -> bool:
    return record.start <= t < record.end and bool(record.starts) and record.starts[0] <= t


def recorded_at(record: Record, t: int) -> OnCall:
    """The entry that holds `t`, which must be recorded."""
    return record.entries[bisect_right(record.starts, t) - 1]


def entries_since(last: OnCall | None, spans: Iterable[tuple[int, OnCall]], schedule_id: ScheduleId) -> list[RecordEntry]:
    """What must be added to a record whose newest entry is `last`: an entry wherever people or reasons change."""
    added: list[RecordEntry] = []
    for start, on_call in spans:
        if on_call != last:
            added.append(RecordEntry(schedule_id, start, on_call))
            last = on_call
    return added
