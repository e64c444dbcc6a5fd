"""What routing rules make of an event, and where the alert is looked for that an end is about."""

from dataclasses import replace
from itertools import count
from uuid import UUID

import pytest
from tests.incidents.building import SERVICE, event

from oncall.contacts.values import Urgency
from oncall.incidents.commands import routing as routing_command
from oncall.incidents.commands.routing import RoutedLately
from oncall.incidents.rules.routing import ELSEWHERE, likeliest, routable, routed, routed_all
from oncall.incidents.values import Action, Event, Severity
from oncall.kit.ids import EventId, IntegrationId, RoutingRuleId, ServiceId
from oncall.kit.matchers import parse_matchers
from oncall.services.rules.routing import Routing, compile_routing
from oncall.services.values.routing import RoutingRule

WEB, DB = ServiceId(UUID(int=8)), ServiceId(UUID(int=9))
TRIGGER = event(labels={"job": "db", "pod": "1"}, summary="Disk full", source="host-1", component="disk", group="eu", class_="space")
OF = TRIGGER.integration_id


def rule(n: int, matchers: str, integration_id: IntegrationId | None = None, **sets: object) -> RoutingRule:
    made = RoutingRule(RoutingRuleId(UUID(int=n)), f"r{n}", n, integration_id, parse_matchers(matchers))
    return replace(made, **sets)  # type: ignore[arg-type]


def test_every_field_of_an_event_can_be_asked_for() -> None:
    asked = routable(TRIGGER)
    assert (asked.integration_id, asked.service_id, asked.severity, asked.labels) == (OF, SERVICE, "critical", TRIGGER.labels)
    assert asked.fields == {
        "summary": "Disk full", "source": "host-1", "component": "disk", "group": "eu", "class": "space", "dedup_key": "disk",
        "integration": TRIGGER.integration_name, "action": "trigger",
    }  # fmt: skip


def test_an_event_is_as_the_rules_leave_it() -> None:
    routing = compile_routing(
        [
            rule(1, "job=db", continues=True, severity="warning", add_labels={"team": "db"}, drop_labels=("pod",)),
            rule(2, "team=db, severity=warning", service_id=DB, urgency=Urgency.HIGH, group_key=("job",)),
        ],
        {DB: "db"},
    )
    assert routed(TRIGGER, routing) == replace(
        TRIGGER,
        service_id=DB,
        severity=Severity.WARNING,
        labels={"job": "db", "team": "db"},
        urgency=Urgency.HIGH,
        group_labels=("job",),
        way=(
            'routing rule "r1" made its severity warning, dropped pod, added team=db',
            'routing rule "r2" sent it to service db, made its urgency high, grouped it by job',
        ),
    )
    assert TRIGGER.labels == {"job": "db", "pod": "1"}, "what came stays as it came"


def test_an_event_that_no_rule_is_about_stays_the_very_same() -> None:
    elsewhere = rule(1, "", IntegrationId(UUID(int=77)), service_id=DB)
    for routing in (compile_routing([], {}), compile_routing([elsewhere], {}), compile_routing([rule(1, "job=web", service_id=DB)], {})):
        assert routed(TRIGGER, routing) is TRIGGER


def test_an_end_is_looked_for_first_where_rules_would_send_it() -> None:
    end = event(action=Action.RESOLVE, integration_id=OF)
    routing = compile_routing([rule(1, "job=db", service_id=DB)], {})
    assert likeliest(end, routing) == SERVICE
    assert likeliest(replace(end, labels={"job": "db"}), routing) == DB
    assert likeliest(replace(end, labels={"job": "db"}, way=("ours",)), routing) == SERVICE, "it knows where"


GONE = ServiceId(UUID(int=10))  # no rule of today sends there
TO_DB = {"labels": {"job": "db"}}
END, ACK = {"action": Action.RESOLVE}, {"action": Action.ACKNOWLEDGE}
AT_DB, AT_OWN, AT_GONE = (DB, ""), (SERVICE, ""), (GONE, ELSEWHERE)


@pytest.mark.parametrize(
    ("said", "opened", "expected"),
    [
        pytest.param([END], [], [AT_OWN], id="nowhere open: where it would be sent"),
        pytest.param([END], [GONE], [AT_GONE], id="open where no rule sends by now"),
        pytest.param([ACK, END], [GONE], [AT_GONE, AT_GONE], id="an acknowledgement ends nothing"),
        pytest.param([END, END], [GONE], [AT_GONE, AT_OWN], id="ended once"),
        pytest.param([END | TO_DB], [GONE, DB], [AT_DB], id="the likeliest of two"),
        pytest.param([END], [GONE, DB], [AT_GONE], id="of two elsewhere the older one"),
        pytest.param([TO_DB, END], [], [AT_DB, (DB, ELSEWHERE)], id="opened a moment ago"),
        pytest.param([TO_DB, END], [SERVICE], [AT_DB, AT_OWN], id="the likeliest, though another was opened a moment ago"),
        pytest.param([END | TO_DB, TO_DB, END | TO_DB], [DB], [AT_DB] * 3, id="ended, opened, ended"),
        pytest.param([END | {"way": ("ours",)}], [DB], [(DB, ELSEWHERE)], id="one of ours, that a world has elsewhere"),
    ],
)
def test_an_end_goes_where_its_alert_is_open(
    said: list[dict[str, object]], opened: list[ServiceId], expected: list[tuple[ServiceId, str]]
) -> None:
    number = count(1)
    events = [replace(event(**says), id=EventId(UUID(int=next(number))), integration_id=OF) for says in said]  # type: ignore[arg-type]
    routing = compile_routing([rule(1, "job=db", service_id=DB)], {})
    made = [e for e, _ in routed_all(events, routing, {e.id: opened for e in events})]
    assert [(e.service_id, e.reason) for e in made] == expected


def test_what_is_like_another_goes_its_way_and_stays_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_command, "KEPT", 1)
    rules = [rule(1, "job=db", service_id=DB, add_labels={"team": "db"})]
    routing, others = compile_routing(rules, {DB: "db"}), compile_routing([replace(rules[0], service_id=WEB)], {WEB: "web"})
    asked: list[Event] = []

    def counted(event: Event, routing: Routing) -> Event:
        asked.append(event)
        return routed(event, routing)

    monkeypatch.setattr(routing_command, "routed", counted)
    lately, body = RoutedLately(), replace(TRIGGER.body, id=UUID(int=7))
    again = [replace(TRIGGER, id=EventId(UUID(int=n)), body=body, like=TRIGGER) for n in range(3)]
    first, second, _ = [lately.routed(one, routing) for one in again]
    assert (second.id, second.body, second.service_id) == (again[1].id, body, DB)
    assert first == replace(second, id=again[0].id), "all else is the same"
    assert second.reason == 'routing rule "r1" sent it to service db, added team=db'
    assert len(asked) == 1
    assert lately.routed(again[0], others).service_id == WEB, "by the rules of now"
    assert lately.routed(TRIGGER, others).service_id == WEB, "and what is like nothing is asked about each time"
    other = replace(TRIGGER, labels={"job": "web"})
    assert lately.routed(replace(other, like=other), others).service_id == SERVICE
    assert lately.routed(again[2], others).service_id == WEB
    assert len(asked) == 5, "so many are remembered"
