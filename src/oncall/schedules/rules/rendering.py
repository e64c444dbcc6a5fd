"""Who is on call throughout a range, as tiles: what calendars, pictures and reports are made of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from oncall.kit.zones import to_instant, to_seconds
from oncall.schedules.rules.outlooks import tile_around
from oncall.schedules.rules.recording import entries_since
from oncall.schedules.rules.resolving import layers_at
from oncall.schedules.rules.sweeping import merged, sweep
from oncall.schedules.values import Layer, OnCall, RecordEntry, Schedule, Tile


def render(schedule: Schedule, since: datetime, until: datetime, *, overflow: bool = False) -> list[Tile]:
    """Tiles that partition `[since, until)`, gaps included; neighbours differ in people or in reasons (layer, turn, override).

    With `overflow` the first and the last keep their own start and end where those lie outside, within the look-ahead of a year.
    """
    start, end = to_seconds(since), to_seconds(until)
    spans = list(merged(sweep(schedule, start, end)))
    if spans and overflow:
        first, last = spans[0], spans[-1]
        begins, ends = tile_around(schedule, start)[0], tile_around(schedule, end - 1)[1]
        spans[0] = (start if begins is None else begins, *first[1:])
        spans[-1] = (spans[-1][0], end if ends is None else ends, last[2])
    return [Tile(to_instant(start), to_instant(end), on_call) for start, end, on_call in spans]


def entries_between(schedule: Schedule, last: OnCall | None, *, since: datetime, until: datetime) -> list[RecordEntry]:
    """What must be written down of `[since, until)` behind a record whose newest entry is `last`."""
    spans = merged(sweep(schedule, to_seconds(since), to_seconds(until)))
    return entries_since(last, ((start, on_call) for start, _, on_call in spans), schedule.id)


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


def current_layers(schedule: Schedule, *, now: datetime) -> Sequence[Layer]:
    """Those of the version in force."""
    return layers_at(schedule, to_seconds(now))


def gaps(tiles: Sequence[Tile]) -> list[Tile]:
    """Where nobody is on call, for whatever reason; neighbours are one gap."""
    found: list[Tile] = []
    for tile in tiles:
        if tile.on_call.users:
            continue
        if found and found[-1].end == tile.start:
            found[-1] = replace(found[-1], end=tile.end)
        else:
            found.append(tile)
    return found


def _without_turns(on_call: OnCall) -> object:
    return on_call.users, [source.id for source in on_call.sources]
