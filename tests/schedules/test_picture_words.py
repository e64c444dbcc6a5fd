from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.building import NEW_YORK, t

from oncall.kit.zones import HOUR
from oncall.schedules.rules.picture.colours import PALETTE, fills_of
from oncall.schedules.rules.picture.lettering import cleaned, clock_change, duration, listed, local_range, shortened, width_of


@pytest.mark.parametrize(
    ("what", "zone", "start", "end", "expected"),
    [
        ("UTC", "UTC", "2026-03-02 09:00", "2026-03-09 09:00", "Mon 2 Mar 2026 09:00 – Mon 9 Mar 2026 09:00 (UTC)"),
        ("in the zone", NEW_YORK, "2026-03-02 14:00", "2026-03-03 14:00", "Mon 2 Mar 2026 09:00 – Tue 3 Mar 2026 09:00 (UTC−5)"),
        ("over a change", NEW_YORK, "2026-03-02 14:00", "2026-03-09 13:00",
         "Mon 2 Mar 2026 09:00 (UTC−5) – Mon 9 Mar 2026 09:00 (UTC−4)"),
        ("a repeated hour, from its first to its second pass", NEW_YORK, "2026-11-01 05:30", "2026-11-01 06:30",
         "Sun 1 Nov 2026 01:30 (UTC−4) – Sun 1 Nov 2026 01:30 (UTC−5)"),
        ("up to the change", NEW_YORK, "2026-11-01 05:30", "2026-11-01 06:00",
         "Sun 1 Nov 2026 01:30 (UTC−4) – Sun 1 Nov 2026 01:00 (UTC−5)"),
        ("a quarter of an hour", "Asia/Kathmandu", "2026-03-02", "2026-03-03", "Mon 2 Mar 2026 05:45 – Tue 3 Mar 2026 05:45 (UTC+5:45)"),
        ("to the second", "UTC", "2026-03-02 09:00:07", "2026-03-02 10:00", "Mon 2 Mar 2026 09:00:07 – Mon 2 Mar 2026 10:00 (UTC)"),
    ],
)  # fmt: skip
def test_times_are_told_exactly(what: str, zone: str, start: str, end: str, expected: str) -> None:
    assert local_range(t(start), t(end), zone) == expected, what


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["Ana"], "Ana"),
        (["Ana", "Bob"], "Ana and Bob"),
        (["Ana", "Bob", "Cem"], "Ana, Bob and Cem"),
        (["Ana", "Bob", "Cem", "Dee", "Eve"], "Ana, Bob, Cem and 2 more"),
        (["A" * 100], "A" * 79 + "…"),
    ],
)
def test_names_are_listed(names: Sequence[str], expected: str) -> None:
    assert listed(names, 3) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(5, "5 s"), (1800, "30 min"), (3600, "1 h"), (5400, "1 h 30 min"), (8760 * HOUR, "8,760 h")]
)
def test_durations_are_told(seconds: int, expected: str) -> None:
    assert duration(seconds) == expected
    assert clock_change(-seconds) == f"clocks −{expected}"


@given(st.text(), st.floats(0, 50))
def test_what_is_shortened_fits(text: str, room: float) -> None:
    assert width_of(shortened(text, room)) <= room


def luminance(colour: str) -> float:
    """As WCAG 2.2 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colour", [*PALETTE, "#5b6472"])
def test_names_are_readable_on_every_band_and_bands_visible_on_every_page(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 4.5, "white letters"
    assert contrast(colour, "#14161a") >= 3, "a dark page"


@given(st.sets(st.text(), max_size=60), st.sets(st.text(), max_size=60))
def test_everybody_has_the_same_colour_in_every_picture(some: set[str], others: set[str]) -> None:
    names, more = {cleaned(name) for name in some}, {cleaned(name) for name in others}
    here, there = fills_of(names), fills_of(names | more)
    assert {name: fill.colour for name, fill in here.items()} == {name: there[name].colour for name in names}
    assert fills_of(sorted(names)) == fills_of(sorted(names, reverse=True))
