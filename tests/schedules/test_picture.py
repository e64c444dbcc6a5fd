import re
from datetime import timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.building import NEW_YORK, at, t
from tests.schedules.strategies import FIRST, LAST, instants, zones

from oncall.kit.zones import DAY, HOUR, mono, resolve, to_instant
from oncall.schedules.rules.picture import draw
from oncall.schedules.rules.picture.axis import Axis, midnights, scales_for, stretches, weekends
from oncall.schedules.rules.picture.colours import fills_of
from oncall.schedules.rules.picture.lettering import cleaned
from oncall.schedules.values.picture import Band, Row

SVG = "{http://www.w3.org/2000/svg}"
HOURS = timedelta(hours=1)
LORD_HOWE, CASABLANCA, SAO_PAULO, APIA = "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo", "Pacific/Apia"


def band(start: str, end: str, *people: str, kind: str = "layer") -> Band:
    return Band(at(start), at(end), people, kind)


def turns(since: str, until: str, length: timedelta, *people: str) -> tuple[Band, ...]:
    """One after the other, round and round; "" is nobody."""
    count = -(-(at(until) - at(since)) // length)
    names = [people[nth % len(people)] for nth in range(count)]
    return tuple(
        Band(at(since) + nth * length, at(since) + (nth + 1) * length, (name,) if name else (), "layer") for nth, name in enumerate(names)
    )


def final(*bands: Band) -> Row:
    return Row("Final schedule", "final", bands)


def picture(
    *rows: Row, since: str = "2026-03-02", until: str = "2026-03-09", now: str | None = None, zone: str = "UTC", covered: float = 1
) -> Element:
    svg = draw("Payments", rows, since=at(since), until=at(until), now=None if now is None else at(now), zone=zone, covered=covered)
    return ET.fromstring(svg)


def words(drawn: Element, class_: str | None = None) -> list[str]:
    return [one.text or "" for one in drawn.iter(f"{SVG}text") if class_ is None or class_ in one.get("class", "").split()]


def labels(drawn: Element) -> list[str]:
    """What stands in bands."""
    return words(drawn, "on") + words(drawn, "gap-ink")


def pieces(drawn: Element) -> list[tuple[str, list[Element]]]:
    """What is told about each piece, and the boxes that it fills."""
    groups = [(group.find(f"{SVG}title"), group.findall(f"{SVG}rect")) for group in drawn.iter(f"{SVG}g")]
    return [(title.text or "", boxes) for title, boxes in groups if title is not None and boxes]


def place(box: Element) -> tuple[float, float, float, float]:
    return float(box.get("x", "")), float(box.get("y", "")), float(box.get("width", "")), float(box.get("height", ""))


def lines(drawn: Element, class_: str) -> list[float]:
    """Where vertical lines of a class are."""
    paths = [path.get("d", "") for path in drawn.iter(f"{SVG}path") if path.get("class") == class_]
    return [float(x) for path in paths for x in re.findall(r"M([\d.]+) ", path)] + [
        float(line.get("x1", "")) for line in drawn.iter(f"{SVG}line") if line.get("class") == class_
    ]


def axis(since: str, until: str, zone: str = "UTC") -> Axis:
    return Axis(t(since), t(until), zone, 8, 792)


# --- the axis ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "since", "until", "upper", "lower"),
    [
        ("six hours", "2026-03-02", "2026-03-02 06:00", ["Mon 2 Mar 2026"], ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"]),
        ("a day from noon", "2026-03-02 12:00", "2026-03-03 12:00", ["Mon 2 Mar 2026", "Tue 3 Mar 2026"],
         ["12:00", "15:00", "18:00", "21:00", "00:00", "03:00", "06:00", "09:00"]),
        ("two days", "2026-03-02", "2026-03-04", ["Mon 2 Mar 2026", "Tue 3 Mar 2026"],
         ["00:00", "06:00", "12:00", "18:00", "00:00", "06:00", "12:00", "18:00"]),
        ("a week", "2026-02-26", "2026-03-05", ["February 2026", "March 2026"],
         ["Thu 26", "Fri 27", "Sat 28", "Sun 1", "Mon 2", "Tue 3", "Wed 4"]),
        ("two weeks", "2026-02-23", "2026-03-09", ["February 2026", "March 2026"],
         ["23", "24", "25", "26", "27", "28", "1", "2", "3", "4", "5", "6", "7", "8"]),
        ("a month is told by its Mondays", "2026-03-01", "2026-04-01", ["March 2026"], ["Mon 2", "Mon 9", "Mon 16", "Mon 23"]),
        ("a quarter too", "2026-01-01", "2026-04-01", ["January 2026", "February 2026", "March 2026"],
         ["5", "12", "19", "26", "2", "9", "16", "23", "2", "9", "16", "23"]),
        ("a year", "2026-01-01", "2027-01-01", ["2026"],
         ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]),
        ("a year from summer to summer", "2026-07-01", "2027-07-01", ["2026", "2027"],
         ["Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun"]),
    ],
)  # fmt: skip
def test_the_axis_fits_the_range(what: str, since: str, until: str, upper: list[str], lower: list[str]) -> None:
    assert words(picture(since=since, until=until), "soft")[1:] == upper + lower, what


