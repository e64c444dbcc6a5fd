from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.building import NEW_YORK, ana, at, bob, cem, dee, every, layer, override, schedule, t, user, window
from tests.schedules.strategies import instants, zones

from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, HOUR, mono, to_instant, to_wall
from oncall.schedules.rules.fairness import balance_of, burden_of, share_out, total_of
from oncall.schedules.rules.rendering import render
from oncall.schedules.values import Layer, OnCall, Override, Tile
from oncall.schedules.values.fairness import Burden, Kind, Person

LISBON, TOKYO, APIA, SAO_PAULO = "Europe/Lisbon", "Asia/Tokyo", "Pacific/Apia", "America/Sao_Paulo"
PEOPLE = {ana: Person("Ana", "UTC"), bob: Person("Bob", "UTC"), cem: Person("Cem", "UTC")}


def hours(burden: Burden) -> tuple[float, float, float, float]:
    return burden.seconds / HOUR, burden.nights / HOUR, burden.weekends / HOUR, burden.holidays / HOUR


@pytest.mark.parametrize(
    ("what", "zone", "start", "end", "expected"),
    [
        ("a working day has neither night nor weekend", "UTC", "2026-01-05 08:00", "2026-01-05 18:00", (10, 0, 0, 0)),
        ("a night is 22 to 6", "UTC", "2026-01-05 12:00", "2026-01-06 12:00", (24, 8, 0, 0)),
        ("also the one that began the day before", "UTC", "2026-01-06 03:00", "2026-01-06 23:00", (20, 4, 0, 0)),
        ("and the part before it ends", "UTC", "2026-01-06 05:59:59", "2026-01-06 06:00", (1 / 3600, 1 / 3600, 0, 0)),
        ("at six it is over", "UTC", "2026-01-06 06:00", "2026-01-06 06:00:01", (1 / 3600, 0, 0, 0)),
        ("a week has seven nights and two days of weekend", "UTC", "2026-01-05", "2026-01-12", (168, 56, 48, 0)),
        ("a weekend is from midnight to midnight", "UTC", "2026-01-09 18:00", "2026-01-12 09:00", (63, 24, 48, 0)),
        ("nothing is nothing", "UTC", "2026-01-05", "2026-01-05", (0, 0, 0, 0)),
        ("in Tokyo the afternoon of London is night", TOKYO, "2026-01-05 12:00", "2026-01-05 18:00", (6, 5, 0, 0)),
        ("and its Friday evening is Saturday", TOKYO, "2026-01-09 14:00", "2026-01-09 16:00", (2, 2, 1, 0)),
        ("in New York it is the afternoon", NEW_YORK, "2026-01-05 17:00", "2026-01-05 23:00", (6, 0, 0, 0)),
        ("a night has seven hours when the clocks go forward", LISBON, "2026-03-28 12:00", "2026-03-29 12:00", (24, 7, 24, 0)),
        ("and nine when they go back", LISBON, "2026-10-24 11:00", "2026-10-25 12:00", (25, 9, 25, 0)),
        ("that weekend has 47 hours", LISBON, "2026-03-27 12:00", "2026-03-30 12:00", (72, 23, 47, 0)),
        ("this one 49", LISBON, "2026-10-23 12:00", "2026-10-26 12:00", (72, 25, 49, 0)),
        ("a Sunday without its first hour", SAO_PAULO, "2018-11-03 12:00", "2018-11-05 12:00", (48, 15, 38, 0)),
        ("a Saturday with its last hour twice", SAO_PAULO, "2018-02-17 12:00", "2018-02-18 12:00", (24, 9, 24, 0)),
        ("a Friday that never was", APIA, "2011-12-29 10:00", "2012-01-01 10:00", (72, 24, 48, 0)),
    ],
)  # fmt: skip
def test_what_time_on_call_means_on_a_persons_own_wall(
    what: str, zone: str, start: str, end: str, expected: tuple[float, float, float, float]
) -> None:
    assert hours(burden_of(t(start), t(end), Person("Ana", zone))) == expected, what


@pytest.mark.parametrize(
    ("what", "zone", "start", "end", "expected"),
    [
        ("from midnight to midnight of the person", LISBON, "2026-12-24 12:00", "2026-12-26 12:00", (48, 16, 12, 24)),
        ("which is another day elsewhere", TOKYO, "2026-12-24 12:00", "2026-12-24 18:00", (6, 5, 0, 3)),
        ("a day with 25 hours has them all", LISBON, "2026-10-24 12:00", "2026-10-26 12:00", (48, 17, 36, 25)),
        ("a date that is skipped has none", APIA, "2011-12-29", "2012-01-01", (72, 24, 38, 0)),
    ],
)
def test_public_holidays_are_dates_of_the_person(
    what: str, zone: str, start: str, end: str, expected: tuple[float, float, float, float]
) -> None:
    dates = frozenset({date(2026, 12, 25), date(2026, 10, 25), date(2011, 12, 30)})
    assert hours(burden_of(t(start), t(end), Person("Ana", zone, dates))) == expected, what


