"""A walk over nine changes of clocks: what is rendered, what is looked up and what somebody with a wall clock would say are the same."""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from tests.schedules.building import ana, at, bob, cem, dee, every, layer, names, schedule, uuid, window

from oncall.schedules.rules import on_call_at, render
from oncall.schedules.values import (
    Arithmetic,
    Layer,
    OnCall,
    Override,
    OverrideId,
    OverrideKind,
    Rotation,
    Schedule,
    Source,
    SourceKind,
    Tile,
    Unit,
    Window,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LENGTH = {Unit.HOUR: HOUR, Unit.DAY: DAY, Unit.WEEK: 7 * DAY}
BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - on the wall
BACK = 400
"""How many turns before and after the anchor the second opinion knows."""


@dataclass(frozen=True, slots=True)
class Change:
    """At `at` (UTC) the clock on the wall goes from `before` to `after`; `day` is the local day of it."""

    zone: str
    at: str
    before: str
    after: str
    day: date


CHANGES = {
    "New York, spring": Change("America/New_York", "2026-03-08 07:00", "2026-03-08 02:00", "2026-03-08 03:00", date(2026, 3, 8)),
    "New York, autumn": Change("America/New_York", "2026-11-01 06:00", "2026-11-01 02:00", "2026-11-01 01:00", date(2026, 11, 1)),
    "Lord Howe, autumn": Change("Australia/Lord_Howe", "2026-04-04 15:00", "2026-04-05 02:00", "2026-04-05 01:30", date(2026, 4, 5)),
    "Lord Howe, spring": Change("Australia/Lord_Howe", "2026-10-03 15:30", "2026-10-04 02:00", "2026-10-04 02:30", date(2026, 10, 4)),
    "Cairo, spring": Change("Africa/Cairo", "2026-04-23 22:00", "2026-04-24 00:00", "2026-04-24 01:00", date(2026, 4, 24)),
    "Cairo, autumn": Change("Africa/Cairo", "2026-10-29 21:00", "2026-10-30 00:00", "2026-10-29 23:00", date(2026, 10, 30)),
    "São Paulo, autumn": Change("America/Sao_Paulo", "2018-02-18 02:00", "2018-02-18 00:00", "2018-02-17 23:00", date(2018, 2, 18)),
    "São Paulo, spring": Change("America/Sao_Paulo", "2018-11-04 03:00", "2018-11-04 00:00", "2018-11-04 01:00", date(2018, 11, 4)),
    "Apia, a day skipped": Change("Pacific/Apia", "2011-12-30 10:00", "2011-12-30 00:00", "2011-12-31 00:00", date(2011, 12, 30)),
}


def layers_around(change: Change) -> dict[str, Layer]:
    """By name. Ana, Bob and Cem take turns, and Ana has the first that begins on the day of the change; restrictions are Dee's."""
    days_before, weeks_after, months_before = change.day - 6 * DAY, change.day + 21 * DAY, months_later(change.day, -3)
    rotations = {
        "hourly": every(1, "hour", f"{days_before} 00:00"),
        "every elapsed hour": every(1, "hour", f"{days_before} 00:00", arithmetic="elapsed"),
        "12 hours from 08:00": every(12, "hour", f"{days_before} 08:00"),
        "12 elapsed hours from 08:00": every(12, "hour", f"{days_before} 08:00", arithmetic="elapsed"),
        "daily at 00:00": every(1, "day", f"{days_before} 00:00"),
        "daily at 01:30": every(1, "day", f"{days_before} 01:30"),
        "daily at 02:30": every(1, "day", f"{days_before} 02:30"),
        "weekly at 02:30": every(1, "week", f"{weeks_after} 02:30"),
        "monthly at 00:00": every(1, "month", f"{months_before} 00:00"),
        "the last day of the month at 09:00": every(1, "month", f"{change.day.year - 1}-12-31 09:00"),
    }
    restrictions = {
        "00:00-00:30": window("daily", "00:00", hours=0.5),
        "01:00-01:30": window("daily", "01:00", hours=0.5),
        "02:15-02:45": window("daily", "02:15", hours=0.5),
        "02:30-03:30": window("daily", "02:30", hours=1),
        "22:00-06:00": window("daily", "22:00", hours=8),
        "Friday 17:00 to Monday 09:00": window("fri", "17:00", hours=64),
    }
    turning = {name: layer(ana, bob, cem, rotation=turns, zone=change.zone, name=name) for name, turns in rotations.items()}
    return turning | {name: layer(dee, windows=opens, zone=change.zone, name=name) for name, opens in restrictions.items()}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_clocks_change_when_the_tables_say_so(change: Change) -> None:
    instant, zone = int(at(change.at).timestamp()), zone_of(change.zone)
    assert f"{_on_the_wall(instant - 1, zone) + timedelta(seconds=1):%Y-%m-%d %H:%M}" == change.before
    assert f"{_on_the_wall(instant, zone):%Y-%m-%d %H:%M}" == change.after


# Instants in UTC, each with whoever is on call from it on; nothing happens in between.
HANDOFFS = {
    "New York, spring": {
        "hourly": "03-08 05:00 ana, 03-08 06:00 bob, 03-08 07:00 ana, 03-08 08:00 bob",
        "every elapsed hour": "03-08 05:00 ana, 03-08 06:00 bob, 03-08 07:00 cem, 03-08 08:00 ana",
        "12 hours from 08:00": "03-08 01:00 cem, 03-08 12:00 ana, 03-09 00:00 bob",
        "12 elapsed hours from 08:00": "03-08 01:00 cem, 03-08 13:00 ana, 03-09 01:00 bob",
        "daily at 00:00": "03-07 05:00 cem, 03-08 05:00 ana, 03-09 04:00 bob",
        "daily at 01:30": "03-07 06:30 cem, 03-08 06:30 ana, 03-09 05:30 bob",
        "daily at 02:30": "03-07 07:30 cem, 03-08 07:00 ana, 03-09 06:30 bob",
        "weekly at 02:30": "03-01 07:30 cem, 03-08 07:00 ana, 03-15 06:30 bob",
        "monthly at 00:00": "02-08 05:00 cem, 03-08 05:00 ana, 04-08 04:00 bob",
        "the last day of the month at 09:00": "02-28 14:00 cem, 03-31 13:00 ana, 04-30 13:00 bob",
        "01:00-01:30": "03-08 06:00 dee, 03-08 06:30 nobody, 03-09 05:00 dee, 03-09 05:30 nobody",
        "02:15-02:45": "03-07 07:15 dee, 03-07 07:45 nobody, 03-09 06:15 dee, 03-09 06:45 nobody",
        "02:30-03:30": "03-07 07:30 dee, 03-07 08:30 nobody, 03-08 07:00 dee, 03-08 07:30 nobody, 03-09 06:30 dee",
        "22:00-06:00": "03-07 03:00 dee, 03-07 11:00 nobody, 03-08 03:00 dee, 03-08 10:00 nobody, 03-09 02:00 dee",
        "Friday 17:00 to Monday 09:00": "03-06 22:00 dee, 03-09 13:00 nobody, 03-13 21:00 dee",
    },
    "New York, autumn": {
        "hourly": "11-01 04:00 ana, 11-01 05:00 bob, 11-01 07:00 cem, 11-01 08:00 ana",
        "every elapsed hour": "11-01 04:00 ana, 11-01 05:00 bob, 11-01 06:00 cem, 11-01 07:00 ana",
        "12 hours from 08:00": "11-01 00:00 cem, 11-01 13:00 ana, 11-02 01:00 bob",
        "12 elapsed hours from 08:00": "11-01 00:00 cem, 11-01 12:00 ana, 11-02 00:00 bob",
        "daily at 00:00": "10-31 04:00 cem, 11-01 04:00 ana, 11-02 05:00 bob",
        "daily at 01:30": "10-31 05:30 cem, 11-01 05:30 ana, 11-02 06:30 bob",
        "daily at 02:30": "10-31 06:30 cem, 11-01 07:30 ana, 11-02 07:30 bob",
        "weekly at 02:30": "10-25 06:30 cem, 11-01 07:30 ana, 11-08 07:30 bob",
        "monthly at 00:00": "10-01 04:00 cem, 11-01 04:00 ana, 12-01 05:00 bob",
        "01:00-01:30": "10-31 05:00 dee, 10-31 05:30 nobody, 11-01 05:00 dee, 11-01 05:30 nobody, 11-02 06:00 dee",
        "02:30-03:30": "10-31 06:30 dee, 10-31 07:30 nobody, 11-01 07:30 dee, 11-01 08:30 nobody",
        "22:00-06:00": "11-01 02:00 dee, 11-01 11:00 nobody, 11-02 03:00 dee, 11-02 11:00 nobody",
        "Friday 17:00 to Monday 09:00": "10-30 21:00 dee, 11-02 14:00 nobody, 11-06 22:00 dee",
    },
    "Lord Howe, autumn": {
        "hourly": "04-04 13:00 ana, 04-04 14:00 bob, 04-04 15:30 cem, 04-04 16:30 ana",
        "every elapsed hour": "04-04 13:00 ana, 04-04 14:00 bob, 04-04 15:00 cem, 04-04 16:00 ana",
        "12 hours from 08:00": "04-04 09:00 cem, 04-04 21:30 ana, 04-05 09:30 bob",
        "daily at 00:00": "04-03 13:00 cem, 04-04 13:00 ana, 04-05 13:30 bob",
        "daily at 01:30": "04-03 14:30 cem, 04-04 14:30 ana, 04-05 15:00 bob",
        "daily at 02:30": "04-03 15:30 cem, 04-04 16:00 ana, 04-05 16:00 bob",
        "01:00-01:30": "04-04 14:00 dee, 04-04 14:30 nobody, 04-05 14:30 dee, 04-05 15:00 nobody",
        "02:30-03:30": "04-03 15:30 dee, 04-03 16:30 nobody, 04-04 16:00 dee, 04-04 17:00 nobody",
        "22:00-06:00": "04-04 11:00 dee, 04-04 19:30 nobody, 04-05 11:30 dee, 04-05 19:30 nobody",
        "Friday 17:00 to Monday 09:00": "04-03 06:00 dee, 04-05 22:30 nobody",
    },
    "Lord Howe, spring": {
        "hourly": "10-03 13:30 ana, 10-03 14:30 bob, 10-03 15:30 cem, 10-03 16:00 ana, 10-03 17:00 bob",
        "12 hours from 08:00": "10-03 09:30 cem, 10-03 21:00 ana, 10-04 09:00 bob",
        "12 elapsed hours from 08:00": "10-03 09:30 cem, 10-03 21:30 ana, 10-04 09:30 bob",
        "daily at 00:00": "10-02 13:30 cem, 10-03 13:30 ana, 10-04 13:00 bob",
        "daily at 01:30": "10-02 15:00 cem, 10-03 15:00 ana, 10-04 14:30 bob",
        "daily at 02:30": "10-02 16:00 cem, 10-03 15:30 ana, 10-04 15:30 bob",
        "02:15-02:45": "10-02 15:45 dee, 10-02 16:15 nobody, 10-03 15:30 dee, 10-03 15:45 nobody, 10-04 15:15 dee",
        "22:00-06:00": "10-03 11:30 dee, 10-03 19:00 nobody, 10-04 11:00 dee",
    },
    "Cairo, spring": {
        "hourly": "04-23 20:00 bob, 04-23 21:00 cem, 04-23 22:00 bob, 04-23 23:00 cem",
        "daily at 00:00": "04-22 22:00 cem, 04-23 22:00 ana, 04-24 21:00 bob",
        "daily at 01:30": "04-22 23:30 cem, 04-23 22:30 ana, 04-24 22:30 bob",
        "weekly at 02:30": "04-17 00:30 cem, 04-23 23:30 ana, 04-30 23:30 bob",
        "monthly at 00:00": "03-23 22:00 cem, 04-23 22:00 ana, 05-23 21:00 bob",
        "00:00-00:30": "04-22 22:00 dee, 04-22 22:30 nobody, 04-24 21:00 dee, 04-24 21:30 nobody",
        "22:00-06:00": "04-23 20:00 dee, 04-24 03:00 nobody, 04-24 19:00 dee",
        "Friday 17:00 to Monday 09:00": "04-24 14:00 dee, 04-27 06:00 nobody",
    },
    "Cairo, autumn": {
        "hourly": "10-29 19:00 bob, 10-29 20:00 cem, 10-29 22:00 ana, 10-29 23:00 bob",
        "every elapsed hour": "10-29 19:00 bob, 10-29 20:00 cem, 10-29 21:00 ana, 10-29 22:00 bob",
        "daily at 00:00": "10-28 21:00 cem, 10-29 22:00 ana, 10-30 22:00 bob",
        "daily at 01:30": "10-28 22:30 cem, 10-29 23:30 ana, 10-30 23:30 bob",
        "22:00-06:00": "10-29 19:00 dee, 10-30 04:00 nobody, 10-30 20:00 dee",
    },
    "São Paulo, autumn": {
        "hourly": "02-18 00:00 bob, 02-18 01:00 cem, 02-18 03:00 ana, 02-18 04:00 bob",
        "every elapsed hour": "02-18 00:00 bob, 02-18 01:00 cem, 02-18 02:00 ana, 02-18 03:00 bob",
        "daily at 00:00": "02-17 02:00 cem, 02-18 03:00 ana, 02-19 03:00 bob",
        "weekly at 02:30": "02-11 04:30 cem, 02-18 05:30 ana, 02-25 05:30 bob",
        "monthly at 00:00": "01-18 02:00 cem, 02-18 03:00 ana, 03-18 03:00 bob",
        "22:00-06:00": "02-18 00:00 dee, 02-18 09:00 nobody, 02-19 01:00 dee",
        "Friday 17:00 to Monday 09:00": "02-16 19:00 dee, 02-19 12:00 nobody",
    },
    "São Paulo, spring": {
        "hourly": "11-04 01:00 bob, 11-04 02:00 cem, 11-04 03:00 bob, 11-04 04:00 cem",
        "12 hours from 08:00": "11-03 23:00 cem, 11-04 10:00 ana, 11-04 22:00 bob",
        "daily at 00:00": "11-03 03:00 cem, 11-04 03:00 ana, 11-05 02:00 bob",
        "daily at 01:30": "11-03 04:30 cem, 11-04 03:30 ana, 11-05 03:30 bob",
        "monthly at 00:00": "10-04 03:00 cem, 11-04 03:00 ana, 12-04 02:00 bob",
        "00:00-00:30": "11-03 03:00 dee, 11-03 03:30 nobody, 11-05 02:00 dee, 11-05 02:30 nobody",
        "22:00-06:00": "11-04 01:00 dee, 11-04 08:00 nobody, 11-05 00:00 dee",
    },
    "Apia, a day skipped": {
        "hourly": "12-30 08:00 bob, 12-30 09:00 cem, 12-30 10:00 ana, 12-30 11:00 bob",
        "12 hours from 08:00": "12-30 06:00 cem, 12-30 10:00 bob, 12-30 18:00 cem",
        "12 elapsed hours from 08:00": "12-30 06:00 cem, 12-30 18:00 ana, 12-31 06:00 bob",
        "daily at 00:00": "12-28 10:00 bob, 12-29 10:00 cem, 12-30 10:00 bob, 12-31 10:00 cem",
        "daily at 02:30": "12-29 12:30 cem, 12-30 10:00 ana, 12-30 12:30 bob, 12-31 12:30 cem",
        "weekly at 02:30": "12-23 12:30 cem, 12-30 10:00 ana, 01-05 12:30 bob",
        "monthly at 00:00": "11-30 10:00 cem, 12-30 10:00 ana, 01-29 10:00 bob",
        "01:00-01:30": "12-29 11:00 dee, 12-29 11:30 nobody, 12-30 11:00 dee, 12-30 11:30 nobody",
        "22:00-06:00": "12-29 08:00 dee, 12-29 16:00 nobody, 12-30 08:00 dee, 12-30 16:00 nobody, 12-31 08:00 dee",
        "Friday 17:00 to Monday 09:00": "12-30 10:00 dee, 01-01 19:00 nobody",
    },
}


@pytest.mark.parametrize(("place", "what"), [(place, what) for place, expected in HANDOFFS.items() for what in expected])
def test_handoffs_are_where_the_rule_book_says(place: str, what: str) -> None:
    change, lines = CHANGES[place], HANDOFFS[place][what].split(", ")
    tiles = render(schedule(layers_around(change)[what]), at(change.at) - 32 * DAY, at(change.at) + 60 * DAY)
    found = [f"{tile.start:%m-%d %H:%M} {' '.join(names(tile.on_call)) or 'nobody'}" for tile in tiles]
    begins = found.index(lines[0])
    assert found[begins : begins + len(lines)] == lines


def side_by_side(change: Change) -> Schedule:
    """All of these count at once, so that one answer shows whether each of them is right; what is below is not repeated here."""
    elsewhere = {"the last day of the month at 09:00", "weekly at 02:30", "00:00-00:30", "02:15-02:45", "22:00-06:00"}
    return schedule(*(of for name, of in layers_around(change).items() if name not in elsewhere))


def one_above_the_other(change: Change) -> Schedule:
    """Nights over weeks, mornings over nights, an hour that is vacant every other day on top; one override adds across the change."""
    of = layers_around(change)
    instant = int(at(change.at).timestamp())
    return schedule(
        of["weekly at 02:30"],
        replace(of["12 hours from 08:00"], windows=of["22:00-06:00"].windows, precedence=1),
        replace(of["every elapsed hour"], windows=of["02:30-03:30"].windows, precedence=2),
        replace(of["daily at 00:00"], windows=of["01:00-01:30"].windows, precedence=3, turns=((), (dee, bob))),
        overrides=(
            Override(OverrideId(uuid("override 1")), 1, OverrideKind.ADD, instant - 2500, instant + 4000, dee),
            Override(OverrideId(uuid("override 2")), 2, OverrideKind.COVER, instant + 3000, instant + 3500, cem),
        ),
    )


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_layer_by_itself_is_rendered_as_the_wall_says(change: Change) -> None:
    for what, of in layers_around(change).items():
        assert [(tile.start, tile.on_call) for tile in rendered(schedule(of), change)] == told_by_the_wall(schedule(of), change), what


@pytest.mark.parametrize("composed", [side_by_side, one_above_the_other])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_instant_of_the_walk_is_answered_as_it_is_rendered(change: Change, composed: Callable[[Change], Schedule]) -> None:
    of = composed(change)
    tiles = rendered(of, change)
    assert [(tile.start, tile.on_call) for tile in tiles] == told_by_the_wall(of, change)
    following = iter(tiles)
    tile = next(following)
    for t in walk_over(change):
        instant = _instant(t)
        if instant == tile.end:
            tile = next(following)
        assert tile.start <= instant < tile.end
        assert on_call_at(of, at=instant) == tile.on_call, instant


def rendered(of: Schedule, change: Change) -> list[Tile]:
    """The tiles of the walk, which leave no hole and do not overlap."""
    start, end = _instant(walk_over(change)[0]), _instant(walk_over(change)[-1] + 1)
    tiles = render(of, start, end)
    assert (tiles[0].start, tiles[-1].end) == (start, end)
    assert all(a.start < a.end == b.start for a, b in pairwise(tiles))
    return tiles


# From here on nothing of `oncall` is used but values: the second opinion. It reads the clock on the wall, remembers the latest time that it
# has shown, and counts how many boundaries have come by then.


@cache
def walk_over(change: Change) -> list[int]:
    """Every minute from two days before the change to two days after, every second within two hours of it."""
    instant = int(at(change.at).timestamp())
    return sorted({*range(instant - 172_800, instant + 172_801, 60), *range(instant - 7200, instant + 7201)})


@cache
def latest_shown(change: Change) -> list[datetime]:
    """For each instant of the walk the latest time that the wall has shown: it stands still while an hour is repeated."""
    zone = zone_of(change.zone)
    return list(accumulate((_on_the_wall(t, zone) for t in walk_over(change)), max))


def told_by_the_wall(of: Schedule, change: Change) -> list[tuple[datetime, OnCall]]:
    """Who is on call from when on; what comes on the wall counts from the first instant of the walk at which it has been shown."""
    walk, shown, layers = walk_over(change), latest_shown(change), of.versions[0].layers
    come = {0} | {bisect_left(shown, mark) for layer in layers for mark in local_marks(layer, change.day)}
    come |= {bisect_left(walk, t) for layer in layers for t in elapsed_marks(layer)}
    come |= {bisect_left(walk, edge) for one in of.overrides for edge in (one.start, one.end)}
    told: list[tuple[datetime, OnCall]] = []
    for i in sorted(come - {len(walk)}):
        on_call = overridden(on_top(layers, walk[i], shown[i], change.day), of.overrides, walk[i])
        if not told or told[-1][1] != on_call:
            told.append((_instant(walk[i]), on_call))
    return told


def on_top(layers: Sequence[Layer], t: int, shown: datetime, day: date) -> OnCall:
    """Everybody in the highest layers that have somebody."""
    turns = [(layer, turn_number(layer, t, shown)) for layer in layers if is_open(layer, shown, day)]
    held = [(layer, k, people) for layer, k in turns if (people := layer.turns[k % len(layer.turns)])]
    highest = max((layer.precedence for layer, _, _ in held), default=0)
    top = [(layer, k, people) for layer, k, people in held if layer.precedence == highest]
    users = dict.fromkeys(user for _, _, people in top for user in people if not isinstance(user, Schedule))
    return OnCall(tuple(users), tuple(Source(SourceKind.LAYER, layer.id, layer.name, k) for layer, k, _ in top))


def overridden(on_call: OnCall, overrides: Sequence[Override], t: int) -> OnCall:
    """One more, or only this one; the later override on top of the earlier."""
    for one in overrides:
        why = Source(SourceKind.OVERRIDE, one.id, one.kind.value)
        if one.start <= t < one.end and one.user is not None:
            if one.kind is OverrideKind.COVER:
                on_call = OnCall((one.user,), (why,))
            elif one.user not in on_call.users:
                on_call = OnCall((*on_call.users, one.user), (*on_call.sources, why))
    return on_call


def turn_number(layer: Layer, t: int, shown: datetime) -> int:
    """How many boundaries have come since the one with which turn 0 began."""
    if layer.rotation is None:
        return 0
    if layer.rotation.arithmetic is Arithmetic.ELAPSED:
        return bisect_right(elapsed_marks(layer), t) - 1
    return bisect_right(boundaries(layer.rotation), shown) - 1 - BACK


def is_open(layer: Layer, shown: datetime, day: date) -> bool:
    return layer.windows is None or any(opens <= shown < closes for opens, closes in openings(layer.windows, day))


def local_marks(layer: Layer, day: date) -> Iterator[datetime]:
    """Every time on the wall at which the layer's answer may change."""
    yield from (edge for opening in openings(layer.windows or (), day) for edge in opening)
    if layer.rotation is not None and layer.rotation.arithmetic is Arithmetic.WALL:
        yield from boundaries(layer.rotation)


def elapsed_marks(layer: Layer) -> list[int]:
    """The instants at which turns 0, 1, 2, ... of a rotation by elapsed hours begin; its anchor lies before the walk."""
    if layer.rotation is None or layer.rotation.arithmetic is Arithmetic.WALL:
        return []
    first = int((BEGINNING + timedelta(seconds=layer.rotation.anchor)).replace(tzinfo=zone_of(layer.zone)).timestamp())
    return [first + k * layer.rotation.count * 3600 for k in range(BACK)]


@cache
def boundaries(rotation: Rotation) -> list[datetime]:
    """The times on the wall at which turns -BACK to BACK begin, in order."""
    anchor = BEGINNING + timedelta(seconds=rotation.anchor)
    steps = range(-BACK, BACK + 1)
    if rotation.unit is Unit.MONTH:
        return [datetime.combine(months_later(anchor.date(), k * rotation.count), anchor.time()) for k in steps]
    return [anchor + k * rotation.count * LENGTH[rotation.unit] for k in steps]


@cache
def openings(windows: tuple[Window, ...], day: date) -> list[tuple[datetime, datetime]]:
    """When the windows open and close on the wall, from a fortnight before the day to a fortnight after."""
    midnights = [datetime.combine(day, time()) + n * DAY for n in range(-14, 15)]
    opens = [(date + timedelta(seconds=of.start), of.length) for date in midnights for of in windows if of.day == date.weekday()]
    return [(start, start + timedelta(seconds=length)) for start, length in opens]


def months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@cache
def zone_of(name: str) -> ZoneInfo:
    """By the pinned package's rules, whatever the machine has."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def _on_the_wall(t: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(t, zone).replace(tzinfo=None)


def _instant(t: int) -> datetime:
    return datetime.fromtimestamp(t, UTC)
