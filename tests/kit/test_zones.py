from datetime import datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from zoneinfo._zoneinfo import ZoneInfo as PythonZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncall.kit import zones
from oncall.kit.zones import UnknownZone, check_zone, mono, resolve, to_instant, to_local_seconds, to_seconds, to_wall

# 1 h, 30 min and 2 h of summer time, gaps at midnight, winter time that is "summer", Ramadan, a skipped day, odd offsets, none.
ZONES = [
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
]
BLOCKS = range(33, 70)  # 2005 to 2044


def transitions(zone: str) -> list[int]:
    """Every instant at which the zone's offset changes, 2005 to 2044."""
    return sorted({start for block in BLOCKS for start in zones._stretches(zone, block)[0][1:]})


def offset(t: int, zone: str) -> int:
    """What zoneinfo itself says."""
    there = to_instant(t).astimezone(zones._zone(zone)).utcoffset()
    assert there is not None
    return int(there.total_seconds())


def quarters(start: int, end: int) -> range:
    """Every quarter of an hour of the range; no zone of ours has changed its offset in between since 2005."""
    return range(start // 900 * 900, end + 900, 900)


def mono_by_looking(t: int, zone: str) -> int:
    """The definition: the largest local second shown at or before `t`, a day and more back."""
    shown = [t, *(quarter - 1 for quarter in quarters(t - 100_000, t))]
    return max(s + offset(s, zone) for s in shown if s <= t)


def resolve_by_looking(local: int, zone: str) -> int:
    """The definition: the first instant whose local time is `local` or later."""
    looks = quarters(local - 60_000, local + 150_000)
    exact = {local - offset(look, zone) for look in looks}
    return min(t for t in {*looks, *exact} if t + offset(t, zone) >= local)


@st.composite
def instants(draw: st.DrawFn) -> tuple[str, int]:
    """A zone and an instant in it; half of the instants lie within a day of a transition, where there are any."""
    zone = draw(st.sampled_from(ZONES))
    near = transitions(zone)
    if near and draw(st.booleans()):
        return zone, draw(st.sampled_from(near)) + draw(st.integers(-86_400, 86_400))
    return zone, draw(st.integers(to_seconds(to_instant(33 << 25)), 69 << 25))


@pytest.mark.parametrize(
    ("what", "zone", "local", "expected"),
    [
        ("an ordinary time", "America/Chicago", "2020-03-07T02:30:00", "2020-03-07T08:30:00Z"),
        ("a skipped time is the first instant after the gap", "America/Chicago", "2020-03-08T02:30:00", "2020-03-08T08:00:00Z"),
        ("the gap's own end is that instant too", "America/Chicago", "2020-03-08T03:00:00", "2020-03-08T08:00:00Z"),
        ("a repeated time is its first pass", "America/Chicago", "2020-11-01T01:30:00", "2020-11-01T06:30:00Z"),
        ("the end of the repeated hour is after both passes", "America/Chicago", "2020-11-01T02:00:00", "2020-11-01T08:00:00Z"),
        ("half an hour is skipped", "Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30:00Z"),
        ("two hours are skipped", "Antarctica/Troll", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z"),
        ("midnight is skipped", "Africa/Cairo", "2026-04-24T00:00:00", "2026-04-23T22:00:00Z"),
        ("a whole day is skipped", "Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00Z"),
        ("an odd offset", "Asia/Kathmandu", "2026-01-01T00:00:00", "2025-12-31T18:15:00Z"),
    ],
)
def test_resolve(what: str, zone: str, local: str, expected: str) -> None:
    assert to_instant(resolve(to_local_seconds(datetime.fromisoformat(local)), zone)) == datetime.fromisoformat(expected), what


@pytest.mark.parametrize(
    ("what", "zone", "at", "expected"),
    [
        ("an ordinary instant", "America/Chicago", "2020-03-07T08:30:00Z", "2020-03-07T02:30:00"),
        ("the clock jumps over the gap", "America/Chicago", "2020-03-08T08:00:00Z", "2020-03-08T03:00:00"),
        ("the first pass of a repeated hour moves on", "America/Chicago", "2020-11-01T06:30:00Z", "2020-11-01T01:30:00"),
        ("in the second pass it stands still", "America/Chicago", "2020-11-01T07:00:00Z", "2020-11-01T01:59:59"),
        ("until that is over", "America/Chicago", "2020-11-01T07:59:59Z", "2020-11-01T01:59:59"),
        ("then it goes on", "America/Chicago", "2020-11-01T08:00:00Z", "2020-11-01T02:00:00"),
    ],
)
def test_mono(what: str, zone: str, at: str, expected: str) -> None:
    assert to_wall(mono(to_seconds(datetime.fromisoformat(at)), zone)) == datetime.fromisoformat(expected), what


@settings(max_examples=150)
@given(instants())
def test_mono_is_the_largest_local_time_reached(given: tuple[str, int]) -> None:
    zone, t = given
    assert mono(t, zone) == mono_by_looking(t, zone)


@settings(max_examples=150)
@given(instants(), st.integers(-100_000, 100_000))
def test_resolve_is_the_first_instant_at_which_the_local_time_is_reached(given: tuple[str, int], away: int) -> None:
    zone, t = given
    local = t + offset(t, zone) + away
    assert resolve(local, zone) == resolve_by_looking(local, zone)


@settings(max_examples=500)
@given(instants(), st.integers(-100_000, 100_000))
def test_a_local_time_has_come_exactly_when_the_clock_has_reached_it(given: tuple[str, int], away: int) -> None:
    zone, t = given
    local = mono(t, zone) + away
    assert (resolve(local, zone) <= t) == (local <= mono(t, zone))


@settings(max_examples=500)
@given(instants(), st.integers(0, 200_000))
def test_the_clock_never_goes_back(given: tuple[str, int], later: int) -> None:
    zone, t = given
    assert mono(t, zone) <= mono(t + later, zone)
    assert resolve(mono(t, zone), zone) <= t < resolve(mono(t, zone) + 1, zone)


def test_a_look_every_second_day_finds_every_transition() -> None:
    closest = zones.WEEK
    for name in zones.zone_names():
        with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
            read = PythonZoneInfo.from_file(rules)
        known = [t for t in read._trans_utc if t > 0]
        if hasattr(read._tz_after, "transitions"):  # the rule for all later years
            known += [int(t) for year in (2150, 2151) for t in sorted(read._tz_after.transitions(year))]
        closest = min([closest, *(b - a for a, b in pairwise(known))])
    assert closest > 2 * zones.LOOK


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2199-12-31T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_no_instant_is_too_far(at: str) -> None:
    t = to_seconds(datetime.fromisoformat(at))
    assert all(resolve(mono(t, zone), zone) <= t for zone in ZONES)


def test_a_fraction_of_a_second_is_cut_off() -> None:
    assert to_instant(to_seconds(datetime.fromisoformat("2026-01-01T00:00:00.999999Z"))) == datetime.fromisoformat("2026-01-01T00:00:00Z")
    assert to_seconds(to_instant(0) - timedelta(milliseconds=1)) == -1


def test_the_rules_come_from_the_pinned_package() -> None:
    assert zones.tzdata_version().startswith("202")
    assert "America/New_York" in zones.zone_names()
    assert (files("tzdata") / "zoneinfo" / "Europe" / "Lisbon").is_file()


@pytest.mark.parametrize("name", ["", "Lisbon", "europe/lisbon", "Europe/Lisbon ", "../etc/passwd", "/etc/localtime", "EST+5", "x" * 5000])
def test_a_name_that_is_not_in_the_database_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        check_zone(name)
    with pytest.raises(UnknownZone):
        mono(0, name)


def test_a_misspelt_name_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(UnknownZone, match="did you mean America/New_York"):
        check_zone("America/NewYork")
