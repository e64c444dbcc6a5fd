import pytest
from tests.schedules.building import NEW_YORK, at, t, window

from oncall.kit.zones import to_instant
from oncall.schedules.rules.windows import is_open, occurrences
from oncall.schedules.values import Window

NIGHTS = window("daily", "22:00", hours=8)
WEEKEND = window("fri", "17:00", hours=64)
SPRING = ("2026-03-08 05:00", "2026-03-09 04:00")
AUTUMN = ("2026-11-01 04:00", "2026-11-02 05:00")


@pytest.mark.parametrize(
    ("what", "windows", "instant", "expected"),
    [
        ("open from its first second", NIGHTS, "2026-01-06 03:00", True),
        ("closed at its end", NIGHTS, "2026-01-06 11:00", False),
        ("open after midnight", NIGHTS, "2026-01-06 10:59:59", True),
        ("closed a second before", NIGHTS, "2026-01-06 02:59:59", False),
        ("a weekend opens on Friday", WEEKEND, "2026-01-09 22:00", True),
        ("and lasts into Monday", WEEKEND, "2026-01-12 13:59:59", True),
        ("until nine", WEEKEND, "2026-01-12 14:00", False),
        ("from Sunday into the next week", window("sun", "23:00", hours=2), "2026-01-12 05:30", True),
        ("a window of a whole week is always open", window("wed", "12:00", hours=168), "2026-01-07 16:59:59", True),
        ("a day without a window is closed", window("mon", "00:00", hours=24), "2026-01-06 17:00", False),
        ("no window at all is never open", (), "2026-01-06 17:00", False),
    ],
)
def test_open_or_closed(what: str, windows: tuple[Window, ...], instant: str, expected: bool) -> None:
    assert is_open(windows, NEW_YORK, t(instant)) is expected, what


@pytest.mark.parametrize(
    ("what", "daily", "day", "expected"),
    [
        ("half of it lies in the gap", ("02:30", 1), SPRING, [("2026-03-08 07:00", "2026-03-08 07:30")]),
        ("all of it lies in the gap", ("02:15", 0.5), SPRING, []),
        ("a night with a gap is an hour shorter", ("22:00", 8), SPRING,
         [("2026-03-08 03:00", "2026-03-08 10:00"), ("2026-03-09 02:00", "2026-03-09 10:00")]),
        ("half an hour in the repeated hour comes once", ("01:00", 0.5), AUTUMN, [("2026-11-01 05:00", "2026-11-01 05:30")]),
        ("up to the end of that hour it comes with both passes", ("01:30", 0.5), AUTUMN, [("2026-11-01 05:30", "2026-11-01 07:00")]),
    ],
)  # fmt: skip
def test_occurrences_when_the_clocks_change(
    what: str, daily: tuple[str, float], day: tuple[str, str], expected: list[tuple[str, str]]
) -> None:
    start, hours = daily
    found = occurrences(window("daily", start, hours=hours), NEW_YORK, t(day[0]), t(day[1]))
    assert [(to_instant(a), to_instant(b)) for a, b in found] == [(at(a), at(b)) for a, b in expected], what


def test_a_window_of_a_week_is_found_in_its_last_minute_and_not_at_its_end() -> None:
    week = window("sun", "23:30", hours=168)
    assert [to_instant(start) for start, _ in occurrences(week, "UTC", t("2026-01-11 23:29"), t("2026-01-11 23:30"))] == [
        at("2026-01-04 23:30")
    ]
    assert [to_instant(start) for start, _ in occurrences(week, "UTC", t("2026-01-11 23:30"), t("2026-01-11 23:31"))] == [
        at("2026-01-11 23:30")
    ]
