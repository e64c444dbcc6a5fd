"""The resolver's public questions: who at t, who throughout a range, and when it changes next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, to_instant, to_seconds
from oncall.schedules.rules.layers import base, changes
from oncall.schedules.rules.overrides import fold
from oncall.schedules.values import LOOK_AHEAD_DAYS, Layer, OnCall, Outlook, Override, Schedule, Shift, Tile

Span = tuple[int, int, OnCall]
"""`[start, end)` in seconds and who is on call throughout."""

View = Callable[[OnCall], object]
"""What of the people on call is being watched for a change."""

# How far to look for a handoff: near ones are found cheaply, and a person who is always on call costs one year of looking.
REACHES = (8 * DAY, 64 * DAY, LOOK_AHEAD_DAYS * DAY)


def on_call_at(schedule: Schedule, *, at: datetime) -> OnCall:
    """Who is on call at one instant, and why. At a handoff it is the incoming person."""
    t = to_seconds(at)
    return fold(base(_layers_at(schedule, t), t), [o for o in schedule.overrides if o.start <= t < o.end])


def render(schedule: Schedule, since: datetime, until: datetime, *, overflow: bool = False) -> list[Tile]:
    """Tiles that partition `[since, until)`, gaps included; neighbours differ in people or in reasons (layer, turn, override).

    With `overflow` the first and the last keep their own start and end where those lie outside, within the look-ahead of a year.
    """
    start, end = to_seconds(since), to_seconds(until)
    spans = list(_merged(sweep(schedule, start, end)))
    if spans and overflow:
        first, last = spans[0], spans[-1]
        spans[0] = (_or(_starts(schedule, start, [_all_of])[0], start), *first[1:])
        spans[-1] = (spans[-1][0], _or(_ends(schedule, end - 1, [_all_of])[0], end), last[2])
    return [Tile(to_instant(start), to_instant(end), on_call) for start, end, on_call in spans]


def joined(tiles: Sequence[Tile]) -> list[Tile]:
    """The same tiles with neighbours made one where the same people follow from the same layers and overrides, whatever the turn."""
    shown: list[Tile] = []
    for tile in tiles:
        if shown and _without_turns(shown[-1].on_call) == _without_turns(tile.on_call):
            shown[-1] = replace(shown[-1], end=tile.end)
        else:
            shown.append(tile)
    return shown


def coverage(tiles: Sequence[Tile]) -> float:
    """The covered part of the rendered range, from 0 to 1; an empty range is covered."""
    total = sum((tile.end - tile.start).total_seconds() for tile in tiles)
    covered = sum((tile.end - tile.start).total_seconds() for tile in tiles if tile.on_call.users)
    return covered / total if total else 1.0


def next_handoff(schedule: Schedule, *, at: datetime) -> datetime | None:
    """The first instant after `at` at which the set of people on call changes; None if it does not within the look-ahead of a year."""
    return _instant(_ends(schedule, to_seconds(at), [_set_of])[0])


def outlook_at(schedule: Schedule, *, at: datetime) -> Outlook:
    """Who is on call at `at`, since when, until when, and who is next; looks a year back and a year ahead."""
    t = to_seconds(at)
    on_call = on_call_at(schedule, at=at)
    views = [_set_of, *(_presence_of(user) for user in on_call.users)]
    starts = [_instant(start) for start in _starts(schedule, t, views)]
    ends = [_instant(end) for end in _ends(schedule, t, views)]
    shifts = tuple(Shift(*of) for of in zip(on_call.users, starts[1:], ends[1:], strict=True))
    return Outlook(on_call, shifts, starts[0], ends[0], None if ends[0] is None else on_call_at(schedule, at=ends[0]))


def sweep(schedule: Schedule, start: int, end: int) -> Iterator[Span]:
    """Every elementary interval of `[start, end)`: who is on call is found once per point at which anything may change."""
    if start >= end:
        return
    waiting = sorted((o for o in schedule.overrides if o.end > start and o.start < end), key=lambda o: o.start, reverse=True)
    edges = {edge for o in waiting for edge in (o.start, o.end)}
    for since, until, layers in _slices(schedule, start, end):
        for layer in layers:
            edges.update(changes(layer, since, until))
    points = sorted(edge for edge in edges if start < edge < end)
    active: list[Override] = []
    for point, following in zip([start, *points], [*points, end], strict=True):
        if active or (waiting and waiting[-1].start <= point):
            while waiting and waiting[-1].start <= point:
                active.append(waiting.pop())
            active = sorted((o for o in active if o.end > point), key=lambda o: o.seq)
        yield point, following, fold(base(_layers_at(schedule, point), point), active)


def _layers_at(schedule: Schedule, t: int) -> Sequence[Layer]:
    """Those of the version that took effect last; an edit never reaches back."""
    for version in reversed(schedule.versions):
        if version.effective_from is None or version.effective_from <= t:
            return version.layers
    return ()


def _slices(schedule: Schedule, start: int, end: int) -> Iterator[tuple[int, int, Sequence[Layer]]]:
    """The part of `[start, end)` in which each version is in force."""
    until = end
    for version in reversed(schedule.versions):
        since = start if version.effective_from is None else max(start, version.effective_from)
        if since < until:
            yield since, until, version.layers
            until = since
        if until <= start:
            return


def _merged(spans: Iterator[Span]) -> Iterator[Span]:
    """Neighbours with the same people for the same reasons become one."""
    current: Span | None = None
    for span in spans:
        if current is not None and current[2] == span[2]:
            current = (current[0], span[1], current[2])
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


def _without_turns(on_call: OnCall) -> object:
    return on_call.users, [source.id for source in on_call.sources]


def _all_of(on_call: OnCall) -> object:
    return on_call


def _set_of(on_call: OnCall) -> object:
    return frozenset(on_call.users)


def _presence_of(user: UserId) -> View:
    return lambda on_call: user in on_call.users


def _ends(schedule: Schedule, t: int, views: Sequence[View]) -> list[int | None]:
    """For each view, when what it sees at `t` ends; one walk forward for all."""
    ends: dict[int, int] = {}
    now: list[object] = []
    since = t
    for reach in REACHES:
        for start, _, on_call in sweep(schedule, since, t + reach):
            seen = [view(on_call) for view in views]
            now = now or seen
            ends.update((i, start) for i in range(len(views)) if i not in ends and seen[i] != now[i])
            if len(ends) == len(views):
                return [ends[i] for i in range(len(views))]
        since = t + reach
    return [ends.get(i) for i in range(len(views))]


def _starts(schedule: Schedule, t: int, views: Sequence[View]) -> list[int | None]:
    """For each view, when what it sees at `t` began; one walk backward for all."""
    starts: dict[int, int] = {}
    now: list[object] = []
    until = t + 1
    for reach in REACHES:
        for _, end, on_call in reversed(list(sweep(schedule, t - reach, until))):
            seen = [view(on_call) for view in views]
            now = now or seen
            starts.update((i, end) for i in range(len(views)) if i not in starts and seen[i] != now[i])
        if len(starts) == len(views):
            break
        until = t - reach
    return [starts.get(i) for i in range(len(views))]


def _instant(t: int | None) -> datetime | None:
    return None if t is None else to_instant(t)


def _or(t: int | None, otherwise: int) -> int:
    return otherwise if t is None else t