@pytest.mark.parametrize(
    ("what", "zone", "since", "until", "expected"),
    [
        ("UTC", "UTC", "2026-03-02 12:00", "2026-03-04 12:00", ["03-03 00:00", "03-04 00:00"]),
        ("New York, when the clocks go forward", NEW_YORK, "2026-03-07 12:00", "2026-03-10 12:00",
         ["03-08 05:00", "03-09 04:00", "03-10 04:00"]),
        ("New York, when they go back", NEW_YORK, "2026-10-31 12:00", "2026-11-02 12:00", ["11-01 04:00", "11-02 05:00"]),
        ("a midnight that is skipped", SAO_PAULO, "2018-11-03 12:00", "2018-11-05 12:00", ["11-04 03:00", "11-05 02:00"]),
        ("a day that is skipped is not there", APIA, "2011-12-29 12:00", "2012-01-01 12:00", ["12-30 10:00", "12-31 10:00", "01-01 10:00"]),
    ],
)  # fmt: skip
def test_midnights_are_those_of_the_zone(what: str, zone: str, since: str, until: str, expected: list[str]) -> None:
    seen = axis(since, until, zone)
    found = list(midnights(seen))
    assert [f"{to_instant(t):%m-%d %H:%M}" for t in dict.fromkeys(found)] == expected, what
    assert lines(picture(since=since, until=until, zone=zone), "midnight") == [pytest.approx(seen.x(t), abs=0.005) for t in found], what


@given(st.data())
def test_ticks_lie_where_the_local_wall_says(data: st.DataObject) -> None:
    zone = data.draw(zones)
    since = data.draw(instants(zone))
    until = since + data.draw(st.integers(1, 366 * DAY))
    seen = Axis(since, until, zone, 8, 792)
    for scale in scales_for(seen):
        found = list(stretches(scale, seen))
        assert all(one.start < one.end and one.start < until and one.end > since for one in found)
        assert all(one.end <= after.start for one, after in pairwise(found)), "they do not overlap"
        assert all(resolve(mono(one.start, zone), zone) == one.start for one in found), "each at the first instant of its local time"
    for midnight in midnights(seen):
        assert mono(midnight - 1, zone) // DAY < mono(midnight, zone) // DAY, "a new day begins there"


def test_a_day_without_an_hour_is_narrower() -> None:
    seen = axis("2026-03-02 05:00", "2026-03-16 04:00", NEW_YORK)
    widths = [(seen.x(after) - seen.x(before)) / seen.second / HOUR for before, after in pairwise(midnights(seen))]
    assert [round(width, 6) for width in widths] == [24, 24, 24, 24, 24, 24, 23, 24, 24, 24, 24, 24, 24]


def test_weekends_are_shaded_from_midnight_to_midnight() -> None:
    found = list(weekends(axis("2026-03-08 12:00", "2026-03-15 12:00", NEW_YORK)))
    assert found == [(t("2026-03-07 05:00"), t("2026-03-09 04:00")), (t("2026-03-14 04:00"), t("2026-03-16 04:00"))]