ALTERNATING = layer(ana, bob, rotation=every(1, "day", "2026-01-05"))
NIGHTS = layer(ana, windows=window("daily", "22:00", hours=8), precedence=1, name="nights")


@pytest.mark.parametrize(
    ("what", "layers", "override_", "expected"),
    [
        ("day by day", [ALTERNATING], None, {"Ana": (4, 24, 96, 4 / 7), "Bob": (3, 24, 72, 3 / 7), "Cem": (0, 0, 0, 0.0)}),
        ("turns of one person without a break are one shift", [layer(ana, ana, bob, rotation=every(1, "day", "2026-01-05"))], None,
         {"Ana": (3, 48, 120, 5 / 7), "Bob": (2, 24, 48, 2 / 7), "Cem": (0, 0, 0, 0.0)}),
        ("a second person who comes and goes breaks no shift", [layer(ana)], override("add", "2026-01-06", "2026-01-07", bob),
         {"Ana": (1, 168, 168, 7 / 8), "Bob": (1, 24, 24, 1 / 8), "Cem": (0, 0, 0, 0.0)}),
        ("one who replaces does", [layer(ana)], override("cover", "2026-01-06", "2026-01-07", bob),
         {"Ana": (2, 120, 144, 6 / 7), "Bob": (1, 24, 24, 1 / 7), "Cem": (0, 0, 0, 0.0)}),
        ("a group has the full time each", [layer((ana, bob))], None,
         {"Ana": (1, 168, 168, 1 / 2), "Bob": (1, 168, 168, 1 / 2), "Cem": (0, 0, 0, 0.0)}),
        ("who is no longer among the people is left out", [layer(dee, ana, rotation=every(1, "day", "2026-01-05"))], None,
         {"Ana": (3, 24, 72, 1.0), "Bob": (0, 0, 0, 0.0), "Cem": (0, 0, 0, 0.0)}),
        ("nobody on call at all", [], None, {"Ana": (0, 0, 0, 0.0), "Bob": (0, 0, 0, 0.0), "Cem": (0, 0, 0, 0.0)}),
    ],
)  # fmt: skip
def test_the_shares_of_a_week(
    what: str, layers: list[Layer], override_: Override | None, expected: dict[str, tuple[int, float, float, float]]
) -> None:
    tiles = render(schedule(*layers, overrides=() if override_ is None else (override_,)), at("2026-01-05"), at("2026-01-12"))
    shares = share_out(tiles, PEOPLE).shares
    told = {PEOPLE[s.user].name: (s.shifts, s.longest / HOUR, s.burden.seconds / HOUR, pytest.approx(s.part)) for s in shares}
    assert told == expected, what


def test_a_second_on_call_in_two_schedules_counts_once() -> None:
    primary = Tile(at("2026-01-05"), at("2026-01-07"), OnCall((ana,)))
    secondary = Tile(at("2026-01-06"), at("2026-01-08"), OnCall((ana, bob)))
    shares = share_out([primary, secondary], PEOPLE).shares
    assert [(share.shifts, share.burden.seconds) for share in shares] == [(1, 3 * DAY), (1, 2 * DAY), (0, 0)]


@pytest.mark.parametrize(
    ("what", "nights", "score"),
    [
        ("the same for everybody", [5, 5, 5], 1.0),
        ("all on one", [9, 0, 0], 0.0),
        ("also of many", [9, 0, 0, 0, 0, 0], 0.0),
        ("half as many", [2, 4], 0.5),
        ("the mean over the pairs", [2, 4, 4], (0.5 + 0.5 + 1) / 3),
        ("two share, a third has none", [4, 4, 0], 1 / 3),
        ("nobody has any", [0, 0], 1.0),
        ("one person alone", [7], 1.0),
        ("nobody", [], 1.0),
    ],
)
def test_the_pair_score(what: str, nights: list[int], score: float) -> None:
    assert balance_of([Burden(nights=count) for count in nights]).scores[Kind.NIGHTS] == pytest.approx(score), what


