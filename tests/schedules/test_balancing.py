from datetime import date
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.schedules.building import NAMES, ana, bob, cem, dee, t

from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, HOUR, WEEK
from oncall.schedules.rules.balancing import load_of, propose_order
from oncall.schedules.rules.fairness import Stretch, balance_of, burden_of
from oncall.schedules.values.fairness import Assignment, Burden, Kind, Person, Proposal, Weights

MONDAY = t("2026-11-30 09:00")
PEOPLE = {user: Person(name.title(), "UTC") for user, name in NAMES.items()}
EVERYBODY = (ana, bob, cem, dee)
ABC = (ana, bob, cem)


def turns(count: int, length: int = WEEK) -> list[Stretch]:
    return [(MONDAY + n * length, MONDAY + (n + 1) * length) for n in range(count)]


def who(proposal: Proposal) -> str:
    """The first letters of those who have the turns, a dash for nobody."""
    return "".join("-" if one.user is None else NAMES[one.user][0] for one in proposal.assignments)


def away(*weeks: int) -> list[Stretch]:
    return [turns(week + 1)[week] for week in weeks]


@pytest.mark.parametrize(
    ("what", "members", "absences", "carried", "expected"),
    [
        ("round in the order of the members", ABC, {}, {}, "abcabcab"),
        ("whoever is away has the next turn instead", ABC, {ana: away(0)}, {}, "bacbacba"),
        ("who carried less is first", ABC, {}, {ana: Burden(9), bob: Burden(5), cem: Burden(7)}, "bcabcabc"),
        ("who has to make up has every other turn", ABC, {}, {ana: Burden(9 * WEEK), bob: Burden(9 * WEEK), cem: Burden()}, "cacbcacb"),
        ("who is new has nothing to make up", ABC, {}, {ana: Burden(9 * WEEK), bob: Burden(9 * WEEK)}, "abcabcab"),
        ("nobody is free in one turn", ABC, {ana: away(2), bob: away(2), cem: away(2)}, {}, "ab-cabca"),
        ("one person alone has them all", (ana,), {}, {}, "aaaaaaaa"),
        ("except where they are away", (ana,), {ana: away(1, 2)}, {}, "a--aaaaa"),
        ("turns in a row only where there is no choice", (ana, bob), {bob: away(2, 3, 4)}, {}, "abaaabab"),
        ("who alone is free next week is spared this one", ABC, {bob: away(1), cem: away(1)}, {}, "bacbacba"),
        ("who is there twice counts once", (ana, bob, ana), {}, {}, "abababab"),
        ("nobody takes part", (), {}, {}, "--------"),
    ],
)  # fmt: skip
def test_who_has_eight_weeks(
    what: str, members: tuple[UserId, ...], absences: dict[UserId, list[Stretch]], carried: dict[UserId, Burden], expected: str
) -> None:
    assert who(propose_order(turns(8), members, absences, carried, people=PEOPLE)) == expected, what


@pytest.mark.parametrize(
    ("what", "members", "absences", "carried", "expected"),
    [
        ("the plain case", ABC, {}, {}, ["least carried so far", "least carried so far"]),
        ("who would have been next is away", ABC, {ana: away(0), bob: away(0)}, {},
         ["the only one free; Ana and Bob are unavailable", "least carried so far"]),
        ("who is away without being next is not spoken of", ABC, {cem: away(0)}, {}, ["least carried so far", "least carried so far"]),
        ("who has the least had the turn before", ABC, {}, {ana: Burden(9 * WEEK), bob: Burden(9 * WEEK), cem: Burden()},
         ["least carried so far", "least carried so far; Cem has the turn before"]),
        ("nobody is free", (ana, bob), {ana: away(0), bob: away(0)}, {}, ["Ana and Bob are unavailable", "least carried so far"]),
        ("of many, some are named", EVERYBODY, {ana: away(0), bob: away(0), cem: away(0), dee: away(0)}, {},
         ["Ana, Bob and 2 others are unavailable", "least carried so far"]),
        ("one is away", (ana, bob, cem), {ana: away(0)}, {}, ["least carried so far; Ana is unavailable", "least carried so far"]),
        ("who has the least must have the next turn", ABC, {bob: away(1), cem: away(1)}, {},
         ["least carried so far; Ana has the turn after", "the only one free; Bob and Cem are unavailable"]),
        ("nobody takes part", (), {}, {}, ["nobody takes part", "nobody takes part"]),
    ],
)  # fmt: skip
def test_the_reasons(
    what: str, members: tuple[UserId, ...], absences: dict[UserId, list[Stretch]], carried: dict[UserId, Burden], expected: list[str]
) -> None:
    proposal = propose_order(turns(2), members, absences, carried, people=PEOPLE)
    assert [one.reason for one in proposal.assignments] == expected, what