@pytest.mark.parametrize(
    ("what", "zone", "since", "until", "expected"),
    [
        ("forward", NEW_YORK, "2026-03-01", "2026-04-01", [("2026-03-08 07:00", "clocks +1 h")]),
        ("back", NEW_YORK, "2026-11-01", "2026-11-03", [("2026-11-01 06:00", "clocks −1 h")]),
        ("half an hour", LORD_HOWE, "2026-04-01", "2026-04-10", [("2026-04-04 15:00", "clocks −30 min")]),
        ("both of a year", NEW_YORK, "2026-01-01", "2027-01-01",
         [("2026-03-08 07:00", "clocks +1 h"), ("2026-11-01 06:00", "clocks −1 h")]),
        ("two that are near have both room", CASABLANCA, "2024-01-01", "2025-01-01",
         [("2024-03-10 02:00", "clocks −1 h"), ("2024-04-14 02:00", "clocks +1 h")]),
        ("a day that is skipped", APIA, "2011-12-25", "2012-01-05", [("2011-12-30 10:00", "clocks +24 h")]),
        ("none", "UTC", "2026-01-01", "2027-01-01", []),
        ("none in this range", NEW_YORK, "2026-03-09", "2026-03-16", []),
    ],
)  # fmt: skip
def test_changes_of_the_clocks_are_marked(what: str, zone: str, since: str, until: str, expected: list[tuple[str, str]]) -> None:
    drawn = picture(since=since, until=until, zone=zone)
    seen = axis(since, until, zone)
    assert lines(drawn, "clocks") == [pytest.approx(seen.x(t(when)), abs=0.005) for when, _ in expected], what
    assert [said for said in words(drawn) if said.startswith("clocks")] == [said for _, said in expected], what


@pytest.mark.parametrize(
    ("what", "now", "expected"),
    [
        ("inside", "2026-03-05 12:00", [400.0]),
        ("at the beginning", "2026-03-02", [8.0]),
        ("just past the end", "2026-03-09", []),
        ("before", "2026-03-01", []),
        ("not asked for", None, []),
    ],
)
def test_now_is_a_line_inside_the_range(what: str, now: str | None, expected: list[float]) -> None:
    drawn = picture(now=now)
    assert lines(drawn, "now") == expected, what
    assert words(drawn, "now-paper") == ["now"] * len(expected), what


# --- rows and bands ---------------------------------------------------------------------------------------------------------


def test_a_band_lies_where_its_time_is() -> None:
    drawn = picture(final(band("2026-03-02", "2026-03-05 12:00", "Ana"), band("2026-03-05 12:00", "2026-03-09", "Bob")))
    (_, [ana]), (_, [bob]) = pieces(drawn)
    assert (place(ana)[0], place(bob)[0]) == (8, 400)
    assert (place(ana)[2], place(bob)[2]) == (391, 391), "a hair is left between them"
    assert labels(drawn) == ["Ana", "Bob"]


def test_what_reaches_beyond_the_range_is_cut_but_told_in_full() -> None:
    drawn = picture(final(band("2026-02-28", "2026-03-20", "Ana"), band("2026-03-20", "2026-03-21", "Bob")))
    [(told, [box])] = pieces(drawn)
    assert (place(box)[0], place(box)[2]) == (8, 783)
    assert told == "Ana\nSat 28 Feb 2026 00:00 – Fri 20 Mar 2026 00:00 (UTC)"


def test_the_final_schedule_is_taller_than_a_layer() -> None:
    same = (band("2026-03-02", "2026-03-09", "Ana"),)
    (_, [layer]), (_, [last]) = pieces(picture(Row("weekly", "layer", same), final(*same)))
    assert place(last)[3] > 1.5 * place(layer)[3]
    assert place(last)[1] > place(layer)[1] + place(layer)[3]


@pytest.mark.parametrize(
    ("what", "row", "told", "labelled"),
    [
        ("in the final schedule a gap", final(band("2026-03-03", "2026-03-05", kind="gap")), ["Gap: nobody is on call"], ["gap"]),
        ("in a layer nothing", Row("weekly", "layer", (band("2026-03-03", "2026-03-05"),)), [], []),
        (
            "among overrides nobody",
            Row("Overrides", "overrides", (band("2026-03-03", "2026-03-05", kind="clear"),)),
            ["Nobody (clear)"],
            [],
        ),
        (
            "in a temporary schedule nobody",
            Row("Easter", "temporary", (band("2026-03-03", "2026-03-05", kind="temporary"),)),
            ["Nobody"],
            [],
        ),
    ],
)
def test_a_band_without_people_is(what: str, row: Row, told: list[str], labelled: list[str]) -> None:
    drawn = picture(row)
    assert [told.partition("\n")[0] for told, _ in pieces(drawn)] == told, what
    assert labels(drawn) == labelled, what


