from datetime import date

import pytest

from oncall.kit.public_holidays import UnknownCountry, check_country, holidays_of


@pytest.mark.parametrize(
    ("what", "country", "subdivision", "day", "expected"),
    [
        ("Christmas in Portugal", "PT", None, date(2026, 12, 25), "Christmas Day"),
        ("a holiday of the country, not of its neighbour", "PT", None, date(2026, 4, 25), "Freedom Day"),
        ("an ordinary day", "PT", None, date(2026, 11, 25), None),
        ("Epiphany in Bavaria", "DE", "BY", date(2027, 1, 6), "Epiphany"),
        ("but not in all of Germany", "DE", None, date(2027, 1, 6), None),
        ("the country's holidays are the subdivision's too", "DE", "BY", date(2026, 10, 3), "German Unity Day"),
        ("a day off in lieu of one on a Saturday", "GB", "ENG", date(2026, 12, 28), "Boxing Day (observed)"),
        ("years that were not asked for are not there", "PT", None, date(2028, 12, 25), None),
    ],
)
def test_the_name_of_a_day(what: str, country: str, subdivision: str | None, day: date, expected: str | None) -> None:
    assert holidays_of(country, subdivision, (2026, 2027)).get(day) == expected, what


def test_days_come_in_order_and_none_without_years() -> None:
    found = holidays_of("US", None, [2027, 2026, 2027])
    assert list(found) == sorted(found)
    assert {day.year for day in found} == {2026, 2027}
    assert holidays_of("US", None, []) == {}


def test_names_do_not_follow_the_language_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    assert holidays_of("DE", None, [2031])[date(2031, 1, 1)] == "New Year's Day"


@pytest.mark.parametrize(
    ("what", "country", "expected"),
    [
        ("another word for it", "UK", "did you mean GB (United Kingdom)?"),
        ("three letters", "USA", "did you mean US (United States)?"),
        ("small letters", "de", "did you mean DE (Germany)?"),
        ("its name", "Portugal", "did you mean PT (Portugal)?"),
        ("its name misspelt", "Portgal", "did you mean PT (Portugal)?"),
        ("a name that several are near to", "Ireand", "did you mean IE (Ireland) or IR (Iran)?"),
        ("nothing like it", "QQ", "codes look like PT."),
        ("nothing", "", "codes look like PT."),
        ("very much", "x" * 100_000, "codes look like PT."),
    ],
)
def test_an_unknown_country_is_refused_with_what_may_be_meant(what: str, country: str, expected: str) -> None:
    with pytest.raises(UnknownCountry) as refusal:
        holidays_of(country, None, [2026])
    assert (str(refusal.value).rpartition(": ")[2], refusal.value.field, refusal.value.code) == (expected, "country", "unknown_country"), (
        what
    )


@pytest.mark.parametrize(
    ("what", "country", "subdivision", "expected"),
    [
        ("the whole code of ISO 3166-2", "DE", "DE-BY", "did you mean BY?"),
        ("its name", "DE", "Bayern", "did you mean BY?"),
        ("misspelt", "GB", "Scottland", "did you mean SCT?"),
        ("small letters", "CH", "zh", "did you mean ZH?"),
        ("nothing like it", "GB", "??", "codes look like ENG."),
        ("there are none", "AF", "KAB", "leave the subdivision out."),
    ],
)
def test_an_unknown_subdivision_is_refused_with_what_may_be_meant(what: str, country: str, subdivision: str, expected: str) -> None:
    with pytest.raises(UnknownCountry) as refusal:
        check_country(country, subdivision)
    assert (str(refusal.value).rpartition(": ")[2], refusal.value.field, refusal.value.code) == (
        expected,
        "subdivision",
        "unknown_country",
    ), what