def test_the_total_is_the_mean_of_what_anybody_has() -> None:
    balance = balance_of([Burden(seconds=10, nights=4), Burden(seconds=10, nights=2)])
    assert balance.scores == {Kind.HOURS: 1.0, Kind.NIGHTS: 0.5, Kind.WEEKENDS: 1.0, Kind.HOLIDAYS: 1.0}
    assert balance.total == 0.75


@pytest.mark.parametrize(
    ("what", "layers", "until", "expected"),
    [
        ("who has too much", [layer(bob, cem, rotation=every(1, "day", "2026-01-05")), NIGHTS], "2026-01-11",
         ["Ana has 100 % of the nights; an equal share is 33 %.", "Cem has 67 % of the weekends; an equal share is 33 %."]),
        ("who has nothing", [layer(ana, bob, rotation=every(1, "week", "2026-01-05"))], "2026-01-19",
         ["Cem has 0 % of the hours; an equal share is 33 %.", "Cem has 0 % of the nights; an equal share is 33 %.",
          "Cem has 0 % of the weekends; an equal share is 33 %."]),
        ("where it is equal there is nothing to say", [layer(ana, bob, cem, rotation=every(1, "week", "2026-01-05"))], "2026-01-26", []),
        ("nor where nobody is on call", [], "2026-01-26", []),
    ],
)  # fmt: skip
def test_the_worst_imbalances_in_sentences(what: str, layers: list[Layer], until: str, expected: list[str]) -> None:
    found = share_out(render(schedule(*layers), at("2026-01-05"), at(until)), PEOPLE).imbalances
    assert list(found) == expected, what


def test_a_sentence_whose_numbers_would_not_show_the_imbalance_is_left_out() -> None:
    many = {user(str(n)): Person(f"P{n}", "UTC") for n in range(100)}
    tiles = [
        Tile(at("2026-01-05"), to_instant(t("2026-01-05") + (HOUR if n % 2 else HOUR * 7 // 10)), OnCall((one,)))
        for n, one in enumerate(many)
    ]
    fairness = share_out(tiles, many)
    assert fairness.balance.scores[Kind.HOURS] == pytest.approx(0.85, abs=0.01)
    assert fairness.imbalances == ()


@st.composite
def someone(draw: st.DrawFn) -> tuple[Person, int]:
    """A person somewhere, and an instant that is often near a change of their clocks, whose date is often a holiday."""
    zone = draw(zones)
    instant = draw(instants(zone))
    dates = frozenset(to_wall(mono(instant, zone) + days * DAY).date() for days in draw(st.sets(st.integers(-2, 2), max_size=2)))
    return Person("Ana", zone, dates), instant


@given(someone(), st.integers(-3 * DAY, 3 * DAY), st.integers(0, 3 * DAY), st.integers(0, 3 * DAY))
def test_the_parts_of_a_stretch_add_up(given: tuple[Person, int], before: int, first: int, second: int) -> None:
    person, instant = given
    start = instant + before
    middle, end = start + first, start + first + second
    assert total_of([burden_of(start, middle, person), burden_of(middle, end, person)]) == burden_of(start, end, person)


@given(someone(), st.integers(-3 * DAY, 3 * DAY))
def test_each_second_is_what_the_wall_says(given: tuple[Person, int], offset: int) -> None:
    person, instant = given
    wall = to_wall(mono(instant + offset, person.zone))
    expected = Burden(1, wall.hour >= 22 or wall.hour < 6, wall.isoweekday() >= 6, wall.date() in person.holidays)
    assert burden_of(instant + offset, instant + offset + 1, person) == expected


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40), st.sets(st.sampled_from((ana, bob, cem, dee)))), max_size=12))
def test_shares_hold_all_time_in_tiles_that_follow_each_other(given: list[tuple[int, int, set[UserId]]]) -> None:
    tiles, t0 = [], t("2026-03-20")
    for gap, length, users in given:
        tiles.append(Tile(to_instant(t0 + gap * HOUR), to_instant(t0 + (gap + length) * HOUR), OnCall(tuple(users))))
        t0 += (gap + length) * HOUR
    fairness = share_out(tiles, PEOPLE)
    expected = sum(length * HOUR * len(users & set(PEOPLE)) for _, length, users in given)
    assert sum(share.burden.seconds for share in fairness.shares) == expected
    assert sum(share.part for share in fairness.shares) == pytest.approx(1.0 if expected else 0.0)
    assert all(0.0 <= score <= 1.0 for score in (*fairness.balance.scores.values(), fairness.balance.total))
    assert all(share.longest <= share.burden.seconds for share in fairness.shares)
    assert share_out(list(reversed(tiles)), PEOPLE) == fairness
