"""Where rules send an event: ordered conditions, first match, more where they continue, the integration's own service else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.contacts.values import Urgency
from oncall.kit.ids import IntegrationId, RoutingRuleId, ServiceId
from oncall.kit.matchers import match, parse_matchers
from oncall.services.rules.routing import Routing, check_rule, compile_routing, route
from oncall.services.values.routing import BadRule, Routable, Routed, RoutingRule

PROMETHEUS, ZABBIX = (IntegrationId(UUID(int=n)) for n in (1, 2))
OWN, WEB, DB = (ServiceId(UUID(int=n)) for n in (7, 8, 9))
NAMES = {WEB: "web", DB: "db"}
ANY: dict[str, str] = {}


def rule(n: int, matchers: str = "", **sets: Any) -> RoutingRule:
    made = RoutingRule(RoutingRuleId(UUID(int=n)), f"r{n}", 10 * n, None, parse_matchers(matchers))
    return replace(made, **(sets or {"service_id": WEB}))


def asked(labels: Mapping[str, str] = ANY, *, of: IntegrationId = PROMETHEUS, severity: str = "warning", **fields: str) -> Routable:
    return Routable(of, OWN, severity, labels, {"summary": "Disk full", **fields})


def routing(*rules: RoutingRule) -> Routing:
    return compile_routing(rules, NAMES)


STAYS = Routed(OWN, "warning", None, (), {}, ())


@pytest.mark.parametrize(
    ("what", "rules", "event", "expected"),
    [
        ("no rule: its integration's own service", [], asked(), {}),
        ("none matches: its own service", [rule(1, "job=db")], asked({"job": "web"}), {}),
        ("the first that matches, not the last", [rule(1, "job=db", service_id=DB), rule(2, "job=db")], asked({"job": "db"}),
         {"service_id": DB}),
        ("in order of position", [replace(rule(1, service_id=WEB), position=9), replace(rule(2, service_id=DB), position=8)], asked(),
         {"service_id": DB}),
        ("at one position the older id", [replace(rule(2, service_id=DB), position=5), replace(rule(1, service_id=WEB), position=5)],
         asked(), {"service_id": WEB}),
        ("the default is last", [rule(1, "job=db", service_id=DB), rule(2, service_id=WEB)], asked({"job": "x"}), {"service_id": WEB}),
        ("all matchers of a rule", [rule(1, "job=db, env=prod")], asked({"job": "db"}), {}),
        ("one that is off is not asked", [rule(1, enabled=False, service_id=DB)], asked(), {}),
        ("of another integration", [rule(1, integration_id=ZABBIX, service_id=DB)], asked(), {}),
        ("of this integration", [rule(1, integration_id=PROMETHEUS, service_id=DB)], asked(), {"service_id": DB}),
        ("one integration's rules and those of all stand in one order",
         [rule(1, "job=db", service_id=WEB), rule(2, integration_id=PROMETHEUS, service_id=DB)], asked({"job": "db"}), {"service_id": WEB}),
        ("in one order, the other way round",
         [rule(1, integration_id=PROMETHEUS, service_id=DB), rule(2, "job=db", service_id=WEB)], asked({"job": "db"}), {"service_id": DB}),
        ("a field where there is no label of that name", [rule(1, 'summary=~"disk.*"'), rule(2, 'summary=~"Disk.*"', service_id=DB)],
         asked(), {"service_id": DB}),
        ("a label goes before a field", [rule(1, 'summary="Disk full"')], asked({"summary": "x"}), {}),
        ("even an empty label", [rule(1, 'summary=""')], asked({"summary": ""}), {"service_id": WEB}),
        ("the severity", [rule(1, "severity=critical", service_id=WEB), rule(2, "severity=warning", service_id=DB)], asked(),
         {"service_id": DB}),
        ("what is not there is empty", [rule(1, 'team=""')], asked(), {"service_id": WEB}),
        ("what it may not be", [rule(1, 'env!="dev"')], asked(), {"service_id": WEB}),
        ("everything it sets", [rule(1, severity="critical", urgency=Urgency.LOW, group_key=("a", "b"))], asked(),
         {"severity": "critical", "urgency": Urgency.LOW, "group_labels": ("a", "b")}),
        ("labels: dropped, then added", [rule(1, drop_labels=("a", "b"), add_labels={"b": "new", "c": "3"})], asked({"a": "1", "b": "2"}),
         {"labels": {"b": "new", "c": "3"}}),
        ("it continues: both", [rule(1, continues=True, urgency=Urgency.HIGH), rule(2, service_id=DB)], asked(),
         {"urgency": Urgency.HIGH, "service_id": DB}),
        ("it continues: the last word stands", [rule(1, continues=True, service_id=WEB, severity="info"), rule(2, service_id=DB)], asked(),
         {"severity": "info", "service_id": DB}),
        ("it continues, and none follows", [rule(1, continues=True, service_id=WEB)], asked(), {"service_id": WEB}),
        ("the next sees what was added", [rule(1, continues=True, add_labels={"team": "db"}), rule(2, "team=db", service_id=DB)], asked(),
         {"labels": {"team": "db"}, "service_id": DB}),
        ("the next does not see what was dropped", [rule(1, continues=True, drop_labels=("team",)), rule(2, "team=db", service_id=DB)],
         asked({"team": "db"}), {"labels": {}}),
        ("a dropped label uncovers the field", [rule(1, continues=True, drop_labels=("summary",)), rule(2, 'summary="Disk full"')],
         asked({"summary": "x"}), {"labels": {}, "service_id": WEB}),
        ("the next sees the severity that was set", [rule(1, continues=True, severity="critical"), rule(2, "severity=critical")], asked(),
         {"severity": "critical", "service_id": WEB}),
        ("but not where a label has that name", [rule(1, continues=True, severity="critical"), rule(2, "severity=critical")],
         asked({"severity": "page"}), {"severity": "critical"}),
        ("what was dropped and comes again", [rule(1, continues=True, drop_labels=("a",)), rule(2, continues=True, add_labels={"a": "1"}),
         rule(3, "a=1", service_id=DB)], asked({"a": "1"}), {"labels": {"a": "1"}, "service_id": DB}),
        ("a rule before is not asked again", [rule(1, "a=1", service_id=WEB), rule(2, continues=True, add_labels={"a": "1"})], asked(),
         {"labels": {"a": "1"}}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
def test_where_it_goes(what: str, rules: list[RoutingRule], event: Routable, expected: dict[str, Any]) -> None:
    made = route(routing(*rules), event)
    stays: dict[str, Any] = {"labels": event.labels, "severity": event.severity}
    assert replace(made, way=()) == replace(STAYS, **(stays | expected))


SENTENCES = [
    ({"service_id": DB}, 'routing rule "r1" sent it to service db'),
    ({"severity": "critical", "urgency": Urgency.HIGH}, 'routing rule "r1" made its severity critical, made its urgency high'),
    ({"group_key": ("a", "b")}, 'routing rule "r1" grouped it by a, b'),
    ({"drop_labels": ("x",), "add_labels": {"team": "db"}}, 'routing rule "r1" dropped x, added team=db'),
]


@pytest.mark.parametrize(("sets", "sentence"), SENTENCES, ids=[sentence for _, sentence in SENTENCES])
def test_the_way_says_what_a_rule_did(sets: dict[str, Any], sentence: str) -> None:
    assert [tried.sentence for tried in route(routing(rule(1, **sets)), asked()).way] == [sentence]


def test_the_whole_way_says_of_each_rule_why_not() -> None:
    rules = [
        rule(1, "job=db, env=prod"),
        rule(2, "severity=critical"),
        rule(3, 'team=~"a|b"'),
        rule(4, enabled=False),
        rule(5, integration_id=ZABBIX),
        rule(6, "job=db", continues=True, add_labels={"team": "a"}),
        rule(7, 'team=~"a|b"', service_id=DB),
        rule(8),
    ]
    made = route(routing(*rules), asked({"job": "db", "env": "dev"}), in_full=True)
    assert [(tried.rule.name, tried.matched, tried.sentence.partition(": ")[2] or tried.sentence) for tried in made.way] == [
        ("r1", False, "it asks for env=\"prod\", and the label env is 'dev'"),
        ("r2", False, "it asks for severity=\"critical\", and the severity is 'warning'"),
        ("r3", False, 'it asks for team=~"a|b", and there is no label and no field team'),
        ("r4", False, 'routing rule "r4" is switched off'),
        ("r6", True, 'routing rule "r6" added team=a'),
        ("r7", True, 'routing rule "r7" sent it to service db'),
    ], "of another integration none is asked, and none behind the end"
    assert made.service_id == DB


@pytest.mark.parametrize(
    ("matchers", "everything"),
    [
        ("", True), ('a=~".*"', True), ('a=~"(?s).*", b=~"|.*"', True), ('a=~".+"', False), ('a=~"x|"', False), ('a="x"', False),
        ('a!="x"', False), ('a=""', False), ('a!~"x"', False), ('a=~".*", b="x"', False),
    ],
)  # fmt: skip
def test_what_matches_everything(matchers: str, *, everything: bool) -> None:
    assert rule(1, matchers).matches_everything is everything


def test_what_is_no_rule() -> None:
    check_rule(rule(1, "a=b"), is_everything_meant=False)
    check_rule(rule(1), is_everything_meant=True)
    with pytest.raises(BadRule, match="matches every event"):
        check_rule(rule(1), is_everything_meant=False)
    with pytest.raises(BadRule, match="leave something out"):
        check_rule(rule(1, "a=b"), is_everything_meant=True)
    for continues in (False, True):
        with pytest.raises(BadRule, match="sets nothing"):
            check_rule(rule(1, "a=b", continues=continues), is_everything_meant=False)


def test_which_integrations_rules_are_about() -> None:
    everyone = routing(rule(1, service_id=WEB), rule(2, enabled=False, integration_id=ZABBIX, service_id=DB))
    assert (everyone.concerns(PROMETHEUS), everyone.concerns(ZABBIX)) == (True, True)
    one = routing(rule(1, enabled=False), rule(2, integration_id=ZABBIX, severity="info"))
    assert (one.concerns(PROMETHEUS), one.concerns(ZABBIX)) == (False, True)


def one_by_one(rules: Sequence[RoutingRule], event: Routable) -> tuple[object, ...]:
    """The specification, read from top to bottom."""
    labels, severity, service, urgency, group, followed = dict(event.labels), event.severity, event.service_id, None, (), []
    for rule in sorted(rules, key=lambda rule: (rule.position, rule.id)):
        seen = {**event.fields, "severity": severity, **labels}
        if not rule.enabled or rule.integration_id not in {None, event.integration_id} or not match(rule.matchers, seen):
            continue
        followed.append(rule.name)
        service, severity, urgency = rule.service_id or service, rule.severity or severity, rule.urgency or urgency
        group = rule.group_key or group
        labels = {name: value for name, value in labels.items() if name not in rule.drop_labels} | dict(rule.add_labels)
        if not rule.continues:
            break
    return service, severity, urgency, group, labels, followed


WORDS, PLACES = st.sampled_from(["a", "b", "severity", "summary"]), st.sampled_from(["x", "y", "", "critical"])
CONDITIONS = st.lists(st.builds('{}{}"{}"'.format, WORDS, st.sampled_from(["=", "!=", "=~", "!~"]), PLACES), max_size=2).map(",".join)
RULES = st.builds(
    RoutingRule,
    st.just(RoutingRuleId(UUID(int=0))),
    st.just(""),
    st.integers(0, 3),
    st.sampled_from([None, PROMETHEUS, ZABBIX]),
    CONDITIONS.map(parse_matchers),
    continues=st.booleans(),
    enabled=st.sampled_from([True, True, False]),
    service_id=st.sampled_from([None, WEB, DB]),
    severity=st.sampled_from([None, "critical"]),
    urgency=st.sampled_from([None, *Urgency]),
    group_key=st.sampled_from([(), ("a",)]),
    add_labels=st.dictionaries(WORDS, PLACES, max_size=2),
    drop_labels=st.lists(WORDS, max_size=2).map(tuple),
)


def numbered(rules: list[RoutingRule]) -> list[RoutingRule]:
    return [replace(rule, id=RoutingRuleId(UUID(int=n)), name=f"r{n}") for n, rule in enumerate(rules)]


@given(
    rules=st.lists(RULES, max_size=8).map(
        lambda made: [replace(r, id=RoutingRuleId(UUID(int=n)), name=f"r{n}") for n, r in enumerate(made)]
    ),
    labels=st.dictionaries(WORDS, PLACES),
    of=st.sampled_from([PROMETHEUS, ZABBIX]),
)
def test_found_by_what_they_need_rules_do_what_they_do_one_by_one(
    rules: list[RoutingRule], labels: dict[str, str], of: IntegrationId
) -> None:
    event = asked(labels, of=of)
    expected = one_by_one(rules, event)
    for in_full in (False, True):
        made = route(routing(*rules), event, in_full=in_full)
        followed = [tried.rule.name for tried in made.way if tried.matched]
        assert (made.service_id, made.severity, made.urgency, made.group_labels, made.labels, followed) == expected


def test_of_a_thousand_rules_only_those_are_asked_that_may_match() -> None:
    some = routing(*[rule(n, f'severity="warning", job="j{n}", env!="dev"', service_id=DB) for n in range(1, 1001)])
    assert some.of_all.needing({"severity": "warning", "job": "j700"}) == [699]
    assert some.of_all.needing_none() == []
    assert route(some, asked({"job": "j700"})).service_id == DB
