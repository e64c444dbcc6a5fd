"""Mapping documents: one canonical form, and every fault named with its place and what to write instead."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.intake.rules.mapping import BadMapping, parse_mapping, parsing, to_document, words

EVENT = {"summary": "title", "dedup_key": "id"}


def one(**event: Any) -> dict[str, Any]:
    return {"rules": [{"event": EVENT | event}]}


WHOLE = {
    "rules": [
        {
            "name": "raised",
            "when": "kind == 'raised'",
            "split": "events",
            "ignore": [{"when": "test", "reason": "a test of the monitor"}],
            "hide": ["token"],
            "event": {
                "dedup_key": ["key", {"named": [{"host": "HOST"}, {"check": ["CHECK", "NAME"]}]}],
                "summary": [{"join": ["NAME", {"value": "on"}, "HOST"], "with": ""}, {"value": "something broke"}],
                "action": {
                    "cases": [{"when": "cleared_at", "means": "resolve"}],
                    "from": [["STATE", "STATUS"]],
                    "table": {"up": "resolve", "test*": {"ignore": "a test"}},
                    "default": "trigger",
                },
                "severity": {"from": ["PRIO", "LEVEL"], "table": {"1": "critical", "warn*": "warning"}, "default": "error"},
                "source": "HOST",
                "component": "COMPONENT",
                "group": "GROUP",
                "class": "CLASS",
                "occurred_at": {"from": ["AT", "SINCE"], "time_zone": "Europe/Berlin"},
                "expires_at": "UNTIL",
                "delivery_id": "header('x-delivery')",
                "by": "USER",
                "labels": {"*": "tags", "site": "body().site"},
                "links": [{"href": "URL", "text": {"value": "dashboard"}}],
                "details": {"value": "VALUE"},
            },
        },
        {"name": "the rest", "ignore": [{"reason": "no alert"}]},
    ]
}


def test_a_canonical_document_comes_back_as_it_is() -> None:
    assert to_document(parse_mapping(WHOLE)) == WHOLE


SHORT = [
    ("a source alone is a list of one", {"source": ["HOST"]}, {"source": "HOST"}),
    ("words where only an expression is said", {"action": "state"}, {"action": {"from": "state"}}),
    ("a constant action is the default", {"action": {"value": "resolve"}}, {"action": {"default": "resolve"}}),
    ("a link by its address alone", {"links": ["url"]}, {"links": [{"href": "url"}]}),
    ("named parts of an object are in order of their names", {"dedup_key": {"named": {"b": "x", "a": "y"}}},
     {"dedup_key": {"named": [{"a": "y"}, {"b": "x"}]}}),
    ("a number is a text", {"source": {"value": 7}}, {"source": {"value": "7"}}),
    ("null says nothing", {"source": None, "labels": None, "severity": None}, {}),
    ("no details at all", {"details": {}}, {"details": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "said", "canonical"), SHORT, ids=[what for what, _, _ in SHORT])
def test_what_is_said_shortly_has_one_long_form_that_reads_back_equal(what: str, said: dict[str, Any], canonical: dict[str, Any]) -> None:
    mapping = parse_mapping(one(**said))
    assert to_document(mapping) == {"rules": [{"name": "rule 1", "event": EVENT | canonical}]}
    assert parse_mapping(to_document(mapping)) == mapping


FAULTS: list[tuple[object, list[tuple[str, str]]]] = [
    ("text", [("mapping", "it must be an object")]),
    ([], [("mapping", "it must be an object")]),
    ({}, [("mapping.rules", "at least one rule")]),
    ({"rules": {}}, [("mapping.rules", "at least one rule")]),
    ({"rules": [1]}, [("mapping.rules.0", "it must be an object")]),
    ({"rules": [{"event": EVENT}] * 21}, [("mapping.rules", "more than 20 rules")]),
    ({"rule": [], "rules": [{"event": EVENT}]}, [("mapping.rule", "perhaps rules is meant")]),
    ({"rules": [{"evnt": EVENT}]}, [("mapping.rules.0.evnt", "perhaps event is meant"), ("mapping.rules.0.event", "it is needed")]),
    ({"rules": [{"event": EVENT}, {"event": EVENT}]}, [("mapping.rules.0.when", "the rules behind it none")]),
    ({"rules": [{"when": 3, "event": EVENT}]}, [("mapping.rules.0.when", "as a text")]),
    ({"rules": [{"when": "a = 1", "event": EVENT}]}, [("mapping.rules.0.when", "character 3: two values are compared with ==")]),
    ({"rules": [{"when": 'a == "b"', "event": EVENT}]}, [("mapping.rules.0.when", "character 6: \"b\" is the name of a member; a text")]),
    ({"rules": [{"event": EVENT, "ignore": [{"when": "a", "reasn": "r"}]}]},
     [("mapping.rules.0.ignore.0.reasn", "perhaps reason is meant"), ("mapping.rules.0.ignore.0.reason", "it is needed")]),
    ({"rules": [{"event": EVENT, "ignore": [{"when": "a"}]}]}, [("mapping.rules.0.ignore.0.reason", "it is needed")]),
    ({"rules": [{"event": EVENT, "ignore": ["a"]}]}, [("mapping.rules.0.ignore.0", "it must be an object")]),
    ({"rules": [{"event": EVENT, "hide": [1]}]}, [("mapping.rules.0.hide", "names of members")]),
    ({"rules": [{"event": {}}]}, [("mapping.rules.0.event", "it needs a summary, a dedup_key")]),
    ({"rules": [{"event": {"dedup_key": "id"}}]}, [("mapping.rules.0.event.summary", "where an event may trigger")]),
    (one(sumary="x"), [("mapping.rules.0.event.sumary", "perhaps summary is meant")]),
    (one(Severity="x"), [("mapping.rules.0.event.Severity", "perhaps severity is meant")]),
    (one(source="a-b"), [("mapping.rules.0.event.source", "character 2: - cannot stand here")]),
    (one(source=["a", "b c"]), [("mapping.rules.0.event.source.1", "character 3: c cannot follow here")]),
    (one(source=[]), [("mapping.rules.0.event.source", "a list here has 1 to 20")]),
    (one(source={"vale": "x"}), [("mapping.rules.0.event.source.vale", "perhaps value is meant")]),
    (one(source={"value": ""}), [("mapping.rules.0.event.source.value", "a text of 1 to 1,000")]),
    (one(source=True), [("mapping.rules.0.event.source", "it must be an expression")]),
    (one(source={}), [("mapping.rules.0.event.source", "it must be an expression")]),
    (one(source={"named": [{"a": "b"}]}), [("mapping.rules.0.event.source.named", "only a dedup_key")]),
    (one(source={"join": ["a"], "with": 3}), [("mapping.rules.0.event.source.with", "a text of at most 20")]),
    (one(source={"join": []}), [("mapping.rules.0.event.source.join", "1 to 20 expressions")]),
    (one(dedup_key={"named": ["a"]}), [("mapping.rules.0.event.dedup_key.named", "each part with its name")]),
    (one(dedup_key={"named": [{"a b": "c"}]}), [("mapping.rules.0.event.dedup_key.named.0.a b", "letters, digits and _")]),
    (one(severity={"from": "p", "table": {"1": "criticl"}}), [("mapping.rules.0.event.severity.table.1", "perhaps critical is meant")]),
    (one(severity={"from": "p", "default": "P1"}), [("mapping.rules.0.event.severity.default", "one of critical, error, warning")]),
    (one(severity={"table": {"1": "critical"}}), [("mapping.rules.0.event.severity.from", "where the word is")]),
    (one(severity={"from": "p", "table": ["a"]}), [("mapping.rules.0.event.severity.table", "it must be an object")]),
    (one(severity={"from": "p", "table": {"A": "info", "a": "info"}}), [("mapping.rules.0.event.severity.table.a", "twice")]),
    (one(severity={"from": "p", "table": {"a*b": "info"}}), [("mapping.rules.0.event.severity.table.a*b", "at the beginning and")]),
    (one(severity={"from": "p", "table": {" ": "info"}}), [("mapping.rules.0.event.severity.table. ", "a row needs a word")]),
    (one(action={"from": "s", "table": {"up": "resolved"}}), [("mapping.rules.0.event.action.table.up", "perhaps resolve is meant")]),
    (one(action={"value": "resolv"}), [("mapping.rules.0.event.action.value", "perhaps resolve is meant")]),
    (one(action={"cases": [{"when": "a"}]}), [("mapping.rules.0.event.action.cases.0.means", "it is needed")]),
    (one(action={"cases": ["a"]}), [("mapping.rules.0.event.action.cases.0", "it must be an object")]),
    (one(action={"cases": [{"when": "a", "means": "no"}]}), [("mapping.rules.0.event.action.cases.0.means", "it must be one of")]),
    (one(occurred_at={"from": "AT", "time_zone": "Europe/Berln"}), [("mapping.rules.0.event.occurred_at.time_zone", "Europe/Berlin")]),
    (one(occurred_at={"from": "AT"}), [("mapping.rules.0.event.occurred_at.time_zone", "names look like")]),
    (one(expires_at={"time_zone": "UTC"}), [("mapping.rules.0.event.expires_at.from", "it is needed")]),
    (one(expires_at={"from": "AT", "zone": "UTC", "time_zone": "UTC"}), [("mapping.rules.0.event.expires_at.zone", "perhaps time_zone")]),
    (one(source={"from": "AT", "time_zone": "UTC"}),
     [("mapping.rules.0.event.source.from", "no such field"), ("mapping.rules.0.event.source.time_zone", "no such field")]),
    (one(severity={"from": "p", "default": "P1"}), [("mapping.rules.0.event.severity.default", "perhaps critical is meant")]),
    (one(severity={"value": "High"}), [("mapping.rules.0.event.severity.value", "perhaps error is meant")]),
    (one(action={"from": "s", "table": {"x": "down"}}), [("mapping.rules.0.event.action.table.x", "perhaps trigger is meant")]),
    (one(action={"from": "s", "table": {"x": "OK"}}), [("mapping.rules.0.event.action.table.x", "perhaps resolve is meant")]),
    (one(action={"from": "s", "table": {"x": "suppress"}}), [("mapping.rules.0.event.action.table.x", "perhaps ignore is meant")]),
    (one(action={"from": "s", "table": {"x": {"ignored": "why"}}}), [("mapping.rules.0.event.action.table.x", "perhaps ignore is meant")]),
    (one(action={"cases": [{"whn": "a", "means": "resolve"}]}),
     [("mapping.rules.0.event.action.cases.0.whn", "perhaps when"), ("mapping.rules.0.event.action.cases.0.when", "it is needed")]),
    (one(links=[{"herf": "u"}]),
     [("mapping.rules.0.event.links.0.herf", "perhaps href"), ("mapping.rules.0.event.links.0.href", "needed")]),
    (one(links=[{"url": "u", "text": "t"}]),
     [("mapping.rules.0.event.links.0.url", "perhaps href is meant"), ("mapping.rules.0.event.links.0.href", "it is needed")]),
    ({"event": EVENT}, [("mapping.event", "there are rules"), ("mapping.rules", "at least one rule")]),
    (one(labels="tags"), [("mapping.rules.0.event.labels", '"*" takes a whole object')]),
    (one(links="url"), [("mapping.rules.0.event.links", "it must be a list")]),
    (one(details=["a"]), [("mapping.rules.0.event.details", "an object of names and expressions")]),
    (
        one(source="a-b", severity={"from": "x(", "table": {"1": "bad"}}, labels={"l": "foo("}),
        [("mapping.rules.0.event.severity.table.1", "one of"), ("mapping.rules.0.event.severity.from", "ends too early"),
         ("mapping.rules.0.event.source", "cannot stand"), ("mapping.rules.0.event.labels.l", "ends too early")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), FAULTS, ids=[json.dumps(document)[:60] for document, _ in FAULTS])
def test_every_fault_is_told_with_its_place_and_what_to_write(document: object, expected: list[tuple[str, str]]) -> None:
    with pytest.raises(BadMapping) as told:
        parse_mapping(document)
    found = dict(told.value.faults)
    assert sorted(found) == sorted(at for at, _ in expected)
    for at, sentence in expected:
        assert sentence in found[at]


def test_a_mapping_has_a_bounded_number_of_expressions() -> None:
    labels = {f"l{n}": ["a", "b", "c", "d", "e", "f"] for n in range(100)}
    with pytest.raises(BadMapping, match="more than 500 expressions"):
        parse_mapping(one(labels=labels))


NAMES = [*parsing.RULE, *parsing.EVENT, *words.WORDS, "reason", "time_zone", "means", "value", "join", "with", "named", "href"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "a-b", "", "resolve", "critical", "*", "`x`"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)


@given(document=ANYTHING)
def test_any_document_is_read_or_refused_and_what_is_read_reads_back_equal(document: object) -> None:
    for said in (document, {"rules": [document]}, {"rules": [{"event": document}]}, {"rules": [{"event": {"summary": document}}]}):
        try:
            mapping = parse_mapping(said)
        except BadMapping:
            continue
        assert parse_mapping(to_document(mapping)) == mapping
