"""What bodies mean by a mapping: the shapes that people's own monitors have, and everything that can be missing in them."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.payloads import bare, integration

from oncall.incidents.values import Event
from oncall.intake.commands import read, read_query, received_as, to_events

BIG = 2**63 + 11


def told(
    mapping: dict[str, Any], body: object, *, type: str = "generic", query: dict[str, str] | None = None, **headers: str
) -> list[Event]:
    """The events of one request to an integration with this mapping."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    received = received_as(raw, headers=headers, query=query, path="/intake/ik_secret/rest")
    ref = replace(integration(type), mapping=mapping)
    return to_events(read(received, ref), received, ref)


def brief(events: list[Event]) -> list[tuple[str, str | None, str, str]]:
    return [(e.action.value, None if e.dedup_key == f"{e.id}" else bare(e), e.severity.value, e.summary) for e in events]


def rule(when: str | None = None, split: str | None = None, **event: Any) -> dict[str, Any]:
    return {"when": when, "split": split, "event": event}


FLAT = {
    "rules": [
        rule(
            dedup_key="ALARM_ID",
            summary="TEXT",
            action={"from": "STATE", "table": {"RAISED": "trigger", "CLEARED": "resolve", "SEEN*": "acknowledge"}},
            severity={"from": "PRIO", "table": {"1": "critical", "2": "error", "*": "info"}},
        )
    ]
}

FLAT_CASES = [
    ({"ALARM_ID": BIG, "TEXT": "Disk full", "STATE": "RAISED", "PRIO": 1}, ("trigger", f"{BIG}", "critical", "Disk full")),
    ({"ALARM_ID": BIG + 1, "TEXT": "Disk full", "STATE": "raised", "PRIO": "2"}, ("trigger", f"{BIG + 1}", "error", "Disk full")),
    ({"ALARM_ID": -(2**70), "TEXT": "Disk full", "STATE": "CLEARED", "PRIO": 9}, ("resolve", f"{-(2**70)}", "info", "Disk full")),
    ({"ALARM_ID": "x", "TEXT": "Disk full", "STATE": "Seen by Ana"}, ("acknowledge", "x", "unknown", "Disk full")),
    ({"ALARM_ID": "x", "TEXT": "Disk full", "STATE": "odd"}, ("trigger", "x", "unknown", "Disk full")),
    ({"ALARM_ID": "x", "STATE": "RAISED"}, ("trigger", "x", "unknown", "event without a summary: x")),
    ({"TEXT": "Disk full", "STATE": "RAISED"}, ("trigger", None, "unknown", "Disk full")),
    ({"ALARM_ID": "{ALARM_ID}", "TEXT": "Disk full"}, ("trigger", None, "unknown", "Disk full")),
    ({"ALARM_ID": 0, "TEXT": "zero is a number too"}, ("trigger", "0", "unknown", "zero is a number too")),
]


@pytest.mark.parametrize(("body", "expected"), FLAT_CASES, ids=range(len(FLAT_CASES)))
def test_a_flat_body_in_upper_case_with_long_numbers(body: dict[str, Any], expected: tuple[str, str | None, str, str]) -> None:
    (event,) = told(FLAT, body)
    assert brief([event]) == [expected]
    assert "unmapped" not in event.details
    assert event.details["ALARM_ID"] == body["ALARM_ID"] if body.get("ALARM_ID") not in (None, "{ALARM_ID}") else True


def test_the_same_flat_body_as_a_form_and_as_a_field_of_a_form_and_as_xml() -> None:
    form = f"ALARM_ID={BIG}&TEXT=Disk+full&STATE=CLEARED&PRIO=1".encode()
    field = b"payload=" + json.dumps({"ALARM_ID": BIG, "TEXT": "Disk full", "STATE": "CLEARED", "PRIO": 1}).encode()
    xml = f"<alarm><ALARM_ID>{BIG}</ALARM_ID><TEXT>Disk full</TEXT><STATE>CLEARED</STATE><PRIO>1</PRIO></alarm>".encode()
    for raw in (form, field, xml):
        assert brief(told(FLAT, raw)) == [("resolve", f"{BIG}", "critical", "Disk full")], raw