@pytest.mark.parametrize(
    ("what", "hours", "label", "marked"),
    [("wide enough for the word", 24, ["gap"], 0), ("wide enough to be seen", 6, [], 0), ("so narrow that it is pointed at", 1, [], 1)],
)
def test_a_gap_is_hatched(what: str, hours: int, label: list[str], marked: int) -> None:
    end = at("2026-03-04") + hours * HOURS
    gap = Band(at("2026-03-04"), end, (), "gap")
    drawn = picture(final(band("2026-03-02", "2026-03-04", "Ana"), gap, Band(end, at("2026-03-09"), ("Bob",), "layer")))
    hatched = [boxes[0] for _, boxes in pieces(drawn) if boxes[0].get("fill") == "url(#schedule-picture-gap)"]
    marks = [path for path in drawn.iter(f"{SVG}path") if path.get("class") == "gap-ink"]
    assert (len(hatched), words(drawn, "gap-ink"), len(marks)) == (1, label, marked), what


def test_people_on_call_together_lie_below_one_another() -> None:
    drawn = picture(final(band("2026-03-02", "2026-03-09", "Ana", "Bob")))
    [(told, boxes)] = pieces(drawn)
    (x, top, width, height), below = map(place, boxes)
    assert below == (x, top + height, width, height)
    assert {box.get("fill") for box in boxes} == {fill.paint for fill in fills_of(["Ana", "Bob"]).values()}
    assert labels(drawn) == ["Ana", "Bob"]
    assert told.startswith("Ana and Bob\n")


def test_names_of_many_together_share_one_line() -> None:
    drawn = picture(final(band("2026-03-02", "2026-03-09", "Ana", "Bob", "Cem", "Dee")))
    assert labels(drawn) == ["Ana, Bob, Cem, Dee"]


def test_overrides_that_overlap_lie_below_one_another() -> None:
    row = Row(
        "Overrides",
        "overrides",
        (
            band("2026-03-02", "2026-03-05", "Ana", kind="add"),
            band("2026-03-03", "2026-03-06", "Bob", kind="cover"),
            band("2026-03-05", "2026-03-07", "Cem", kind="add"),
        ),
    )
    tops = {told.partition("\n")[0]: place(box)[1] for told, [box] in pieces(picture(row))}
    assert tops["Ana (add)"] == tops["Cem (add)"] == tops["Bob (cover)"] - 32


@pytest.mark.parametrize(
    ("what", "name", "hours", "expected"),
    [
        ("a name that fits", "Ana", 24, "Ana"),
        ("one that does not", "Chukwuemeka Okonkwo", 24, "Chukw…"),
        ("wide letters", "李李李李李李", 24, "李李李…"),
        ("no room", "Chukwuemeka Okonkwo", 6, None),
        ("no room even for an end", "Chukwuemeka Okonkwo", 1, None),
    ],
)
def test_a_name_is_shortened_to_its_band(what: str, name: str, hours: int, expected: str | None) -> None:
    end = at("2026-03-04") + hours * HOURS
    drawn = picture(Row("weekly", "layer", (Band(at("2026-03-04"), end, (name,), "layer"),)))
    assert labels(drawn) == ([] if expected is None else [expected]), what


# --- crowds -----------------------------------------------------------------------------------------------------------------

NEW_YEAR, END_OF_YEAR = "2026-01-01", "2027-01-01"
PEOPLE = ("Ana", "Bob", "Cem", "Dee", "Eve")


def year(*rows: Row) -> Element:
    return picture(*rows, since=NEW_YEAR, until=END_OF_YEAR)


