"""What a preview warns of: all that is not refused, and that its author cannot mean."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.intake.payloads import integration

from oncall.intake.commands import received_as
from oncall.intake.commands.preview import Preview, preview

EVENT = {"summary": "t", "dedup_key": "k", "action": {"from": "s", "table": {"up": "resolve"}, "default": "trigger"}}
BODY = {"t": "Disk full", "k": "db-1"}


def tried(body: object, **event: Any) -> Preview:
    return tried_by({"event": EVENT | event}, body)


def tried_by(rule: dict[str, Any], body: object) -> Preview:
    return preview({"rules": [rule]}, received_as(msgspec.json.encode(body)), integration("generic"))


MERE = "it is a mere number, and another monitor of the same service may count up to it as well"
WORD = "which is no word: name what in it is meant, as"
TEXT = "which counts as its JSON text: name what in it is meant, as"
LOCAL = 'has no offset, and counts for nothing: name its zone, {"from": …, "time_zone": "Europe/Berlin"}'
NO_TIME = "is no instant, and counts for nothing; it must be RFC 3339 (2026-03-01T12:00:00Z) or seconds since 1970"
ABOUT_ONE: list[tuple[str, dict[str, Any], object, list[str]]] = [
    ("all is well", {"source": "h", "links": ["u"]}, BODY | {"h": "x", "u": "https://a.example.com"}, []),
    ("a key of digits", {"dedup_key": "id"}, BODY | {"id": 7}, [f'dedup_key: {MERE}: write {{"named": [{{"id": "id"}}]}}']),
    ("a key of digits as a text", {"dedup_key": "id"}, BODY | {"id": " 007 "}, [f'dedup_key: {MERE}: write {{"named": [{{"id": "id"}}]}}']),
    ("a named key of digits", {"dedup_key": {"named": [{"a": "id"}]}}, BODY | {"id": 7}, []),
    ("a key of digits and more", {"dedup_key": {"join": ["k", "id"]}}, BODY | {"id": 7}, []),
    ("no key", {}, {"t": "x"}, ["dedup_key: none was found, so this event is a problem of its own, and nothing ends it"]),
    ("no key of what pages nobody", {"action": {"value": "change"}}, {"t": "x"}, []),
    ("no title", {}, {"k": "a"}, ["summary: none was found in it, so its dedup_key stands there"]),
    ("a title that is a last resort", {"summary": ["t", {"value": "x"}]}, {"k": "a"},
     ["summary: none was found in it, so its constant stands there"]),
    ("no title of an end", {}, {"k": "a", "s": "up"}, []),
    ("a local time", {"occurred_at": "at"}, BODY | {"at": "2026-03-01 12:00:00"},
     [f"occurred_at: '2026-03-01 12:00:00' {LOCAL}"]),
    ("no time", {"expires_at": "at"}, BODY | {"at": "soon"},
     [f"expires_at: 'soon' {NO_TIME}"]),
    ("no time in a zone", {"occurred_at": {"from": "at", "time_zone": "Asia/Tokyo"}}, BODY | {"at": "01.03.2026 12:00:00"},
     [f"occurred_at: '01.03.2026 12:00:00' {NO_TIME}"]),
    ("no time at all is no fault", {"occurred_at": "at"}, BODY | {"at": None}, []),
    ("a link that is none", {"links": ["u", {"href": "v", "text": "t"}]}, BODY | {"u": "/graphs/7", "v": "javascript:alert(1)"},
     ["links: '/graphs/7' is left out: a link is a whole address that begins with https:// or http://",
      "links: 'javascript:alert(1)' is left out: a link is a whole address that begins with https:// or http://"]),
    ("a key that is an object", {"dedup_key": "o"}, BODY | {"o": {"id": 1}}, [f"dedup_key: o gives an object, {TEXT} o.id"]),
    ("a part of a key that is a list", {"dedup_key": {"named": [{"h": "l"}]}}, BODY | {"l": ["a"]},
     [f"dedup_key.h: l gives a list, {TEXT} l[0]"]),
    ("a title that is a list", {"summary": "l"}, BODY | {"l": ["a"]}, [f"summary: l gives a list, {TEXT} l[0]"]),
    ("a state that is an object", {"action": {"from": "o", "table": {"up": "resolve"}}}, BODY | {"o": {"name": "up"}},
     [f"action: o gives an object, {WORD} o.name"]),
    ("labels may be an object", {"labels": {"*": "o"}}, BODY | {"o": {"id": 1}}, []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "event", "body", "expected"), ABOUT_ONE, ids=[row[0] for row in ABOUT_ONE])
def test_a_preview_warns_about_an_event(what: str, event: dict[str, Any], body: object, expected: list[str]) -> None:
    (one,) = tried(body, **event).events
    assert one.warnings == expected


LIST = 'the body is a list, and is asked as a whole: write "split": "@" in the rule, so that each of its parts is an event'
ABOUT_ALL: list[tuple[str, dict[str, Any], object, list[str]]] = [
    ("a list without a split", {"event": EVENT}, [BODY, BODY], [LIST]),
    ("a list that no rule knows", {"when": "t", "event": EVENT}, [BODY], [LIST]),
    ("an empty list that is split", {"split": "@", "event": EVENT}, [], []),
    ("parts with one key", {"split": "@", "event": EVENT}, [BODY, {"t": "b", "k": "other"}, BODY],
     ["parts 0, 2 trigger with the same dedup_key 'db-1': they are one alert"]),
    ("an alert and its end", {"split": "@", "event": EVENT}, [BODY, BODY | {"s": "up"}], []),
    ("parts without a key", {"split": "@", "event": EVENT}, [{"t": "b"}, {"t": "b"}], []),
    ("changes need no key and no end", {"event": {"summary": "t", "action": {"value": "change"}}}, BODY, []),
    ("nor do signs of life", {"event": {"summary": "t", "action": {"from": "s", "table": {"x": "check_in"}, "default": "ignore"}}},
     BODY, []),
    ("an end without a key", {"event": {"summary": "t", "action": {"value": "resolve"}}}, BODY,
     ["rule 1: without a dedup_key its events end nothing, and are not mapped"]),
    ("an alert without a key and an end", {"event": {"summary": "t"}}, BODY,
     ["rule 1: without a dedup_key each event is a problem of its own, repeats page again, and nothing ends it",
      "no rule ever resolves: what is opened stays open until a person resolves it"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rule", "body", "expected"), ABOUT_ALL, ids=[row[0] for row in ABOUT_ALL])
def test_a_preview_warns_about_a_mapping_and_a_whole_body(what: str, rule: dict[str, Any], body: object, expected: list[str]) -> None:
    assert tried_by(rule, body).warnings == expected


ZONED = [
    ("2026-03-01 12:00:00", "Europe/Berlin", datetime(2026, 3, 1, 11, tzinfo=UTC)),
    ("2026-07-01T12:00:00.25", "Europe/Berlin", datetime(2026, 7, 1, 10, tzinfo=UTC)),
    ("2026-07-01 12:00", "America/New_York", datetime(2026, 7, 1, 16, tzinfo=UTC)),
    ("2026-03-01T12:00:00+05:00", "Europe/Berlin", datetime(2026, 3, 1, 7, tzinfo=UTC)),
    (1_772_366_400, "Europe/Berlin", datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ("2026-03-29 02:30:00", "Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),  # skipped: the first instant after the gap
    ("2026-10-25 02:30:00", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # twice: the first pass
    ("0001-01-01 00:00:00", "Europe/Berlin", None),
    ("9999-12-31 23:59:59", "Europe/Berlin", None),
    ("noon", "Europe/Berlin", None),
    (["2026-03-01 12:00:00"], "Europe/Berlin", None),
]


@pytest.mark.parametrize(("said", "zone", "expected"), ZONED)
def test_a_time_without_an_offset_is_that_of_the_zone_its_mapping_names(said: object, zone: str, expected: datetime | None) -> None:
    (one,) = tried(BODY | {"at": said}, occurred_at={"from": ["gone", "at"], "time_zone": zone}).events
    assert one.event.occurred_at == expected
    assert bool(one.warnings) is (expected is None)
