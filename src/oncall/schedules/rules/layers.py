"""Whose turn it is in one layer, and when that may change."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter

from oncall.kit.ids import UserId
from oncall.kit.zones import to_seconds
from oncall.schedules.rules.rotations import handoff, turn_at
from oncall.schedules.rules.windows import is_open, occurrences
from oncall.schedules.values import FixedShift, Layer, Schedule, Turn

BEGINNING = attrgetter("start")

NOBODY: tuple[int, Turn] = (0, ())


def cover(layer: Layer, t: int) -> tuple[int, Turn]:
    """The turn's number and whom the layer puts on call at `t`: nobody unless bounds, windows and duty time all allow."""
    if (layer.start is not None and t < layer.start) or (layer.end is not None and t >= layer.end):
        return NOBODY
    if layer.windows is not None and not is_open(layer.windows, layer.zone, t):
        return NOBODY
    if not layer.turns:
        return fixed_at(layer.shifts, t, longest=layer.longest)
    k = 0 if layer.rotation is None else turn_at(layer.rotation, layer.zone, t)
    if layer.on_duty is not None and layer.rotation is not None and t - handoff(layer.rotation, layer.zone, k) >= layer.on_duty:
        return NOBODY
    return k, layer.turns[(k + layer.start_index) % len(layer.turns)]


def fixed_at(shifts: Sequence[FixedShift], t: int, *, longest: int | None = None) -> tuple[int, Turn]:
    """Everybody whose fixed shift holds `t`, with the start of the latest of these shifts; `shifts` are ordered by start."""
    first = 0 if longest is None else bisect_right(shifts, t - longest, key=BEGINNING)
    holding = [shift for shift in shifts[first : bisect_right(shifts, t, key=BEGINNING)] if shift.end > t]
    if not holding:
        return NOBODY
    return holding[-1].start, tuple(dict.fromkeys(user for shift in holding for user in shift.users))


def fixed_changes(shifts: Sequence[FixedShift], start: int, end: int) -> Iterator[int]:
    """Where those of the shifts begin and end that touch `(start, end)`."""
    for shift in shifts[: bisect_left(shifts, end, key=BEGINNING)]:
        if shift.end > start:
            yield shift.start
            yield shift.end


def changes(layer: Layer, start: int, end: int) -> Iterator[int]:
    """Every instant in `(start, end)` at which this layer's cover may change, in no order, some more than once."""
    start = start if layer.start is None else max(start, layer.start)
    end = end if layer.end is None else min(end, layer.end)
    if start >= end or not (layer.turns or layer.shifts):
        return
    yield start
    yield end
    yield from fixed_changes(layer.shifts, start, end)
    if layer.windows is not None:
        for interval in occurrences(layer.windows, layer.zone, start, end):
            yield from interval
    if layer.rotation is None:
        return
    k = turn_at(layer.rotation, layer.zone, start)
    while (begins := handoff(layer.rotation, layer.zone, k)) < end:
        yield begins
        if layer.on_duty is not None:
            yield begins + layer.on_duty
        k += 1


def members_of(layer: Layer) -> tuple[UserId, ...]:
    """Everybody who has a turn of their own, in the order of the rotation."""
    return tuple(dict.fromkeys(user for turn in layer.turns for user in turn if not isinstance(user, Schedule)))


def cover_at(layer: Layer, *, now: datetime) -> tuple[UserId, ...]:
    """Whom the layer puts on call by itself."""
    return tuple(user for user in cover(layer, to_seconds(now))[1] if not isinstance(user, Schedule))


def turns_between(layer: Layer, *, now: datetime, until: datetime) -> list[tuple[int, int]]:
    """The turns that begin after `now` and before `until`, as `[start, end)`; those that a gap swallows are left out."""
    if layer.rotation is None:
        return []
    k = turn_at(layer.rotation, layer.zone, to_seconds(now)) + 1
    turns: list[tuple[int, int]] = []
    while (begins := handoff(layer.rotation, layer.zone, k)) < to_seconds(until):
        k += 1
        ends = handoff(layer.rotation, layer.zone, k)
        if begins < ends:
            turns.append((begins, ends))
    return turns