def test_xml_is_an_object_without_its_outermost_element_and_without_namespaces() -> None:
    xml = b'<m:Alarm xmlns:m="urn:x" id="7"><m:Name lang="en">Disk</m:Name><Tag>a</Tag><Tag>b</Tag><Empty/></m:Alarm>'
    by = {"id": "id", "lang": "Name.lang", "tag": "Tag[1]", "empty": "type(Empty)", "gone": "Alarm"}
    (event,) = told({"rules": [rule(dedup_key={"named": [{"a": "id"}]}, summary="Name.text", labels=by)]}, xml)
    assert (event.summary, event.labels) == ("Disk", {"id": "7", "lang": "en", "tag": "b", "empty": "null"})


def test_one_object_in_each_line_is_a_list() -> None:
    mapping = {"rules": [rule(split="@", dedup_key="id", summary="t", labels={"*": "tags"})]}
    lines = b'{"id": "a", "t": "x", "tags": "prod"}\n{"id": "b", "t": "y", "tags": ["prod", "db", {"key": "os", "value": "linux"}]}'
    assert [(e.dedup_key, e.labels) for e in told(mapping, lines)] == [
        ("a", {"tags": "prod"}),
        ("b", {"os": "linux", "tags": "prod, db"}),
    ]


@pytest.mark.parametrize(("said", "key"), [(1.0, "1.0"), ("1.10", "1.10"), (97.5, "97.5"), (True, "true"), ({"a": 1.0}, '{"a":1.0}')])
def test_what_is_no_text_is_written_as_json(said: object, key: str) -> None:
    assert told({"rules": [rule(dedup_key="id", summary="t")]}, {"id": said, "t": "x"})[0].dedup_key == key


def test_a_row_of_a_whole_number_is_that_of_the_number_with_a_fraction() -> None:
    mapping = {"rules": [rule(dedup_key="t", summary="t", severity={"from": "p", "table": {"1": "critical", "2": "info"}})]}
    assert [told(mapping, {"t": "x", "p": p})[0].severity.value for p in (1, 1.0, "1.0", 2.0, 1.5)] == [
        "critical", "critical", "critical", "info", "unknown"]  # fmt: skip


def test_an_array_at_the_top_holds_events_in_different_states() -> None:
    mapping = {"rules": [rule(split="@", dedup_key="id", summary="what", action="state")]}
    body = [{"id": 1, "what": "a", "state": "down"}, {"id": 2, "what": "b", "state": "up"}, {"id": 3, "what": "c", "state": "acked"}]
    assert [(action, key) for action, key, _, _ in brief(told(mapping, body))] == [("trigger", "1"), ("resolve", "2"), ("acknowledge", "3")]


def test_inside_a_split_the_body_the_headers_and_the_query_are_within_reach() -> None:
    mapping = {
        "rules": [
            rule(
                split="host.checks",
                dedup_key={"join": ["body().host.name", "name"], "with": "/"},
                summary={"join": ["name", {"value": "on"}, "body().host.name"]},
                labels={"env": "header('x-env')", "site": "query('site')", "owner": "body().owner", "rest": "path()",
                        "login": "header('authorization')"},
            )
        ]
    }  # fmt: skip
    body = {"host": {"name": "db-1", "checks": [{"name": "disk"}, {"name": "load"}]}, "owner": "ana"}
    found = told(mapping, body, query={"site": "fra"}, **{"x-env": "prod", "authorization": "Basic c2VjcmV0"})
    assert [(e.dedup_key, e.summary) for e in found] == [("db-1/disk", "disk on db-1"), ("db-1/load", "load on db-1")]
    assert found[0].labels == {"env": "prod", "site": "fra", "owner": "ana", "rest": "/rest"}, (
        "the key in the path, and secrets, are out of reach"
    )


def test_a_close_that_holds_only_an_id_ends_what_the_open_began() -> None:
    mapping = {
        "rules": [
            rule("closed", dedup_key={"named": {"alarm": "closed"}}, action={"value": "resolve"}),
            rule(dedup_key={"named": {"alarm": "alarm.id"}}, summary="alarm.title"),
        ]
    }
    opened = told(mapping, {"alarm": {"id": 77, "title": "Disk"}})
    closed = told(mapping, {"closed": 77})
    assert brief(opened) == [("trigger", "alarm=77", "unknown", "Disk")]
    assert brief(closed) == [("resolve", "alarm=77", "unknown", "event without a summary: alarm=77")]


