from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.schedules.building import NEW_YORK, ana, at, bob, every, layer, schedule
from tests.schedules.strategies import DAY, schedules

from oncall.kit.zones import to_instant
from oncall.schedules.compiled import compile_schedule
from oncall.schedules.rules import on_call_at
from oncall.schedules.values import Schedule

WEEKLY = schedule(layer(ana, bob, rotation=every(1, "week", "2026-01-05 09:00"), zone=NEW_YORK))


@settings(max_examples=100)
@given(schedules(), st.lists(st.integers(-15 * DAY, 15 * DAY), min_size=1, max_size=10))
def test_it_answers_like_the_resolver_within_its_horizon_and_outside(given: tuple[Schedule, int], offsets: list[int]) -> None:
    of, t = given
    compiled = compile_schedule(of, version=1, horizon_start=to_instant(t - 9 * DAY), horizon_end=to_instant(t + 9 * DAY))
    edges = [second + step for second in compiled.starts for step in (-1, 0)]
    for instant in [t, *(t + offset for offset in offsets), *edges]:
        assert compiled.at(to_instant(instant)) == on_call_at(of, at=to_instant(instant))


def test_an_entry_has_its_own_start_and_end_even_where_they_lie_outside_the_horizon() -> None:
    compiled = compile_schedule(WEEKLY, version=1, horizon_start=at("2026-01-06"), horizon_end=at("2026-01-14"))
    tile = compiled.tile_at(at("2026-01-06"))
    assert tile is not None
    assert (tile.start, tile.end) == (at("2026-01-05 14:00"), at("2026-01-12 14:00"))
    assert compiled.entries[-1].end == at("2026-01-19 14:00")


def test_outside_the_horizon_there_is_no_entry() -> None:
    compiled = compile_schedule(WEEKLY, version=1, horizon_start=at("2026-01-06"), horizon_end=at("2026-01-14"))
    assert compiled.tile_at(at("2026-01-06") - timedelta(microseconds=1)) is None
    assert compiled.tile_at(at("2026-01-14")) is None
    assert compiled.tile_at(at("2026-01-14") - timedelta(microseconds=1)) == compiled.entries[-1]
