"""What holds for every schedule, however strange; the numbers are those of the rule book's list.

The first is in the tests of `kit.zones`, the round trip through iCal with the calendars', and the vectors have a file of their own.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.examples import examples
from tests.schedules.building import ana, at, bob, cem, dee, layer, schedule, uuid
from tests.schedules.strategies import FIRST, LAST, instants, overrides, people, rotations, schedules, windows, zones

from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, HOUR, WEEK, clock_changes, mono, resolve, to_instant, to_seconds
from oncall.schedules.rules import (
    coverage,
    cut_out,
    entries_between,
    joined,
    nested_in,
    next_handoff,
    on_call_at,
    outlook_at,
    render,
)
from oncall.schedules.rules.building import shifts_of
from oncall.schedules.rules.layers import cover
from oncall.schedules.rules.rotations import boundary, handoff, turn_at
from oncall.schedules.rules.windows import is_open, occurrences
from oncall.schedules.values import (
    Arithmetic,
    AuthoredTemporary,
    Away,
    Override,
    OverrideId,
    OverrideKind,
    People,
    Record,
    Rotation,
    Schedule,
    ShiftDefinition,
    Temporary,
    TemporaryId,
    Tile,
    Unit,
    Window,
)

MANY = examples(60)
SOME = examples(25)
FEW = examples(25)
FOREVER = (at("1990-01-01"), at("2090-01-01"))
LENGTH = {Unit.HOUR: HOUR, Unit.DAY: DAY, Unit.WEEK: WEEK}

hours = st.integers(0, 20 * 24)
wall_rotations = rotations().filter(lambda rotation: rotation.arithmetic is Arithmetic.WALL)
plain_rotations = rotations(units=(Unit.HOUR, Unit.DAY, Unit.WEEK)).filter(lambda rotation: rotation.active_days is None)


@st.composite
def zone_and_instant(draw: st.DrawFn) -> tuple[str, int]:
    zone = draw(zones)
    return zone, draw(instants(zone))


def tiles(of: Schedule, start: int, end: int) -> list[Tile]:
    return render(of, to_instant(start), to_instant(end))


def merged(parts: list[Tile]) -> list[Tile]:
    """Neighbours that are equal in everything become one."""
    whole: list[Tile] = []
    for tile in parts:
        if whole and whole[-1].on_call == tile.on_call:
            whole[-1] = replace(whole[-1], end=tile.end)
        else:
            whole.append(tile)
    return whole


def by_people(parts: list[Tile], people: Callable[[People], object] = tuple) -> list[tuple[datetime, object]]:
    """From when on who is on call, whatever the reason; `frozenset` where their order does not count either."""
    shown: list[tuple[datetime, object]] = []
    for tile in parts:
        if not shown or shown[-1][1] != people(tile.on_call.users):
            shown.append((tile.start, people(tile.on_call.users)))
    return shown


def covers_of(user: UserId, absent: list[Away]) -> set[UserId]:
    """The user, or if they are away everybody present to whom covers lead, in however many steps."""
    reached = [user]
    for one in reached:
        reached += {away.cover for away in absent if away.user == one and away.cover is not None}.difference(reached)
    return set(reached) - {away.user for away in absent}


def authored(one: Temporary) -> AuthoredTemporary:
    shifts = tuple(ShiftDefinition(to_instant(shift.start), to_instant(shift.end), shift.users) for shift in one.shifts)
    return AuthoredTemporary(one.id, to_instant(one.start), to_instant(one.end), shifts, "user:ana", FOREVER[0])


def resolvable(one: AuthoredTemporary) -> Temporary:
    return Temporary(one.id, to_seconds(one.start), to_seconds(one.end), shifts_of(one.shifts))


def without(existing: list[AuthoredTemporary], start: datetime, end: datetime) -> list[AuthoredTemporary]:
    """What is left of them when a range is deleted, long before any of them begins."""
    cut = cut_out(existing, start, end, fresh=lambda: TemporaryId(uuid("part")), author="user:ana", now=FOREVER[0])
    return [*(one for one in existing if one not in cut.ended), *cut.parts]


@MANY
@given(rotations(), zone_and_instant())
def test_2_the_turn_of_an_instant_has_begun_and_the_next_has_not(rotation: Rotation, place: tuple[str, int]) -> None:
    zone, t = place
    k = turn_at(rotation, zone, t)
    assert handoff(rotation, zone, k) <= t < handoff(rotation, zone, k + 1)


@SOME
@given(schedules(), hours, hours)
def test_3_tiles_partition_the_range_and_neighbours_differ(given: tuple[Schedule, int], before: int, after: int) -> None:
    of, t = given
    start, end = t - before * HOUR, t + after * HOUR + 1
    rendered = tiles(of, start, end)
    assert (rendered[0].start, rendered[-1].end) == (to_instant(start), to_instant(end))
    assert all(a.end == b.start and a.on_call != b.on_call for a, b in pairwise(rendered))
    assert all(tile.start < tile.end for tile in rendered)
    assert all(a.end == b.start for a, b in pairwise(joined(rendered)))


@SOME
@given(schedules(), hours, hours, st.integers(0, 40 * 86_400))
def test_4_who_is_on_call_at_an_instant_is_in_the_tile_that_holds_it(given: tuple[Schedule, int], before: int, after: int, at: int) -> None:
    of, t = given
    start, end = t - before * HOUR, t + after * HOUR + 1
    rendered = tiles(of, start, end)
    for instant in {start, t, start + at % (end - start), end - 1}:
        [tile] = [tile for tile in rendered if tile.start <= to_instant(instant) < tile.end]
        assert tile.on_call == on_call_at(of, at=to_instant(instant))


@SOME
@given(schedules(), hours, hours)
def test_5_and_18_a_range_is_the_sum_of_its_parts_wherever_it_begins(given: tuple[Schedule, int], before: int, after: int) -> None:
    of, t = given
    start, end = t - before * HOUR, t + after * HOUR + 1
    assert merged(tiles(of, start, t) + tiles(of, t, end)) == tiles(of, start, end)


@MANY
@given(wall_rotations, zone_and_instant())
def test_6_a_handoff_is_at_its_wall_time_or_right_after_the_gap(rotation: Rotation, place: tuple[str, int]) -> None:
    zone, t = place
    k = turn_at(rotation, zone, t)
    instant, wall = handoff(rotation, zone, k), boundary(rotation, k)
    assert mono(instant, zone) == wall or mono(instant - 1, zone) < wall < mono(instant, zone)


@MANY
@given(rotations(), zones, st.lists(people, min_size=1, max_size=5), st.integers(-3000, 3000), st.integers(1, 4))
def test_7_everybody_has_the_same_number_of_turns(rotation: Rotation, zone: str, turns: list[UserId], first: int, rounds: int) -> None:
    of = layer(*turns, rotation=rotation, zone=zone)
    numbers = range(first, first + rounds * len(turns))
    order = [of.turns[(k + of.start_index) % len(of.turns)] for k in numbers]
    assert all(order.count((user,)) == rounds * turns.count(user) for user in turns)
    for k in numbers:
        begins, ends = handoff(rotation, zone, k), handoff(rotation, zone, k + 1)
        assert begins == ends or cover(of, begins) == (k, of.turns[k % len(of.turns)])


@MANY
@given(windows(), zone_and_instant())
def test_8_open_is_to_lie_in_an_occurrence(given: tuple[Window, ...] | None, place: tuple[str, int]) -> None:
    zone, t = place
    intervals = occurrences(given or (), zone, t, t + 1)
    assert is_open(given or (), zone, t) == any(start <= t < end for start, end in intervals)


@SOME
@given(rotations(), zone_and_instant(), st.lists(people, min_size=1, max_size=4))
def test_9_an_unrestricted_layer_with_people_has_no_gap(rotation: Rotation, place: tuple[str, int], turns: list[UserId]) -> None:
    zone, t = place
    assert coverage(tiles(schedule(layer(*turns, rotation=rotation, zone=zone)), t - 9 * DAY, t + 9 * DAY)) == 1.0


@SOME
@given(schedules(), st.data())
def test_10_an_override_changes_nothing_outside_its_interval(given: tuple[Schedule, int], data: st.DataObject) -> None:
    of, t = given
    override: Override = data.draw(overrides(t, seq=9))
    changed = replace(of, overrides=(*of.overrides, override))
    for instant in (override.start - 1, override.end, t):
        if not override.start <= instant < override.end:
            assert on_call_at(changed, at=to_instant(instant)) == on_call_at(of, at=to_instant(instant))
    before, after = override.start - 5 * DAY, override.end + 5 * DAY
    assert tiles(changed, before, override.start) == tiles(of, before, override.start)
    assert tiles(changed, override.end, after) == tiles(of, override.end, after)


@SOME
@given(schedules(), hours, hours)
def test_11_the_rotation_pages_nobody_who_is_away(given: tuple[Schedule, int], before: int, after: int) -> None:
    of, t = given
    assume(not nested_in(of))  # whom a nested schedule puts on call it has asked itself about
    of = replace(of, overrides=())
    present = replace(of, away=())
    for tile in tiles(of, t - before * HOUR, t + after * HOUR + 1):
        start = to_seconds(tile.start)
        absent = [one for one in of.away if one.start <= start < one.end]
        planned = on_call_at(present, at=tile.start).users
        stand_ins = [covers_of(user, absent) for user in planned]
        assert {one.user for one in absent}.isdisjoint(tile.on_call.users)
        assert set(tile.on_call.users) <= set[UserId]().union(*stand_ins)
        assert all(not able or not able.isdisjoint(tile.on_call.users) for able in stand_ins)


@SOME
@given(schedules())
def test_12_a_mutual_swap_applied_twice_is_none_at_all(given: tuple[Schedule, int]) -> None:
    of, t = given
    swap = Override(OverrideId(uuid("swap")), 8, OverrideKind.REPLACE, t, t + DAY, replacements=((ana, bob), (bob, ana)))
    twice = replace(of, overrides=(*of.overrides, swap, replace(swap, seq=9)))
    assert on_call_at(twice, at=to_instant(t)).users == on_call_at(of, at=to_instant(t)).users


@SOME
@given(schedules(), people)
def test_13_a_layer_below_all_others_changes_no_covered_instant(given: tuple[Schedule, int], user: UserId) -> None:
    of, t = given
    of = replace(of, overrides=(), temporaries=(), away=())
    below = layer(user, precedence=-1, name="below")
    deeper = replace(of, versions=tuple(replace(version, layers=(*version.layers, below)) for version in of.versions))
    on_call = on_call_at(of, at=to_instant(t))
    assert on_call_at(deeper, at=to_instant(t)) == on_call if on_call.users else on_call_at(deeper, at=to_instant(t)).users == (user,)


@MANY
@given(plain_rotations, zone_and_instant(), st.lists(people, min_size=1, max_size=4), st.integers(-5, 5))
def test_14_to_shift_the_anchor_by_full_cycles_changes_nobody(
    rotation: Rotation, place: tuple[str, int], turns: list[UserId], cycles: int
) -> None:
    zone, t = place
    rotation = replace(rotation, arithmetic=Arithmetic.WALL)
    shifted = replace(rotation, anchor=rotation.anchor + cycles * len(turns) * rotation.count * LENGTH[rotation.unit])
    assert cover(layer(*turns, rotation=rotation, zone=zone), t)[1] == cover(layer(*turns, rotation=shifted, zone=zone), t)[1]


@SOME
@given(rotations(units=(Unit.HOUR,)), st.sampled_from(("UTC", "Asia/Kathmandu", "Etc/GMT+5")), st.integers(1_300_000_000, 1_900_000_000))
def test_15_where_clocks_never_change_elapsed_hours_are_wall_hours(rotation: Rotation, zone: str, t: int) -> None:
    wall, elapsed = replace(rotation, arithmetic=Arithmetic.WALL), replace(rotation, arithmetic=Arithmetic.ELAPSED)
    k = turn_at(wall, zone, t)
    assert turn_at(elapsed, zone, t) == k
    assert handoff(elapsed, zone, k) == handoff(wall, zone, k)


@MANY
@given(wall_rotations, zone_and_instant(), zones)
def test_16_another_zone_keeps_the_wall_and_moves_the_instant_by_the_difference(
    rotation: Rotation, place: tuple[str, int], other: str
) -> None:
    zone, t = place
    k = turn_at(rotation, zone, t)
    here, there = handoff(rotation, zone, k), handoff(rotation, other, k)
    if mono(here, zone) == mono(there, other) == boundary(rotation, k):
        assert (mono(here, zone) - here) - (mono(there, other) - there) == there - here
        assert turn_at(rotation, other, resolve(boundary(rotation, k), other)) == k


@SOME
@given(schedules())
def test_17_an_edit_leaves_everything_before_it(given: tuple[Schedule, int]) -> None:
    of, _ = given
    first = replace(of, versions=of.versions[:1])
    if len(of.versions) == 2 and of.versions[1].effective_from is not None:
        edited = of.versions[1].effective_from
        assert tiles(of, edited - 20 * DAY, edited) == tiles(first, edited - 20 * DAY, edited)


@SOME
@given(schedules(), st.data())
def test_19_an_override_taken_back_and_written_again_is_as_if_it_had_stayed(given: tuple[Schedule, int], data: st.DataObject) -> None:
    of, t = given
    stayed: Override = data.draw(overrides(t, seq=8))
    again = replace(stayed, id=OverrideId(uuid("again")), seq=9)
    before, after = t - 12 * DAY, t + 12 * DAY
    kept, written = (tiles(replace(of, overrides=(*of.overrides, one)), before, after) for one in (stayed, again))
    assert by_people(kept) == by_people(written)
    assert [tile.start for tile in kept] == [tile.start for tile in written]


@SOME
@given(schedules(), hours, st.integers(1, 480))
def test_19_a_range_of_temporary_schedules_taken_out_and_put_back_changes_nobody(
    given: tuple[Schedule, int], before: int, length: int
) -> None:
    of, t = given
    start, end = to_instant(t - before * HOUR), to_instant(t + (length - before) * HOUR)
    whole = [authored(one) for one in of.temporaries]
    left = without(whole, start, end)
    inside = without(without(whole, FOREVER[0], start), end, FOREVER[1])
    assert all(one.end <= start or one.start >= end for one in left)
    assert all(start <= one.start < one.end <= end for one in inside)
    together = tuple(sorted((resolvable(one) for one in (*left, *inside)), key=lambda one: one.start))
    kept, put_back = (tiles(replace(of, temporaries=one), t - 25 * DAY, t + 25 * DAY) for one in (of.temporaries, together))
    assert by_people(put_back, frozenset) == by_people(kept, frozenset)


@FEW
@given(plain_rotations, zones, st.integers(2, 4), st.integers(FIRST, LAST - 366 * DAY))
def test_20_over_a_year_nobody_has_more_than_one_shift_more_and_what_the_clocks_gave(
    rotation: Rotation, zone: str, people: int, start: int
) -> None:
    end = start + 365 * DAY
    everybody = (ana, bob, cem, dee)[:people]
    rendered = tiles(schedule(layer(*everybody, rotation=rotation, zone=zone)), start, end)
    total = {user: sum((tile.end - tile.start for tile in rendered if tile.on_call.users == (user,)), timedelta()) for user in everybody}
    changed = 0 if rotation.arithmetic is Arithmetic.ELAPSED else sum(abs(by) for _, by in clock_changes(zone, start, end))
    allowed = timedelta(seconds=rotation.count * LENGTH[rotation.unit] + changed)
    assert max(total.values()) - min(total.values()) <= allowed


@SOME
@given(schedules(), st.data())
def test_who_is_on_call_in_a_nested_schedule_is_who_it_says_itself(given: tuple[Schedule, int], data: st.DataObject) -> None:
    inner, t = given
    nested = schedule(layer(inner, windows=data.draw(windows())), id="outer")
    [of] = nested.versions[0].layers
    before, after = t - 9 * DAY, t + 9 * DAY
    for tile in tiles(nested, before, after):
        alone = on_call_at(inner, at=tile.start)
        assert tile.on_call.users == (alone.users if cover(of, to_seconds(tile.start))[1] else ())
        if tile.on_call.users:
            assert [replace(source, within=None) for source in tile.on_call.sources[1:]] == [
                replace(source, within=None) for source in alone.sources
            ]
            assert all(source.within in {inner.id, *nested_in(inner)} for source in tile.on_call.sources[1:])
    if of.windows is None:
        assert by_people(tiles(nested, before, after)) == by_people(tiles(inner, before, after))


@FEW
@given(schedules(), schedules(), st.integers(1, 20 * 24), hours)
def test_a_record_answers_for_the_past_whatever_is_written_now(
    given: tuple[Schedule, int], other: tuple[Schedule, int], before: int, after: int
) -> None:
    of, now = given
    since, until = now - before * HOUR, now + after * HOUR + 1
    written = entries_between(of, None, since=to_instant(since), until=to_instant(now))
    record = Record(since, now, tuple(entry.start for entry in written), tuple(entry.on_call for entry in written))
    rewritten = other[0]
    remembered = replace(rewritten, record=record)
    assert tiles(replace(of, record=record), since, until) == tiles(of, since, until)
    assert tiles(remembered, since, now) == tiles(of, since, now)
    assert tiles(remembered, since, until) == merged(tiles(of, since, now) + tiles(rewritten, now, until))
    assert tiles(remembered, since - DAY, since) == tiles(rewritten, since - DAY, since)


@SOME
@given(schedules())
def test_the_next_handoff_is_where_the_rendered_people_change(given: tuple[Schedule, int]) -> None:
    of, t = given
    now = set(on_call_at(of, at=to_instant(t)).users)
    changes = [tile.start for tile in tiles(of, t, t + 30 * DAY) if set(tile.on_call.users) != now]
    found = next_handoff(of, at=to_instant(t))
    if changes:
        assert found == changes[0]
    else:
        assert found is None or found >= to_instant(t + 30 * DAY)


@SOME
@given(schedules())
def test_the_outlook_agrees_with_the_instants_around_it(given: tuple[Schedule, int]) -> None:
    of, t = given
    outlook, second = outlook_at(of, at=to_instant(t)), timedelta(seconds=1)
    assert outlook.on_call == on_call_at(of, at=to_instant(t))
    for shift in outlook.shifts:
        assert shift.start is None or shift.start <= to_instant(t)
        assert shift.end is None or to_instant(t) < shift.end
        for edge, inside in ((shift.start, True), (shift.end, False)):
            if edge is not None:
                assert (shift.user in on_call_at(of, at=edge).users) is inside
                assert (shift.user in on_call_at(of, at=edge - second).users) is not inside
    if outlook.end is not None:
        assert outlook.next == on_call_at(of, at=outlook.end)
        assert outlook.next is not None
        assert set(outlook.next.users) != set(outlook.on_call.users)


@SOME
@given(schedules())
def test_nobody_is_on_call_twice_and_people_have_a_reason(given: tuple[Schedule, int]) -> None:
    of, t = given
    for tile in tiles(of, t - 9 * DAY, t + 9 * DAY):
        assert len(set(tile.on_call.users)) == len(tile.on_call.users)
        assert tile.on_call.sources or not tile.on_call.users
