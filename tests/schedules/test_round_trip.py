"""21: what a schedule says goes out as a calendar, comes back as the fixed shifts of a layer, and says the same."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.schedules.building import NAMES, layer, schedule
from tests.schedules.strategies import schedules

from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, to_instant, to_seconds
from oncall.schedules.adapters.calendar_in import read_calendar
from oncall.schedules.adapters.calendar_out import write_calendar
from oncall.schedules.rules import render
from oncall.schedules.rules.building import shifts_of
from oncall.schedules.rules.feeds import entries_of
from oncall.schedules.rules.matching import known_people, shifts_in
from oncall.schedules.values import Schedule, Tile

PEOPLE = [(user, name, f"{name}@example.com") for user, name in NAMES.items()]


def by_users(tiles: list[Tile]) -> list[tuple[int, int, frozenset[UserId]]]:
    """The by-user view: neighbours with the same people are one, whatever the reasons."""
    joined: list[tuple[int, int, frozenset[UserId]]] = []
    for tile in tiles:
        users = frozenset(tile.on_call.users)
        if joined and joined[-1][2] == users:
            joined[-1] = (joined[-1][0], to_seconds(tile.end), users)
        else:
            joined.append((to_seconds(tile.start), to_seconds(tile.end), users))
    return joined


@settings(max_examples=60)
@given(schedules(), st.integers(1, 20))
def test_21_export_and_import_give_the_same_rendering(given: tuple[Schedule, int], days: int) -> None:
    of, t = given
    since, until = to_instant(t - 3 * DAY), to_instant(t + days * DAY)
    tiles = render(of, since, until)
    entries = entries_of(tiles, schedule_id=of.id, schedule_name=of.name, names=NAMES, since=since, changed_at=since)
    content = write_calendar(of.name, entries, stamp=since)
    shifts, notes = shifts_in(read_calendar(content, zone="UTC", since=since, until=until).busy, known_people(PEOPLE))
    imported = schedule(layer(shifts=shifts_of(shifts)))
    assert notes == ()
    assert by_users(render(imported, since, until)) == by_users(tiles)
    assert all(one[1] == other[0] for one, other in pairwise(by_users(render(imported, since, until))))
