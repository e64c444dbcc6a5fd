"""What becomes of a swap, and who is told of which shift when."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.schedules.building import ana, at, bob, cem, uuid

from oncall.handoffs.rules import accept, before_of, decide_swap, decline, morning_of, next_look, notices_now, topic_of, undo, withdraw
from oncall.handoffs.values import (
    InvalidSwap,
    NoticeKind,
    NotYourSwap,
    Preference,
    Replacement,
    Swap,
    SwapId,
    SwapKind,
    SwapNotOpen,
    SwapStatus,
)
from oncall.kit.ids import ScheduleId
from oncall.schedules.values import Shift

NOW = at("2026-03-02 12:00")
NIGHT = (at("2026-03-03 20:00"), at("2026-03-04 08:00"))
LATER = (at("2026-03-10 20:00"), at("2026-03-11 08:00"))
SCHEDULE = ScheduleId(uuid("schedule"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRESH = (SwapId(UUID(int=1)), SwapId(UUID(int=2)))


def proposed(kind: SwapKind = SwapKind.OFFER, **more: object) -> Swap:
    asked = {"proposer": ana, "other": bob, "start": NIGHT[0], "end": NIGHT[1], "in_return": None, "note": "", "author": "Ana", "now": NOW}
    return decide_swap(SwapId(uuid("swap")), SCHEDULE, kind, **asked | more)


def test_who_offers_gives_and_who_asks_takes() -> None:
    offered, asked = proposed(), proposed(SwapKind.ASK)
    assert (offered.giver, offered.taker, offered.proposer) == (ana, bob, ana)
    assert (asked.giver, asked.taker, asked.proposer) == (bob, ana, ana)
    assert (proposed(other=None).giver, proposed(other=None).taker) == (ana, None)


def test_a_swap_cannot_begin_in_the_past() -> None:
    assert proposed(start=NOW - DAY).start == NOW


@pytest.mark.parametrize(
    ("what", "asked", "sentence"),
    [
        ("reversed", {"end": NIGHT[0]}, "later than start"),
        ("over", {"start": NOW - DAY, "end": NOW}, "over already"),
        ("with oneself", {"other": ana}, "with themselves"),
        ("to ask nobody", {"kind": SwapKind.ASK, "other": None}, "say whose with with_user_id"),
        ("hours in return of nobody", {"other": None, "in_return": LATER}, "say whose"),
        ("hours in return, reversed", {"in_return": LATER[::-1]}, "in_return must end later"),
        ("hours in return that are over", {"in_return": (NOW - DAY, NOW)}, "in return are over"),
    ],
)
def test_what_cannot_be_proposed_says_so(what: str, asked: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidSwap, match=sentence):
        proposed(**asked)


def test_whom_it_is_offered_to_takes_it() -> None:
    taken, rest, replacements = accept(proposed(), bob, part=None, fresh=FRESH, author="Bob", now=NOW)
    assert (taken.status, taken.taker, taken.decided_by, taken.decided_at) == (SwapStatus.TAKEN, bob, "Bob", NOW)
    assert rest == []
    assert replacements == [Replacement(ana, bob, *NIGHT)]


def test_an_exchange_is_two_replacements() -> None:
    _, _, replacements = accept(proposed(in_return=LATER), bob, part=None, fresh=FRESH, author="Bob", now=NOW)
    assert replacements == [Replacement(ana, bob, *NIGHT), Replacement(bob, ana, *LATER)]


def test_of_a_part_that_is_taken_the_rest_stays_open() -> None:
    middle = (NIGHT[0] + 2 * HOUR, NIGHT[0] + 4 * HOUR)
    taken, rest, replacements = accept(proposed(other=None), cem, part=middle, fresh=FRESH, author="Cem", now=NOW)
    assert (taken.start, taken.end, taken.taker) == (*middle, cem)
    assert [(one.id, one.start, one.end, one.status) for one in rest] == [
        (FRESH[0], NIGHT[0], middle[0], SwapStatus.OPEN),
        (FRESH[1], middle[1], NIGHT[1], SwapStatus.OPEN),
    ]
    assert replacements == [Replacement(ana, cem, *middle)]


def test_what_has_passed_of_a_running_one_is_not_taken() -> None:
    now = NIGHT[0] + 3 * HOUR
    taken, rest, replacements = accept(proposed(), bob, part=None, fresh=FRESH, author="Bob", now=now)
    assert (taken.start, rest, replacements) == (now, [], [Replacement(ana, bob, now, NIGHT[1])])


@pytest.mark.parametrize(
    ("what", "swap", "by", "may"),
    [
        ("an offer by the one it is made to", proposed(), bob, True),
        ("an offer to another", proposed(), cem, False),
        ("one's own offer", proposed(), ana, False),
        ("an offer to everybody by anybody", proposed(other=None), cem, True),
        ("an offer to everybody by its giver", proposed(other=None), ana, False),
        ("what one is asked for", proposed(SwapKind.ASK), bob, True),
        ("what one asked for oneself", proposed(SwapKind.ASK), ana, False),
    ],
)
def test_only_the_other_side_accepts(what: str, swap: Swap, by: object, may: bool) -> None:
    if may:
        assert accept(swap, by, part=None, fresh=FRESH, author="", now=NOW)[0].status is SwapStatus.TAKEN
    else:
        with pytest.raises(NotYourSwap):
            accept(swap, by, part=None, fresh=FRESH, author="", now=NOW)


def test_a_part_lies_within_and_an_exchange_is_taken_whole() -> None:
    for part in ((NIGHT[0] - HOUR, NIGHT[1]), (NIGHT[0], NIGHT[1] + HOUR), (NIGHT[1], NIGHT[0])):
        with pytest.raises(InvalidSwap, match="must lie within"):
            accept(proposed(), bob, part=part, fresh=FRESH, author="", now=NOW)
    with pytest.raises(InvalidSwap, match="as a whole"):
        accept(proposed(in_return=LATER), bob, part=NIGHT, fresh=FRESH, author="", now=NOW)


def test_only_whom_it_was_proposed_to_declines_and_only_the_proposer_withdraws() -> None:
    assert decline(proposed(), bob, author="Bob", now=NOW).status is SwapStatus.DECLINED
    assert withdraw(proposed(), ana, author="Ana", now=NOW).status is SwapStatus.WITHDRAWN
    with pytest.raises(NotYourSwap):
        decline(proposed(), ana, author="", now=NOW)
    with pytest.raises(NotYourSwap):
        withdraw(proposed(), bob, author="", now=NOW)
    with pytest.raises(InvalidSwap, match="for everybody"):
        decline(proposed(other=None), cem, author="", now=NOW)


def test_what_is_decided_or_expired_is_not_open_any_more() -> None:
    taken = accept(proposed(), bob, part=None, fresh=FRESH, author="Bob", now=NOW)[0]
    with pytest.raises(SwapNotOpen, match="it is taken by Bob"):
        accept(taken, bob, part=None, fresh=FRESH, author="", now=NOW)
    with pytest.raises(SwapNotOpen, match="expired"):
        accept(proposed(), bob, part=None, fresh=FRESH, author="", now=NIGHT[1])


def test_either_side_undoes_a_taken_swap_until_its_hours_are_over() -> None:
    taken = accept(proposed(), bob, part=None, fresh=FRESH, author="Bob", now=NOW)[0]
    assert {undo(taken, one, author="", now=NIGHT[0]).status for one in (ana, bob)} == {SwapStatus.UNDONE}
    with pytest.raises(NotYourSwap):
        undo(taken, cem, author="", now=NOW)
    with pytest.raises(SwapNotOpen, match="hours are over"):
        undo(taken, ana, author="", now=NIGHT[1])
    assert undo(replace(taken, in_return=LATER), ana, author="", now=NIGHT[1]).status is SwapStatus.UNDONE
    with pytest.raises(SwapNotOpen, match="this one is open"):
        undo(proposed(), ana, author="", now=NOW)


# --- notices ----------------------------------------------------------------------------------------------------------------

SHIFT = Shift(ana, *NIGHT)
EARLY = Preference(before=(DAY, HOUR))


@pytest.mark.parametrize(
    ("what", "preference", "told_until", "now", "expected"),
    [
        ("two days before nothing", EARLY, "03-01 20:00", "03-01 20:00", []),
        ("a day before", EARLY, "03-02 19:59", "03-02 20:00", [NoticeKind.COMING]),
        ("a shift that is new and begins soon", EARLY, "03-03 18:00", "03-03 18:05", [NoticeKind.COMING]),
        ("by default nothing before", Preference(), "03-03 19:00", "03-03 19:59", []),
        ("when it begins", Preference(), "03-03 19:59", "03-03 20:00", [NoticeKind.BEGUN]),
        ("late, since it runs still", Preference(), "03-03 19:59", "03-04 02:00", [NoticeKind.BEGUN]),
        ("what was told is not told again", Preference(), "03-03 20:00", "03-03 20:01", []),
        ("when it ends", Preference(), "03-04 07:59", "03-04 08:00", [NoticeKind.ENDED]),
        ("after a night without us only that it ended", Preference(), "03-03 19:00", "03-04 09:00", [NoticeKind.ENDED]),
        ("long after nothing", Preference(), "03-03 19:00", "03-05 09:00", []),
        ("not who does not want it", Preference(at_start=False, at_end=False), "03-03 19:00", "03-04 09:00", []),
    ],
)
def test_when_somebody_is_told(what: str, preference: Preference, told_until: str, now: str, expected: list[NoticeKind]) -> None:
    found = notices_now(SCHEDULE, [SHIFT], {ana: preference}, told_until=at(f"2026-{told_until}"), now=at(f"2026-{now}"))
    assert [notice.kind for notice in found] == expected, what


def test_each_time_before_a_shift_is_a_notice_of_its_own() -> None:
    topics = []
    for now in (NIGHT[0] - DAY, NIGHT[0] - 2 * HOUR, NIGHT[0] - HOUR):
        [notice] = notices_now(SCHEDULE, [SHIFT], {ana: EARLY}, told_until=now - HOUR, now=now)
        topics.append(topic_of(notice, before_of(notice, EARLY, now=now)))
    assert topics[0] == topics[1] != topics[2]


def test_the_next_look_is_at_whatever_comes_first_and_not_late() -> None:
    five = timedelta(minutes=5)
    assert next_look([SHIFT], {ana: EARLY}, now=NIGHT[0] - DAY - 2 * five, at_most=five) == NIGHT[0] - DAY - five
    assert next_look([SHIFT], {ana: EARLY}, now=NIGHT[0] - HOUR - timedelta(minutes=1), at_most=five) == NIGHT[0] - HOUR
    assert next_look([SHIFT], {}, now=NIGHT[1] - timedelta(minutes=1), at_most=five) == NIGHT[1]


def test_a_morning_begins_at_six_on_the_wall_and_lasts_as_long_as_is_wished() -> None:
    zone, four = "America/New_York", 4 * HOUR
    assert morning_of(zone, four, now=at("2026-03-08 09:59")) is None, "05:59 there"
    morning = morning_of(zone, four, now=at("2026-03-08 10:00"))
    assert morning is not None
    assert (morning.night_began, morning.night_ended, morning.until) == (
        at("2026-03-08 03:00"),
        at("2026-03-08 10:00"),
        at("2026-03-08 14:00"),
    ), "the night of the change of the clocks has seven hours"
    assert morning_of(zone, four, now=at("2026-03-08 14:00")) is None
