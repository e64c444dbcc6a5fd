"""Schedules, zones and instants for property tests: every kind of change of clocks, half of the instants within a day of one."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

from hypothesis import strategies as st
from tests.schedules.building import ana, at, bob, cem, dee, layer, schedule, uuid

from oncall.kit.zones import clock_changes, to_local_seconds, to_seconds
from oncall.schedules.values import (
    Arithmetic,
    Away,
    FixedShift,
    Layer,
    Override,
    OverrideId,
    OverrideKind,
    Rotation,
    Schedule,
    Temporary,
    TemporaryId,
    UnavailabilityId,
    Unit,
    Version,
    Window,
)

# 1 h, 30 min and 2 h of summer time, gaps at midnight, winter time that is "summer", Ramadan, a skipped day, odd offsets, none.
ZONES = (
    "America/New_York",
    "America/Chicago",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Africa/Cairo",
    "America/Sao_Paulo",
    "America/Havana",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
)
FIRST, LAST = to_seconds(at("2009-01-01")), to_seconds(at("2029-01-01"))
DAY = 86_400
ANCHOR = to_local_seconds(at("2018-01-01").replace(tzinfo=None))

zones = st.sampled_from(ZONES)
people = st.sampled_from((ana, bob, cem, dee))


@cache
def transitions(zone: str) -> list[int]:
    return [change for change, _ in clock_changes(zone, FIRST, LAST)]


@st.composite
def instants(draw: st.DrawFn, zone: str) -> int:
    near = transitions(zone)
    if draw(st.booleans()) and near:
        return draw(st.sampled_from(near)) + draw(st.integers(-DAY, DAY))
    return draw(st.integers(FIRST, LAST))


@st.composite
def anchors(draw: st.DrawFn) -> int:
    """On the wall, in 2018 or so; most at a full quarter of an hour."""
    return ANCHOR + draw(st.integers(-400, 400)) * DAY + draw(st.integers(0, 95)) * 900 + draw(st.sampled_from((0, 0, 0, 7)))


@st.composite
def rotations(draw: st.DrawFn, *, units: tuple[Unit, ...] = tuple(Unit)) -> Rotation:
    unit = draw(st.sampled_from(units))
    anchor = draw(anchors())
    if unit is Unit.DAY and draw(st.booleans()):
        days = draw(st.sets(st.integers(0, 6))) | {(anchor // DAY + 3) % 7}
        return Rotation(unit, draw(st.integers(1, 4)), anchor, active_days=tuple(sorted(days)))
    elapsed = unit is Unit.HOUR and draw(st.booleans())
    count = draw(st.integers(5, 50) if unit is Unit.HOUR else st.integers(1, 5))
    return Rotation(unit, count, anchor, Arithmetic.ELAPSED if elapsed else Arithmetic.WALL)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...] | None:
    if draw(st.booleans()):
        return None
    count = draw(st.integers(0, 3))
    return tuple(
        Window(draw(st.integers(0, 6)), draw(st.integers(0, 95)) * 900, draw(st.integers(1, 672)) * 900 if draw(st.booleans()) else 28_800)
        for _ in range(count)
    )


several = st.permutations((ana, bob, cem, dee)).flatmap(lambda order: st.sampled_from((tuple(order[:1]), tuple(order[:2]))))


@st.composite
def fixed_shifts(draw: st.DrawFn, start: int, end: int) -> tuple[FixedShift, ...]:
    """Up to three within `[start, end)`, by start; they may overlap, and leave gaps."""
    begins = draw(st.lists(st.integers(start, end - 1), max_size=3))
    shifts = [FixedShift(since, draw(st.integers(since + 1, end)), draw(several)) for since in begins]
    return tuple(sorted(shifts, key=lambda shift: (shift.start, shift.end)))


@st.composite
def layers(draw: st.DrawFn, zone: str, near: int, inner: Schedule | None = None) -> Layer:
    """Of any kind; a turn may be, or hold, the `inner` schedule. Fixed shifts lie within ten days of an instant."""
    bounds = sorted(draw(st.lists(st.integers(FIRST, LAST), min_size=2, max_size=2, unique=True)))
    fixed = draw(st.sampled_from((False, False, False, True)))
    shifts = draw(fixed_shifts(near - 10 * DAY, near + 10 * DAY)) if fixed else ()
    longest = max((shift.end - shift.start for shift in shifts), default=None)
    rotation = None if fixed else draw(st.one_of(st.none(), rotations()))
    turn = st.one_of(people, st.tuples(people, people), st.none())
    if inner is not None:
        turn = st.one_of(turn, st.just(inner), people.map(lambda user: (user, inner)))
    return replace(
        layer(
            *([] if fixed else draw(st.lists(turn, min_size=1, max_size=4))),
            zone=zone,
            rotation=rotation,
            windows=draw(windows()),
            name=str(draw(st.integers(0, 9))),
            shifts=shifts,
        ),
        precedence=draw(st.integers(0, 2)),
        start=draw(st.sampled_from((None, None, bounds[0]))),
        end=draw(st.sampled_from((None, None, bounds[1]))),
        start_index=draw(st.integers(0, 3)),
        on_duty=draw(st.sampled_from((None, None, None, 20_000))) if rotation is not None else None,
        longest=draw(st.sampled_from((None, longest))),
    )


@st.composite
def overrides(draw: st.DrawFn, near: int, *, seq: int = 1) -> Override:
    """Anything an author may write, within ten days of an instant."""
    start = near + draw(st.integers(-240, 240)) * 3600
    kind = draw(st.sampled_from(OverrideKind))
    first, second = draw(st.permutations((ana, bob, cem, dee)))[:2]
    return Override(
        OverrideId(uuid(f"override {seq}")),
        seq,
        kind,
        start,
        start + draw(st.integers(1, 200)) * 1800,
        first if kind in {OverrideKind.COVER, OverrideKind.ADD, OverrideKind.REMOVE} else None,
        ((first, second),) if kind is OverrideKind.REPLACE else (),
    )


@st.composite
def absences(draw: st.DrawFn, near: int) -> tuple[Away, ...]:
    """Up to five within a month of an instant, covered or not: by somebody who is there, who is away too, or in a circle."""
    found = []
    for n in range(draw(st.sampled_from((0, 0, 1, 2, 3, 5)))):
        user, other = draw(st.permutations((ana, bob, cem, dee)))[:2]
        start = near + draw(st.integers(-240, 48)) * 3600
        cover = draw(st.sampled_from((None, other, other)))
        found.append(Away(UnavailabilityId(uuid(f"away {n}")), user, start, start + draw(st.integers(1, 500)) * 3600, cover))
    return tuple(found)


@st.composite
def temporaries(draw: st.DrawFn, near: int) -> tuple[Temporary, ...]:
    """None overlaps another, some follow one another at once; within ten days of an instant."""
    edges = sorted(near + edge * 3600 for edge in draw(st.lists(st.integers(-240, 240), max_size=4, unique=True)))
    return tuple(
        Temporary(TemporaryId(uuid(f"temporary {n}")), *span, draw(fixed_shifts(*span)))
        for n, span in enumerate(pairwise(edges))
        if draw(st.booleans())
    )


@st.composite
def schedules_around(draw: st.DrawFn, t: int, *, depth: int = 2) -> Schedule:
    """One or two versions, and all that may lie on top of them near an instant; schedules nested in it, and in those, up to a depth."""
    inner = draw(schedules_around(t, depth=depth - 1)) if depth and draw(st.booleans()) else None
    some = st.lists(layers(draw(zones), t, inner), min_size=draw(st.sampled_from((0, 1, 2))), max_size=3)
    versions = [Version(1, None, tuple(draw(some)))]
    if draw(st.booleans()):
        versions.append(Version(2, t + draw(st.integers(-5, 5)) * DAY, tuple(draw(some))))
    written = tuple(draw(overrides(t, seq=seq)) for seq in range(1, draw(st.integers(1, 5))))
    made = schedule(overrides=written, temporaries=draw(temporaries(t)), away=draw(absences(t)), id=f"schedule {depth}")
    return replace(made, versions=tuple(versions))


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, int]:
    """A schedule, with an instant at which something may be going on."""
    t = draw(zones.flatmap(instants))
    return draw(schedules_around(t)), t
