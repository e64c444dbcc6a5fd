"""What leaves us as a table or a picture: cells that are no formulas, XML that is well formed whatever a service is called."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.kit.ids import UserId
from oncall.reports.rules.pictures import MOST_BARS, picture_of
from oncall.reports.rules.tables import FORMULAS, cell, csv_of_incidents, csv_of_people
from oncall.reports.values.measures import Apart, By, Group, Load, Loads, Measured, Spread

SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def group(name: str, incidents: int = 4, no_action: int = 1, key: str = "k") -> Group:
    return Group(key, incidents, 0, 3, no_action, 0, 5, Spread(120, 900), None, 0, 0, name=name)


def report(*groups: Group, by: By = By.SERVICE) -> Measured:
    return Measured(SINCE, UNTIL, by, groups, group(""), is_cut=False)


@pytest.mark.parametrize("sign", FORMULAS)
def test_what_begins_a_formula_is_text(sign: str) -> None:
    assert cell(f"{sign}1+1") == f"'{sign}1+1"


@pytest.mark.parametrize("value", ["payments", "a=b", "", 7, -7])
def test_everything_else_stays_as_it_is(value: str | int) -> None:
    assert cell(value) == value


@given(name=st.text(), incidents=st.integers(0, 10**6))
def test_a_table_says_what_it_was_given_and_begins_no_formula(name: str, incidents: int) -> None:
    (line,) = csv.DictReader(io.StringIO(csv_of_incidents(report(group(name, incidents))), newline=""))
    assert line["name"].removeprefix("'") == name.removeprefix("'") or line["name"] == name
    assert not line["name"].startswith(FORMULAS)
    assert (line["incidents"], line["acknowledge_median_seconds"], line["resolve_median_seconds"]) == (str(incidents), "120", "")


def test_people_are_a_table_too() -> None:
    loads = Loads(SINCE, UNTIL, Apart.PERSON, [Load(UserId(UUID(int=1)), "@ana", 3, 2, 1)], is_cut=False)
    assert csv_of_people(loads).splitlines() == ["user_id,name,pages,incidents,night_pages", f"{UUID(int=1)},'@ana,3,2,1"]


def texts(picture: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(picture).iter(f"{SVG}text")]


@given(names=st.lists(st.text(), max_size=4))
def test_a_picture_is_well_formed_and_has_no_script(names: Sequence[str]) -> None:
    picture = picture_of(report(*(group(name) for name in names)))
    tags = {one.tag.removeprefix(SVG) for one in ET.fromstring(picture).iter()}
    assert tags <= {"svg", "title", "defs", "pattern", "rect", "g", "text"}
    assert len([words for words in texts(picture) if words == "4 · 2 min, —"]) == len(names)


def test_bars_are_as_long_as_there_are_incidents_and_hatched_where_nobody_acted() -> None:
    root = ET.fromstring(picture_of(report(group("a", 10, 5), group("b", 5, 0))))
    bars = [one for one in root.iter(f"{SVG}rect") if one.get("height") == "16"]
    assert [(one.get("x"), one.get("width"), one.get("fill")) for one in bars] == [
        ("220", "160", "#888"),
        ("380", "160", "url(#hatch)"),
        ("220", "160", "#888"),
    ]


def test_of_weeks_the_latest_are_shown_and_of_services_those_with_the_most() -> None:
    weeks = report(*(group(f"week {n:03}", n + 1) for n in range(MOST_BARS + 5)), by=By.WEEK)
    assert "week 000" not in texts(picture_of(weeks))
    assert {"week 005", "week 064", "and 5 more"} <= set(texts(picture_of(weeks)))
    services = report(*(group(f"service {n:03}", n + 1) for n in range(MOST_BARS + 5)))
    assert texts(picture_of(services))[4] == "service 064"


def test_nothing_is_said_to_be_nothing() -> None:
    assert "No incident opened in this time." in texts(picture_of(report()))
