"""Schedules, zones and instants for property tests: every kind of change of clocks, half of the instants within a day of one."""

from dataclasses import replace
from functools import cache

from hypothesis import strategies as st
from tests.schedules.building import ana, at, bob, cem, dee, layer, schedule, uuid

from oncall.kit.zones import _stretches, to_local_seconds, to_seconds
from oncall.schedules.values import Arithmetic, Layer, Override, OverrideKind, Rotation, Schedule, Unit, Version, Window

# 1 h, 30 min and 2 h of summer time, gaps at midnight, winter time that is "summer", Ramadan, a skipped day, odd offsets, none.
ZONES = (
    "America/Chicago",
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
    blocks = range(FIRST >> 25, (LAST >> 25) + 1)
    return sorted({start for block in blocks for start in _stretches(zone, block)[0][1:] if FIRST < start < LAST})


@st.composite
def instants(draw: st.DrawFn, zone: str) -> int:
    near = transitions(zone)
    if near and draw(st.booleans()):
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


turns = st.lists(st.one_of(people, st.tuples(people, people), st.none()), min_size=1, max_size=4)


@st.composite
def layers(draw: st.DrawFn, zone: str) -> Layer:
    bounds = sorted(draw(st.lists(st.integers(FIRST, LAST), min_size=2, max_size=2, unique=True)))
    rotation = draw(st.one_of(st.none(), rotations()))
    return replace(
        layer(*draw(turns), zone=zone, rotation=rotation, windows=draw(windows()), name=str(draw(st.integers(0, 9)))),
        precedence=draw(st.integers(0, 2)),
        start=draw(st.sampled_from((None, None, bounds[0]))),
        end=draw(st.sampled_from((None, None, bounds[1]))),
        start_index=draw(st.integers(0, 3)),
        on_duty=draw(st.sampled_from((None, None, None, 20_000))) if rotation is not None else None,
    )


@st.composite
def overrides(draw: st.DrawFn, near: int, *, seq: int = 1) -> Override:
    """Anything an author may write, within ten days of an instant."""
    start = near + draw(st.integers(-240, 240)) * 3600
    kind = draw(st.sampled_from(OverrideKind))
    first, second = draw(st.permutations((ana, bob, cem, dee)))[:2]
    return Override(
        uuid(f"override {seq}"),
        seq,
        kind,
        start,
        start + draw(st.integers(1, 200)) * 1800,
        first if kind in {OverrideKind.COVER, OverrideKind.ADD, OverrideKind.REMOVE} else None,
        ((first, second),) if kind is OverrideKind.REPLACE else (),
    )


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, int]:
    """A schedule of one or two versions, with an instant at which something may be going on."""
    zone = draw(zones)
    t = draw(instants(zone))
    several = st.lists(layers(zone), max_size=3)
    versions = [Version(1, None, tuple(draw(several)))]
    if draw(st.booleans()):
        versions.append(Version(2, t + draw(st.integers(-5, 5)) * DAY, tuple(draw(several))))
    written = tuple(draw(overrides(t, seq=seq)) for seq in range(1, draw(st.integers(1, 5))))
    return replace(schedule(overrides=written), versions=tuple(versions)), t