def test_three_kinds_of_body_come_to_one_address() -> None:
    mapping = {
        "rules": [
            rule("type == 'host'", dedup_key={"named": {"host": "host"}}, summary={"join": ["host", {"value": "is down"}]}),
            rule("type == 'check'", dedup_key={"named": [{"host": "host"}, {"check": "check"}]}, summary="output", action="state"),
            {"when": "type == 'ping'", "ignore": [{"reason": "only says that it lives"}]},
        ]
    }
    assert brief(told(mapping, {"type": "host", "host": "a"})) == [("trigger", "host=a", "unknown", "a is down")]
    check = {"type": "check", "host": "a", "check": "disk", "output": "full", "state": "ok"}
    assert brief(told(mapping, check)) == [("resolve", "host=a check=disk", "unknown", "full")]
    (ping,) = told(mapping, {"type": "ping"})
    assert (ping.action.value, ping.reason) == ("ignore", "only says that it lives")


@pytest.mark.parametrize(
    ("means", "body", "action"),
    [
        ("cleared_at", {"id": 1, "t": "x"}, "trigger"),
        ("cleared_at", {"id": 1, "t": "x", "cleared_at": "2026-01-01"}, "resolve"),
        ("cleared_at", {"id": 1, "t": "x", "cleared_at": None}, "trigger"),
        ("contains(keys(@), 'cleared_at')", {"id": 1, "t": "x", "cleared_at": None}, "resolve"),
        ("!value", {"id": 1, "t": "x", "value": 3}, "trigger"),
        ("!value", {"id": 1, "t": "x"}, "resolve"),
        ("value < `90`", {"id": 1, "t": "x", "value": 91}, "trigger"),
        ("value < `90`", {"id": 1, "t": "x", "value": 89.5}, "resolve"),
        ("value < `90`", {"id": 1, "t": "x", "value": "12"}, "trigger"),
    ],
)
def test_cleared_by_a_member_that_is_there_or_is_not_there(means: str, body: dict[str, Any], action: str) -> None:
    mapping = {"rules": [rule(dedup_key="id", summary="t", action={"cases": [{"when": means, "means": "resolve"}], "default": "trigger"})]}
    assert told(mapping, body)[0].action == action


def test_every_field_of_an_event_can_be_mapped() -> None:
    mapping = {
        "rules": [
            {
                "ignore": [{"when": "test == 'yes'", "reason": "a test"}],
                "hide": ["pin"],
                "event": {
                    "dedup_key": ["missing", "key"], "summary": ["missing", "t"], "source": "src", "component": "c",
                    "group": {"value": "fixed"},
                    "class": "cls", "occurred_at": "at", "expires_at": "until", "delivery_id": "delivery", "by": "who",
                    "labels": {"*": "tags", "os": "os"}, "links": ["url", {"href": "runbook", "text": {"value": "runbook"}}, "nowhere"],
                },
            }
        ]
    }  # fmt: skip
    body = {
        "key": "k", "t": "[ALERTING] x", "src": "https://ana:secret@db-1/", "c": "disk", "cls": "storage", "at": 1767268800,
        "until": "2026-01-01T13:00:00Z", "delivery": 7, "who": "Ana", "tags": {"a": 1, "password": "x"},
        "os": "linux", "url": "https://a.example.com", "runbook": "https://b.example.com",
        "pin": 1234, "api_token": "x",
    }  # fmt: skip
    (e,) = told(mapping, body)
    assert (e.dedup_key, e.summary, e.source, e.component, e.group, e.class_) == ("k", "x", "https://db-1/", "disk", "fixed", "storage")
    assert (e.occurred_at, e.expires_at) == (datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=UTC))
    assert (e.delivery_id, e.by, e.labels) == ("7", "Ana", {"a": "1", "os": "linux"})
    assert e.links == (("https://a.example.com", "https://a.example.com"), ("https://b.example.com", "runbook"))
    assert {"pin", "api_token"}.isdisjoint(e.details), "what is to be hidden, and what is secret by its name"
    (ignored,) = told(mapping, body | {"test": "yes"})
    assert (ignored.action.value, ignored.reason, ignored.summary) == ("ignore", "a test", "x")


def test_details_can_be_chosen() -> None:
    mapping = {"rules": [rule(summary="t", details={"*": "extra", "value": "v", "gone": "nothing"})]}
    assert told(mapping, {"t": "x", "v": 0, "extra": {"a": [1]}, "other": 1})[0].details == {"a": [1], "value": 0}


def test_a_row_of_a_table_may_ignore_and_says_why() -> None:
    mapping = {"rules": [rule(summary="t", action={"from": "s", "table": {"test*": {"ignore": "a drill"}, "x": "ignore"}})]}
    assert [(e.action.value, e.reason) for e in told(mapping, {"t": "a", "s": "TEST 7"}) + told(mapping, {"t": "a", "s": "x"})] == [
        ("ignore", "a drill"),
        ("ignore", "its mapping says that this is no alert"),
    ]