def test_hours_of_a_year_are_one_crowd() -> None:
    [(told, [box])] = pieces(year(final(*turns(NEW_YEAR, END_OF_YEAR, HOURS, *PEOPLE))))
    assert told == "Ana, Bob, Cem, Dee and Eve in 8,760 stretches\nThu 1 Jan 2026 00:00 – Fri 1 Jan 2027 00:00 (UTC)"
    assert box.get("class") == "many"


def test_an_hour_of_nobody_in_a_crowd_still_shows_where_it_is() -> None:
    bands = list(turns(NEW_YEAR, END_OF_YEAR, HOURS, *PEOPLE))
    bands[4000] = Band(bands[4000].start, bands[4000].end, (), "gap")
    before, gap, after = pieces(year(final(*bands)))
    assert [boxes[0].get("class") for _, boxes in (before, after)] == ["many", "many"]
    x, _, width, _ = place(gap[1][0])
    assert x <= axis(NEW_YEAR, END_OF_YEAR).x(t("2026-01-01") + 4000 * HOUR) < x + width < x + 5
    assert "nobody for 1 h" in gap[0]


def test_narrow_bands_apart_from_each_other_are_no_crowd() -> None:
    nights = turns(NEW_YEAR, END_OF_YEAR, 8 * HOURS, "Ana", "", "", "Bob", "", "")
    found = pieces(year(Row("nights", "layer", nights)))
    assert [told.partition("\n")[0] for told, _ in found] == ["Ana", "Bob"] * 182 + ["Ana"]


@pytest.mark.parametrize("hours", [1, 2, 4, 8, 12, 24])
def test_a_year_stays_small(hours: int) -> None:
    bands = turns(NEW_YEAR, END_OF_YEAR, hours * HOURS, *PEOPLE, "")
    svg = draw("Year", [final(*bands)], since=at(NEW_YEAR), until=at(END_OF_YEAR), now=None, zone=NEW_YORK, covered=0.8)
    assert len(svg.encode()) < 250_000


@given(st.data())
def test_a_row_shows_each_second_of_the_final_schedule_once(data: st.DataObject) -> None:
    """Pieces partition the range whatever the lengths of bands, and each gap is hatched."""
    zone = data.draw(zones)
    start = data.draw(st.integers(FIRST, LAST))
    lengths = data.draw(st.lists(st.sampled_from((1, 60, HOUR, 8 * HOUR, DAY, 7 * DAY)), min_size=1, max_size=40))
    edges = [start]
    for length in lengths:
        edges.append(edges[-1] + length)
    who = data.draw(st.lists(st.sampled_from(((), ("Ana",), ("Bob",), ("Ana", "Bob"))), min_size=len(lengths), max_size=len(lengths)))
    bands = [Band(to_instant(a), to_instant(b), people, "layer") for (a, b), people in zip(pairwise(edges), who, strict=True)]
    svg = draw("T", [final(*bands)], since=to_instant(start), until=to_instant(edges[-1]), now=None, zone=zone, covered=0.5)
    found = [(told, place(boxes[0])) for told, boxes in pieces(ET.fromstring(svg))]
    assert found[0][1][0] == 8
    for (_, (x, _, width, _)), (_, (following, _, _, _)) in pairwise(found):
        assert x + width <= following + 0.52, "at least half a unit wide"
        assert following - (x + width) <= 1.02, "at most a hair between"
    gaps = [told for told, _ in found if "obody" in told]
    assert bool(gaps) == any(not people for people in who)


# --- words ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("covered", "expected"),
    [(1, "100 % covered"), (0.99999, "99.9 % covered"), (0.5, "50 % covered"), (0.1234, "12.3 % covered"), (0, "0 % covered")],
)
def test_what_has_a_gap_is_never_called_wholly_covered(covered: float, expected: str) -> None:
    assert expected in words(picture(covered=covered))


def test_the_final_schedule_is_told_in_words() -> None:
    bands = (band("2026-02-23 09:00", "2026-03-02 09:00", "Bob"), band("2026-03-02 09:00", "2026-03-08", "Ana", "Bob"))
    drawn = picture(final(*bands, band("2026-03-08", "2026-03-09", kind="gap"), band("2026-03-09", "2026-03-10", "Cem")))
    assert drawn.findtext(f"{SVG}title") == "Payments"
    assert drawn.findtext(f"{SVG}desc") == (
        "Mon 23 Feb 2026 09:00 – Mon 2 Mar 2026 09:00 (UTC): Bob. "
        "Mon 2 Mar 2026 09:00 – Sun 8 Mar 2026 00:00 (UTC): Ana and Bob. "
        "Sun 8 Mar 2026 00:00 – Mon 9 Mar 2026 00:00 (UTC): nobody."
    )


