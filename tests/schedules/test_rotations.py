from datetime import datetime

import pytest
from tests.schedules.building import NEW_YORK, at, every, t

from oncall.kit.zones import to_instant, to_local_seconds, to_wall
from oncall.schedules.rules.rotations import boundary, handoff, turn_at
from oncall.schedules.values import Rotation

WEEKLY = every(1, "week", "2026-01-05 09:00")
MONTHLY = every(1, "month", "2026-01-31 09:00")
TWELVE_HOURS = every(12, "hour", "2026-03-01 08:00")
TWELVE_ELAPSED = every(12, "hour", "2026-03-01 08:00", arithmetic="elapsed")
WORKING_DAYS = every(2, "day", "2026-01-05 00:00", active="mon tue wed thu fri")


@pytest.mark.parametrize(
    ("what", "rotation", "instant", "turn"),
    [
        ("the anchor begins turn 0", WEEKLY, "2026-01-05 14:00", 0),
        ("a second before it is turn -1: the grid extends both ways", WEEKLY, "2026-01-05 13:59:59", -1),
        ("a week later it is turn 1", WEEKLY, "2026-01-12 14:00", 1),
        ("after twenty years nothing has drifted", WEEKLY, "2046-01-08 14:00", 1044),
        ("in summer the handoff is still at nine on the wall", WEEKLY, "2026-07-06 13:00", 26),
        ("and not before", WEEKLY, "2026-07-06 12:59:59", 25),
        ("two weeks make one turn", every(2, "week", "2026-01-05 09:00"), "2026-01-19 13:59:59", 0),
        ("a month lasts until its anchor day", MONTHLY, "2026-02-28 13:59:59", 0),
        ("or its last day", MONTHLY, "2026-02-28 14:00", 1),
        ("turns of two working days: Monday and Tuesday", WORKING_DAYS, "2026-01-06 23:00", 0),
        ("Wednesday and Thursday", WORKING_DAYS, "2026-01-07 05:00", 1),
        ("Friday, the weekend that does not count, and Monday", WORKING_DAYS, "2026-01-12 23:00", 2),
        ("then the next", WORKING_DAYS, "2026-01-13 05:00", 3),
        ("and the one before the anchor ends with a Friday", WORKING_DAYS, "2026-01-05 04:59:59", -1),
    ],
)
def test_the_turn_of_an_instant(what: str, rotation: Rotation, instant: str, turn: int) -> None:
    assert turn_at(rotation, NEW_YORK, t(instant)) == turn, what


@pytest.mark.parametrize(
    ("what", "rotation", "turns", "expected"),
    [
        ("a month without a 31st hands off on its last day", MONTHLY, range(1, 4), ["02-28 09:00", "03-31 09:00", "04-30 09:00"]),
        ("counted from the anchor, also before it", MONTHLY, range(-2, 0), ["11-30 09:00", "12-31 09:00"]),
        ("every other month", every(2, "month", "2026-01-31 09:00"), range(1, 3), ["03-31 09:00", "05-31 09:00"]),
        ("two days of the week", every(1, "day", "2026-01-08", active="thu fri"), range(3), ["01-08 00:00", "01-09 00:00", "01-15 00:00"]),
    ],
)  # fmt: skip
def test_boundaries_on_the_wall(what: str, rotation: Rotation, turns: range, expected: list[str]) -> None:
    assert [f"{to_wall(boundary(rotation, k)):%m-%d %H:%M}" for k in turns] == expected, what


@pytest.mark.parametrize(
    ("what", "rotation", "around", "expected"),
    [
        ("a handoff in the gap is its end, the next day it is back at 02:30", every(1, "day", "2026-03-01 02:30"), "2026-03-07 07:30",
         ["2026-03-07 07:30", "2026-03-08 07:00", "2026-03-09 06:30"]),
        ("a handoff in a repeated hour is its first pass", every(1, "day", "2026-10-01 01:30"), "2026-10-31 05:30",
         ["2026-10-31 05:30", "2026-11-01 05:30", "2026-11-02 06:30"]),
        ("twelve hours on the wall stay at 08 and 20", TWELVE_HOURS, "2026-03-08 01:00",
         ["2026-03-08 01:00", "2026-03-08 12:00", "2026-03-09 00:00"]),
        ("twelve elapsed hours move to 09 and 21", TWELVE_ELAPSED, "2026-03-08 01:00",
         ["2026-03-08 01:00", "2026-03-08 13:00", "2026-03-09 01:00"]),
        ("an hourly turn that falls into the gap is spent with no time", every(1, "hour", "2026-03-01 00:00"), "2026-03-08 06:00",
         ["2026-03-08 06:00", "2026-03-08 07:00", "2026-03-08 07:00"]),
    ],
)  # fmt: skip
def test_handoffs_when_the_clocks_change(what: str, rotation: Rotation, around: str, expected: list[str]) -> None:
    k = turn_at(rotation, NEW_YORK, t(around))
    assert [to_instant(handoff(rotation, NEW_YORK, k + i)) for i in range(3)] == [at(text) for text in expected], what


def test_a_skipped_day_spends_its_turn_with_no_time() -> None:
    daily = every(1, "day", "2011-12-01 09:00")
    k = (to_local_seconds(datetime.fromisoformat("2011-12-30 09:00")) - daily.anchor) // 86_400
    assert handoff(daily, "Pacific/Apia", k) == t("2011-12-30 10:00")
    assert handoff(daily, "Pacific/Apia", k + 1) == t("2011-12-30 19:00")
    assert turn_at(daily, "Pacific/Apia", t("2011-12-30 10:00")) == k
