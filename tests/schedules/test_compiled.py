"""What is compiled answers like the resolver, and works each stretch out once."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.schedules.building import NEW_YORK, ana, at, bob, every, layer, schedule
from tests.schedules.strategies import DAY, schedules

from oncall.kit.zones import to_instant
from oncall.schedules.compiled import MOST, CompiledSchedule
from oncall.schedules.rules import outlook_at
from oncall.schedules.values import Outlook, Schedule

WEEKLY = schedule(layer(ana, bob, rotation=every(1, "week", "2026-01-05 09:00"), zone=NEW_YORK))


def known(outlook: Outlook, at: datetime) -> object:
    """What it says of the time around an instant; of what is about a year away it may say nothing yet."""

    def near(edge: datetime | None) -> datetime | None:
        return edge if edge is not None and abs(edge - at) < timedelta(days=360) else None

    shifts = [(shift.user, near(shift.start), near(shift.end)) for shift in outlook.shifts]
    return outlook.on_call, shifts, near(outlook.start), near(outlook.end), outlook.next if near(outlook.end) else None


@settings(max_examples=60)
@given(schedules(), st.lists(st.integers(-15 * DAY, 15 * DAY), min_size=1, max_size=8))
def test_it_answers_like_the_resolver_in_whatever_order_it_is_asked(given: tuple[Schedule, int], offsets: list[int]) -> None:
    of, t = given
    compiled = CompiledSchedule(of)
    for instant in [to_instant(t), *(to_instant(t + offset) for offset in offsets), to_instant(t)]:
        assert known(compiled.at(instant), instant) == known(outlook_at(of, at=instant), instant)
    edges = [edge + step for edge in compiled.starts + compiled.ends for step in (-timedelta(seconds=1), timedelta(0))]
    for edge in edges:
        assert known(compiled.at(edge), edge) == known(outlook_at(of, at=edge), edge)


def test_each_stretch_is_worked_out_once() -> None:
    compiled = CompiledSchedule(WEEKLY)
    first = compiled.at(at("2026-01-06"))
    assert compiled.at(at("2026-01-12 13:59:59.999")) is first
    assert compiled.at(at("2026-01-12 14:00")) is not first
    assert compiled.at(at("2026-01-05 14:00")) is first
    assert (compiled.starts, compiled.ends) == (
        [at("2026-01-05 14:00"), at("2026-01-12 14:00")],
        [at("2026-01-12 14:00"), at("2026-01-19 14:00")],
    )


def test_memory_is_bounded_however_many_instants_are_asked_about() -> None:
    compiled = CompiledSchedule(WEEKLY)
    for week in range(MOST + 5):
        compiled.at(at("2026-01-06") + week * timedelta(days=7))
    assert len(compiled.starts) <= MOST
