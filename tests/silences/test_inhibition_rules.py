"""Inhibition as Alertmanager has it: its published examples, asked by keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.silences.muting import NOW, inhibition

from oncall.kit.matchers import match
from oncall.silences.rules.inhibition import inhibited_by, source_keys, target_keys
from oncall.silences.rules.muting import compile_mutings
from oncall.silences.values.inhibitions import Inhibition
from oncall.silences.values.muting import MutingKind

Labels = dict[str, str]


def inhibits(rules: list[Inhibition], source: Labels, target: Labels) -> bool:
    mutings = compile_mutings([], [], rules, now=NOW)
    return not source_keys(mutings, source).isdisjoint(target_keys(mutings, target))


# The README's and documentation's rule: a critical alert mutes warnings of the same name, cluster and service.
SAME = inhibition('severity="critical"', 'severity="warning"', "alertname", "cluster", "service")
# inhibit/inhibit_test.go: TestInhibitRuleMatches, TestInhibitRuleMatchers, TestInhibitRuleHasEqual.
S1T1 = inhibition("s1=1", "t1=1", "e")
S2T2 = inhibition("s2=1", "t2=1", "e")
MATCHES = inhibition('s="1"', 't="1"', "e")
NOT_EQUAL = inhibition('s="1"', 't!="1"', "e")


@pytest.mark.parametrize(
    ("what", "rules", "source", "target", "inhibited"),
    [
        ("the documented example", [SAME], {"alertname": "A", "cluster": "c", "severity": "critical"},
         {"alertname": "A", "cluster": "c", "severity": "warning"}, True),
        ("another cluster", [SAME], {"alertname": "A", "cluster": "c", "severity": "critical"},
         {"alertname": "A", "cluster": "d", "severity": "warning"}, False),
        ("missing equals empty", [SAME], {"alertname": "A", "service": "", "severity": "critical"},
         {"alertname": "A", "severity": "warning"}, True),
        ("not the other way round", [SAME], {"alertname": "A", "severity": "warning"}, {"alertname": "A", "severity": "critical"}, False),
        ("the first rule", [S1T1, S2T2], {"s1": "1", "t1": "2", "e": "1"}, {"t1": "1", "e": "1"}, True),
        ("the second rule", [S1T1, S2T2], {"s2": "1", "e": "1"}, {"t2": "1", "e": "1"}, True),
        ("source of one, target of the other", [S1T1, S2T2], {"s1": "1", "e": "1"}, {"t2": "1", "e": "1"}, False),
        ("not equal", [S1T1, S2T2], {"s1": "1", "e": "1"}, {"t1": "1", "e": "0"}, False),
        ("no target", [S1T1, S2T2], {"s1": "1", "e": "1"}, {"t1": "0", "e": "1"}, False),
        ("what is source and target is inhibited by a source alone", [S1T1], {"s1": "1", "e": "1"}, {"s1": "1", "t1": "1", "e": "1"}, True),
        ("not by another that is both", [S1T1], {"s1": "1", "t1": "1", "e": "1", "x": "2"}, {"s1": "1", "t1": "1", "e": "1"}, False),
        ("what is both inhibits a target alone", [S1T1], {"s1": "1", "t1": "1", "e": "1"}, {"t1": "1", "e": "1"}, True),
        ("a negative target matcher", [NOT_EQUAL], {"s": "1", "t": "1", "e": "1"}, {"t": "0", "e": "1"}, True),
        ("a negative target matcher that does not match", [NOT_EQUAL], {"s": "1", "t": "1", "e": "1"}, {"t": "1", "e": "1"}, False),
        ("no labels that must be equal: all", [inhibition("s=1", "t=1")], {"s": "1", "e": "1"}, {"t": "1", "e": "2"}, True),
        ("no equal values by mere gluing together", [inhibition("s=1", "t=1", "a", "b")], {"s": "1", "a": "xy", "b": "z"},
         {"t": "1", "a": "x", "b": "yz"}, False),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
def test_what_inhibits_what(what: str, rules: list[Inhibition], source: Labels, target: Labels, inhibited: bool) -> None:
    assert inhibits(rules, source, target) is inhibited, what


@given(st.dictionaries(st.sampled_from(["s", "t", "e"]), st.sampled_from(["1", "2", ""])))
def test_no_alert_inhibits_itself(labels: Labels) -> None:
    rules = [MATCHES, NOT_EQUAL, inhibition("s=1", "s=1"), inhibition("e=~.*", "t=~.*", "s")]
    assert not inhibits(rules, labels, labels)


@given(
    st.dictionaries(st.sampled_from(["s", "t", "e"]), st.sampled_from(["1", "2", ""])),
    st.dictionaries(st.sampled_from(["s", "t", "e"]), st.sampled_from(["1", "2", ""])),
    st.sampled_from([MATCHES, NOT_EQUAL, inhibition("s=1", "e=~.*", "t"), inhibition('e!="2"', 't!="2"', "s", "e")]),
)
def test_keys_say_what_alertmanagers_rule_says(source: Labels, target: Labels, rule: Inhibition) -> None:
    equal = all(source.get(name, "") == target.get(name, "") for name in rule.equal)
    both = match(rule.source, target) and match(rule.target, target)
    said = match(rule.target, target) and match(rule.source, source) and equal and not (both and match(rule.target, source))
    assert inhibits([rule], source, target) is said


def test_a_key_begins_with_its_rule_and_stays_the_same() -> None:
    mutings = compile_mutings([], [], [S1T1], now=NOW)
    found = target_keys(mutings, {"t1": "1", "e": "5", "other": "a"})
    assert list(found.values()) == [(S1T1.id, "critical over warning")]
    assert found == target_keys(mutings, {"t1": "1", "e": "5", "other": "b"})
    assert next(iter(found)).startswith(f"{S1T1.id}:")


def test_an_inhibition_says_what_it_waits_for() -> None:
    muting = inhibited_by(SAME.id, SAME.name, source="db-1 is down")
    assert (muting.kind, muting.until) == (MutingKind.INHIBITION, None)
    assert muting.reason == "inhibited by “critical over warning” while this is open: db-1 is down"
