"""Telephone numbers: E.164, or a sentence that says what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.kit.phone import NO_COUNTRY, check_phone_number


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+351912345678", "+351912345678"),
        (" +351 912 345 678 ", "+351912345678"),
        ("+1 (415) 555-0100", "+14155550100"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+49-89-636-48018", "+498963648018"),
    ],
)
def test_what_people_type_becomes_e164(typed: str, stored: str) -> None:
    assert check_phone_number(typed) == stored


@pytest.mark.parametrize(
    ("what", "typed", "says"),
    [
        ("nothing", "", NO_COUNTRY),
        ("no country", "912 345 678", NO_COUNTRY),
        ("two zeros are not the same everywhere", "00351912345678", NO_COUNTRY),
        ("no such country", "+999 123 456 789", "No country"),
        ("too short", "+351 9123", "too few digits"),
        ("too long", "+351 912 345 678 901", "too many digits"),
        ("without its area code", "+1 555 0100", "area code|too few"),
        ("words", "+1-800-FLOWERS", "something else than digits"),
        ("an extension", "+442079460958;ext=12", "something else than digits"),
        ("a premium number", "+1 900 555 0100", "pays extra"),
        ("another alphabet's sign", "+1\u202e4155550100", "something else than digits"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_none_is_refused_with_the_reason(what: str, typed: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"{says if says != NO_COUNTRY else 'Write it with a plus sign'}"):
        check_phone_number(typed)


@given(st.text(st.characters(exclude_categories=())) | st.from_regex(r"\+[0-9 ()./;=,-]{1,30}", fullmatch=True))
def test_anything_else_is_a_number_or_a_sentence(typed: str) -> None:
    """What was stored stays as it is when it is read again."""
    try:
        stored = check_phone_number(typed)
    except ValueError as error:
        assert str(error).endswith(".")  # noqa: PT017
    else:
        assert check_phone_number(stored) == stored