@pytest.mark.parametrize("when", ["env == test", "test == env", "labels.env == test", "env == labels.env", "contains(tags, test)"])
def test_two_members_that_are_not_there_are_not_alike_so_that_a_slip_ignores_nothing(when: str) -> None:
    mapping = {"rules": [{"ignore": [{"when": when, "reason": "a test"}], "event": {"summary": "t"}}]}
    assert told(mapping, {"t": "Disk full", "tags": ["a"]})[0].action == "trigger"
    chosen = {"rules": [rule(when, summary={"value": "wrong"}), rule(summary="t")]}
    assert told(chosen, {"t": "Disk full", "tags": ["a"]})[0].summary == "Disk full"


NOTHING_FOUND = "neither a dedup key nor a summary was found in it"
UNMAPPED = [
    ("no rule knows it", {"rules": [rule("kind == 'a'", summary="t")]}, "none of its mapping's rules knows it"),
    ("it says nothing", FLAT, NOTHING_FOUND),
    ("only the last resort is left", {"rules": [rule(summary=["x", {"value": "an event"}])]}, NOTHING_FOUND),
    ("only a constant beside it", {"rules": [rule(summary={"join": ["x", {"value": "is down"}]})]}, NOTHING_FOUND),
    ("nothing to split", {"rules": [rule(split="events", summary="t")]}, "its rule splits it, and there is no list to split"),
    ("a split that fails", {"rules": [rule(split="keys(title)", summary="t")]}, "keys() wants object, and was given string"),
    ("a stored mapping of another version", {"rules": [{"frobnicate": 1}]}, "its integration's mapping cannot be used"),
]


@pytest.mark.parametrize(("what", "mapping", "why"), UNMAPPED, ids=[row[0] for row in UNMAPPED])
def test_what_is_not_mapped_is_read_as_without_a_mapping_and_says_so(what: str, mapping: dict[str, Any], why: str) -> None:
    (event,) = told(mapping, {"title": "Disk", "dedup_key": "7"})
    assert brief([event]) == [("trigger", "7", "unknown", "Disk")]
    assert why in str(event.details["unmapped"])
    assert event.reason.startswith("unmapped, ")


def test_what_is_not_mapped_is_known_by_its_dialect() -> None:
    alert = {"status": "resolved", "labels": {"alertname": "A"}, "fingerprint": "f1"}
    body = {"version": "4", "status": "resolved", "receiver": "x", "groupKey": "g", "groupLabels": {}, "commonLabels": {},
            "commonAnnotations": {}, "externalURL": "http://am", "alerts": [alert]}  # fmt: skip
    (event,) = told(FLAT, body)
    assert (event.action.value, event.dedup_key, "unmapped" in event.details) == ("resolve", "f1", True)


NOBODY_CAN = [{"STATE": "CLEARED"}, {"STATE": "SEEN", "TEXT": "x"}, {"what": {}}, [3], {}, 3, "", None, b"\x01\x02", b"{"]


@pytest.mark.parametrize("body", NOBODY_CAN, ids=repr)
def test_what_nobody_can_read_pages(body: object) -> None:
    mapping = {"rules": [rule(dedup_key="ALARM_ID", summary="TITLE", action="STATE")]}
    assert [e.action.value for e in told(mapping, body, type="pingdom")] == ["trigger"]


def test_an_end_that_names_nothing_is_seen() -> None:
    (event,) = told({"rules": [rule(dedup_key="id", summary="title", action="state")]}, {"state": "resolved", "title": "All is well"})
    assert (event.action.value, event.unreadable) == ("trigger", True)
    assert "no dedup key was found in it" in event.reason


def test_one_part_that_is_not_mapped_spoils_no_other() -> None:
    mapping = {"rules": [rule(split="events", dedup_key="id", summary="what", action={"from": "state", "default": "trigger"})]}
    body = {"events": [{"id": 1, "what": "a"}, {"title": "odd", "dedup_key": "k"}, 7, None, {"state": "up"}, {"id": 2, "what": "b"}]}
    found = told(mapping, body)
    assert [(e.action.value, e.summary, "unmapped" in e.details) for e in found] == [
        ("trigger", "a", False),
        ("trigger", "odd", True),
        ("trigger", "unreadable event from prod", True),
        ("trigger", "unreadable event from prod", True),
        ("trigger", "unreadable event from prod", True),
        ("trigger", "b", False),
    ]