def test_only_the_beginning_of_a_long_one_is() -> None:
    described = picture(final(*turns("2026-03-02", "2026-03-09", 2 * HOURS, *PEOPLE))).findtext(f"{SVG}desc") or ""
    assert described.count(" – ") == 20
    assert described.endswith(" And 64 more.")


@pytest.mark.parametrize("rows", [[], [final()], [Row("weekly", "layer", ())]])
def test_nothing_can_be_drawn_too(rows: list[Row]) -> None:
    assert picture(*rows).findtext(f"{SVG}desc") == "Nothing is planned."


# --- colours ----------------------------------------------------------------------------------------------------------------


def test_who_shares_a_colour_is_told_apart_by_a_texture() -> None:
    names = [f"Person {number}" for number in range(25)]
    fills = fills_of(names)
    assert len({fill.colour for fill in fills.values()}) < len(names)
    assert len({fill.paint for fill in fills.values()}) == len(names)
    drawn = picture(final(*turns("2026-03-02", "2026-03-09", 6 * HOURS, *names)))
    defined = {f"url(#{pattern.get('id')})" for pattern in drawn.iter(f"{SVG}pattern")}
    used = {rect.get("fill") for rect in drawn.iter(f"{SVG}rect") if rect.get("fill", "").startswith("url")}
    assert used == defined - {"url(#schedule-picture-gap)"} != set()


def test_the_legend_says_who_has_which_colour() -> None:
    drawn = picture(final(*turns("2026-03-02", "2026-03-09", HOURS, *PEOPLE)))
    assert labels(drawn) == []
    assert words(drawn)[-5:] == list(PEOPLE)


# --- any text ---------------------------------------------------------------------------------------------------------------

HOSTILE = ("</text><script>alert(1)</script>", "a\x00b\x1bc", "\ud800", "]]>", "&amp;", "\u202eanA", "\"'", "\ufffe", "", " \n\t ")
any_text = st.text(st.characters(exclude_categories=())) | st.sampled_from(HOSTILE)


@given(any_text, any_text, any_text, st.lists(any_text, min_size=1, max_size=10))
def test_whatever_people_are_called_the_document_is_the_same(title: str, row: str, kind: str, people: list[str]) -> None:
    bands = (Band(at("2026-03-02"), at("2026-03-05"), tuple(people), kind), Band(at("2026-03-05"), at("2026-03-09"), (), "gap"))
    rows = [Row(row, kind_, bands) for kind_ in ("layer", "overrides", "temporary", "final")]
    svg = draw(title, rows, since=at("2026-03-02"), until=at("2026-03-09"), now=at("2026-03-03"), zone=NEW_YORK, covered=0.5)
    drawn = ET.fromstring(svg.encode())
    elements = {one.tag.removeprefix(SVG) for one in drawn.iter()}
    assert elements <= {"svg", "title", "desc", "style", "defs", "pattern", "rect", "circle", "path", "g", "line", "text"}
    assert drawn.findtext(f"{SVG}title") == cleaned(title)


def test_the_document_stands_alone() -> None:
    svg = draw(
        "P",
        [final(band("2026-03-02", "2026-03-09", "Ana"))],
        since=at("2026-03-02"),
        until=at("2026-03-09"),
        now=None,
        zone="UTC",
        covered=1,
    )
    drawn = ET.fromstring(svg)
    assert drawn.tag == f"{SVG}svg"
    assert (drawn.get("role"), drawn.get("width"), drawn.get("height")) == ("img", "100%", None)
    assert (drawn.get("viewBox") or "").startswith("0 0 800 ")
    assert not re.search(r"href|<script|@import|src=|url\((?!#)|https?://(?!www\.w3\.org/2000/svg)", svg)
    assert "prefers-color-scheme: dark" in svg
