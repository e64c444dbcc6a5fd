from dataclasses import replace
from datetime import timedelta

import pytest
from tests.schedules.building import ana, at, bob, override, t, uuid

from oncall.schedules.rules import check_range, decide_override, decide_removal
from oncall.schedules.values import InvalidOverride, InvalidRange, Override, OverrideIsOver, OverrideKind

NOW = at("2026-03-02 12:00:00.700")
SOON, LATER = "2026-03-02 13:00", "2026-03-02 18:00"


def decided(kind: str, start: str = SOON, end: str = LATER, **more: object) -> Override:
    asked = {"user": None, "replaces": None, "now": NOW} | more
    return decide_override(uuid("override 1"), OverrideKind(kind), start=at(start), end=at(end), **asked)


@pytest.mark.parametrize(
    ("what", "given", "expected"),
    [
        ("cover", decided("cover", user=ana), override("cover", SOON, LATER, ana, seq=0)),
        ("clear", decided("clear"), override("clear", SOON, LATER, seq=0)),
        ("add", decided("add", user=ana), override("add", SOON, LATER, ana, seq=0)),
        ("remove", decided("remove", user=ana), override("remove", SOON, LATER, ana, seq=0)),
        ("replace", decided("replace", user=ana, replaces=bob), override("replace", SOON, LATER, ana, instead_of=bob, seq=0)),
        ("a past start is now", decided("clear", "2026-03-01"), override("clear", "2026-03-02 12:00", LATER, seq=0)),
    ],
)  # fmt: skip
def test_an_override_is_kept_as_it_was_asked_for(what: str, given: Override, expected: Override) -> None:
    assert given == replace(expected, id=uuid("override 1")), what


@pytest.mark.parametrize(
    ("kind", "asked", "sentence"),
    [
        ("cover", {"end": SOON, "user": ana}, "end must be later"),
        ("cover", {"start": "2026-03-01", "end": "2026-03-02 12:00", "user": ana}, "over already"),
        ("cover", {"start": "2026-03-01", "end": "2026-03-02 12:00", "user": ana, "now": at("2026-03-02 12:00")}, "over already"),
        ("cover", {}, "cover needs user_id"),
        ("add", {"user": ana, "replaces": bob}, "and no replaces_user_id"),
        ("remove", {"replaces": bob}, "remove needs user_id"),
        ("clear", {"user": ana}, "neither user_id nor"),
        ("replace", {"user": ana}, "replace needs user_id .* and replaces_user_id"),
        ("replace", {"user": ana, "replaces": ana}, "replace themselves"),
    ],
)
def test_what_cannot_be_says_so(kind: str, asked: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidOverride, match=sentence):
        decided(kind, **asked)


def test_an_override_that_is_taken_back() -> None:
    assert decide_removal(override("clear", SOON, LATER), now=NOW) is None, "has not begun: it is gone"
    assert decide_removal(override("clear", "2026-03-02 11:00", LATER), now=NOW) == t("2026-03-02 12:00"), "is running: it ends now"
    assert decide_removal(override("clear", "2026-03-02 12:00", LATER), now=NOW) is None, "began this second: it is gone"
    with pytest.raises(OverrideIsOver):
        decide_removal(override("clear", "2026-03-01", "2026-03-02 12:00"), now=NOW)


def test_a_range_is_not_empty_and_at_most_a_year() -> None:
    check_range(NOW, NOW + timedelta(days=366))
    with pytest.raises(InvalidRange, match="366 days"):
        check_range(NOW, NOW + timedelta(days=367))
    with pytest.raises(InvalidRange, match="later than since"):
        check_range(NOW, NOW)