def test_a_split_may_be_empty_or_a_single_object_or_endless() -> None:
    mapping = {"rules": [rule(split="events", dedup_key="id", summary="what")]}
    (none,) = told(mapping, {"events": []})
    assert (none.action.value, none.reason) == ("ignore", "the list of events is empty")
    assert brief(told(mapping, {"events": {"id": 1, "what": "a"}})) == [("trigger", "1", "unknown", "a")]
    many = told(mapping, {"events": [{"id": n, "what": "a"} for n in range(5_003)]})
    assert (len(many), many[-1].summary) == (5_001, "3 more events in one body")


def test_keys_that_are_named_stay_within_their_integration_and_others_do_not() -> None:
    named, plain = {"rules": [rule(summary="t", dedup_key={"named": {"id": "id"}})]}, {"rules": [rule(summary="t", dedup_key="id")]}
    assert told(named, {"t": "x", "id": 1})[0].dedup_key.startswith("id=1 integration=")
    assert told(plain, {"t": "x", "id": 1})[0].dedup_key == "1"
    assert len(told(plain, {"t": "x", "id": "k" * 5_000})[0].dedup_key) == 255


def test_a_mapping_comes_before_the_type_of_its_integration() -> None:
    body = {
        "check_id": 4200,
        "current_state": "DOWN",
        "previous_state": "UP",
        "check_type": "HTTP",
        "check_name": "Shop",
        "mine": "My title",
    }
    mapping = {"rules": [rule(summary="mine", dedup_key="check_id")]}
    assert brief(told(mapping, body, type="pingdom")) == [("trigger", "4200", "unknown", "My title")]


def test_a_get_that_only_the_mapping_understands_is_an_event() -> None:
    ref = replace(integration("generic"), mapping={"rules": [rule(summary="q", dedup_key="n")]})
    for mapping, action in ((ref.mapping, "trigger"), (None, "ignore")):
        received = received_as(b"q=Door+open&n=7", query={"q": "Door open", "n": "7"})
        assert [reading.action for reading in read_query(received, replace(ref, mapping=mapping))] == [action]


NAMES = st.sampled_from(["ALARM_ID", "TEXT", "STATE", "events", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
MAPPINGS = [
    FLAT,
    {"rules": [rule(split="events", dedup_key="ALARM_ID", summary="TEXT", labels={"*": "@"}, details={"*": "@"}, links=["x"])]},
    {
        "rules": [
            rule(
                split="@", dedup_key={"named": {"a": "ALARM_ID"}}, summary="join(' ', keys(@))", occurred_at="x", source="@", action="STATE"
            )
        ]
    },
    {"rules": [rule("length(events) > `0`", summary="to_string(@)", dedup_key="x[0]"), {"when": "x", "ignore": [{"reason": "r"}]}]},
]


@given(body=JSON, n=st.integers(0, len(MAPPINGS) - 1))
def test_whatever_is_sent_every_body_becomes_events(body: object, n: int) -> None:
    events = told(MAPPINGS[n], body)
    assert events
    for event in events:
        assert event.summary
        assert 0 < len(event.dedup_key) <= 255
        assert event.action != "ignore" or event.reason
        assert event.action not in ("resolve", "acknowledge") or event.dedup_key != f"{event.id}", "an end always names something"


def test_a_hostile_body_of_many_parts_is_read_in_time() -> None:
    mapping = {"rules": [rule(split="@", dedup_key="id", summary="body()[?id == `5`].id | [0]", source="to_string(body())")]}
    body = [{"id": n, "x": "y" * 100} for n in range(5_000)]
    started = time.monotonic()
    assert len(told(mapping, body)) == 5_000
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("source", "default", "action"),
    [
        ("max(state)", "resolve", "trigger"),
        ("max(state)", "acknowledge", "trigger"),
        ("max(state)", "change", "trigger"),
        ("max(state)", "trigger", "trigger"),
        ("nothing", "resolve", "resolve"),
        (["max(state)", "state"], "resolve", "trigger"),
    ],
    ids=str,
)
def test_a_default_stands_for_what_was_not_said_and_never_for_what_failed(source: Any, default: str, action: str) -> None:
    mapped = rule(summary="n", dedup_key="n", action={"from": source, "table": {"open": "trigger"}, "default": default})
    (event,) = told({"rules": [mapped]}, {"n": "x", "state": "down"})
    assert event.action.value == action