def test_a_saturday_may_go_to_whoever_has_fewer_weekends_though_not_the_least_load() -> None:
    saturday = t("2026-12-05"), t("2026-12-06")
    carried = {ana: Burden(3 * DAY, nights=29 * HOUR), bob: Burden(2 * DAY, weekends=2 * DAY)}
    assert load_of(carried[bob]) < load_of(carried[ana])
    [assignment] = propose_order([saturday], (ana, bob), {}, carried, people=PEOPLE).assignments
    assert assignment == Assignment(*saturday, ana, "nobody free has fewer weekends so far")


def test_who_had_the_turn_before_the_first_does_not_have_the_first() -> None:
    assert who(propose_order(turns(4), ABC, {}, {}, people=PEOPLE, previous=ana)) == "bcab"


@pytest.mark.parametrize(("what", "tolerance", "expected"), [("as long as allowed", 2 * HOUR, "a"), ("a second more", 2 * HOUR - 1, "b")])
def test_an_absence_counts_from_the_tolerance_on(what: str, tolerance: int, expected: str) -> None:
    absences = {ana: [(MONDAY - DAY, MONDAY + HOUR), (MONDAY - HOUR, MONDAY + HOUR), (MONDAY + 5 * HOUR, MONDAY + 6 * HOUR)]}
    assert who(propose_order(turns(1), ABC, absences, {}, people=PEOPLE, tolerance=tolerance)) == expected, what


@pytest.mark.parametrize(
    ("what", "count", "members", "absences", "expected"),
    [
        ("a plain cycle is a rotation", 8, ABC, {}, ABC),
        ("one round is enough", 3, ABC, {}, ABC),
        ("less is not: somebody has no turn", 2, ABC, {}, None),
        ("an exception makes it none", 8, ABC, {ana: away(3)}, None),
        ("neither is one a turn that nobody has", 8, ABC, {ana: away(3), bob: away(3), cem: away(3)}, None),
        ("in the order found, not that of the members", 6, ABC, {ana: away(0)}, (bob, ana, cem)),
        ("nobody", 3, (), {}, None),
    ],
)
def test_where_turns_simply_go_round_that_is_a_rotation(
    what: str, count: int, members: tuple[UserId, ...], absences: dict[UserId, list[Stretch]], expected: tuple[UserId, ...] | None
) -> None:
    assert propose_order(turns(count), members, absences, {}, people=PEOPLE).rotation == expected, what


def test_weights_say_what_counts_more() -> None:
    saturday_night = burden_of(t("2026-12-05 23:00"), t("2026-12-06"), PEOPLE[ana])
    christmas = burden_of(t("2026-12-25 12:00"), t("2026-12-25 13:00"), Person("Ana", "UTC", frozenset({date(2026, 12, 25)})))
    assert (load_of(saturday_night), load_of(christmas)) == (3 * HOUR, 3 * HOUR)
    assert load_of(saturday_night, Weights(night=0, weekend=0)) == HOUR


def test_each_turn_is_weighed_on_the_wall_of_who_has_it() -> None:
    people = PEOPLE | {ana: Person("Ana", "Asia/Tokyo")}
    evening = t("2026-11-30 14:00"), t("2026-11-30 20:00")
    found = [propose_order([evening], [user], {}, {}, people=people).loads for user in (ana, bob)]
    assert found == [{ana: 12 * HOUR}, {bob: 6 * HOUR}]


def test_a_year_of_days_is_equal_in_each_kind_though_people_are_away() -> None:
    absences = {user: [(MONDAY + n * 60 * DAY, MONDAY + (n * 60 + 14) * DAY)] for n, user in enumerate(EVERYBODY)}
    proposal = propose_order(turns(365, DAY), EVERYBODY, absences, {}, people=PEOPLE)
    assert min(proposal.after.scores[kind] for kind in (Kind.HOURS, Kind.NIGHTS, Kind.WEEKENDS)) > 0.98
    assert all(one.user != other.user for one, other in pairwise(proposal.assignments))


def test_earlier_loads_are_made_up_for() -> None:
    carried = {ana: Burden(8 * WEEK), bob: Burden(6 * WEEK), cem: Burden(4 * WEEK)}
    proposal = propose_order(turns(9), ABC, {}, carried, people=PEOPLE, weights=Weights(0, 0, 0))
    assert (proposal.before.scores[Kind.HOURS], proposal.after.scores[Kind.HOURS]) == (pytest.approx((6 / 8 + 4 / 8 + 4 / 6) / 3), 1.0)
    assert set(proposal.loads.values()) == {9 * WEEK}


Given = tuple[list[Stretch], tuple[UserId, ...], dict[UserId, list[Stretch]], dict[UserId, Burden]]


@st.composite
def tasks(draw: st.DrawFn, *, most: int = 12, people: int = 4) -> Given:
    """Turns of whole hours one after the other, some of them with no time at all, and absences of whole hours among them."""
    members = tuple(draw(st.permutations(EVERYBODY))[: draw(st.integers(1, people))])
    begins, coming = MONDAY, []
    for length in draw(st.lists(st.sampled_from((0, 6, 12, 24, 48, 168)), max_size=most)):
        coming.append((begins, begins + length * HOUR))
        begins = coming[-1][1]
    hours = st.integers(-24, (begins - MONDAY) // HOUR)
    stretches = st.tuples(hours, st.integers(1, 100)).map(lambda of: (MONDAY + of[0] * HOUR, MONDAY + (of[0] + of[1]) * HOUR))
    amounts = st.integers(0, 20).map(lambda days: Burden(days * DAY, days * 8 * HOUR))
    return (
        coming,
        members,
        draw(st.dictionaries(st.sampled_from(EVERYBODY), st.lists(stretches, max_size=4))),
        draw(st.dictionaries(st.sampled_from(EVERYBODY), amounts)),
    )


def hours_away(turn: Stretch, absences: list[Stretch]) -> int:
    return sum(any(start <= hour < end for start, end in absences) for hour in range(*turn, HOUR))


def free_in(turn: Stretch, members: tuple[UserId, ...], absences: dict[UserId, list[Stretch]]) -> list[UserId]:
    return [user for user in members if not hours_away(turn, absences.get(user, []))]


@given(tasks(), st.integers(0, 10))
def test_nobody_has_a_turn_they_are_away_in(given: Given, hours: int) -> None:
    coming, members, absences, carried = given
    proposal = propose_order(coming, members, absences, carried, people=PEOPLE, tolerance=hours * HOUR)
    for one in proposal.assignments:
        assert one.user is None or hours_away((one.start, one.end), absences.get(one.user, [])) <= hours


@given(tasks())
def test_every_turn_in_which_anybody_is_free_is_somebodys(given: Given) -> None:
    coming, members, absences, carried = given
    proposal = propose_order(coming, members, absences, carried, people=PEOPLE)
    assert [(one.start, one.end) for one in proposal.assignments] == coming
    assert [(one.start, one.end) for one in proposal.empty] == [turn for turn in coming if not free_in(turn, members, absences)]
    assert all(one.user is None or one.user in members for one in proposal.assignments)


@given(st.integers(0, 60), st.permutations(EVERYBODY), st.integers(1, 4), st.integers(1, 3))
def test_equal_turns_make_loads_that_differ_by_one_turn_at_most(count: int, users: list[UserId], several: int, weeks: int) -> None:
    members = users[:several]
    proposal = propose_order(turns(count, weeks * WEEK), members, {}, {}, people=PEOPLE)
    one = load_of(burden_of(MONDAY, MONDAY + weeks * WEEK, PEOPLE[ana]))
    assert max(proposal.loads.values()) - min(proposal.loads.values()) <= one
    assert proposal.rotation == (tuple(members) if count >= several else None)


@given(tasks())
def test_the_same_question_has_the_same_answer(given: Given) -> None:
    coming, members, absences, carried = given
    turned = {user: list(reversed(stretches)) for user, stretches in reversed(absences.items())}
    again = propose_order(coming, members, turned, dict(reversed(carried.items())), people=dict(reversed(PEOPLE.items())))
    assert again == propose_order(coming, members, absences, carried, people=PEOPLE)


@settings(max_examples=50)
@given(tasks(most=6, people=3), st.sampled_from(EVERYBODY))
def test_as_few_turns_in_a_row_as_can_be(given: Given, previous: UserId) -> None:
    coming, members, absences, carried = given
    proposal = propose_order(coming, members, absences, carried, people=PEOPLE, previous=previous)
    possible = product(*(free_in(turn, members, absences) or [None] for turn in coming))
    assert in_a_row(previous, [one.user for one in proposal.assignments]) == min(in_a_row(previous, plan) for plan in possible)


def in_a_row(previous: UserId, plan: list[UserId | None] | tuple[UserId | None, ...]) -> int:
    return sum(one == two for one, two in pairwise([previous, *plan]) if two is not None)


@given(tasks())
def test_what_everybody_will_have_carried_adds_up(given: Given) -> None:
    coming, members, absences, carried = given
    carried = {user: carried.get(user, Burden()) for user in members}
    proposal = propose_order(coming, members, absences, carried, people=PEOPLE)
    for user in members:
        own = [burden_of(one.start, one.end, PEOPLE[user]) for one in proposal.assignments if one.user == user]
        assert proposal.burdens[user] == Burden(*(carried[user].of(kind) + sum(burden.of(kind) for burden in own) for kind in Kind))
        assert proposal.loads[user] == load_of(proposal.burdens[user])
    assert (proposal.before, proposal.after) == (balance_of(carried.values()), balance_of(proposal.burdens.values()))


@given(tasks())
def test_a_rotation_says_the_same_as_the_assignments(given: Given) -> None:
    coming, members, absences, carried = given
    proposal = propose_order(coming, members, absences, carried, people=PEOPLE)
    if (rotation := proposal.rotation) is not None:
        assert sorted(rotation) == sorted(members)
        assert [one.user for one in proposal.assignments] == [rotation[n % len(rotation)] for n in range(len(coming))]
