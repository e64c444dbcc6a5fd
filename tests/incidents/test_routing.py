"""What routing rules make of an event, and where the alert is looked for that an end is about."""

from dataclasses import replace
from uuid import UUID

from tests.incidents.building import SERVICE, event

from oncall.contacts.values import Urgency
from oncall.incidents.rules.routing import places, routable, routed
from oncall.incidents.values import Action, Severity
from oncall.kit.ids import IntegrationId, RoutingRuleId, ServiceId
from oncall.kit.matchers import parse_matchers
from oncall.services.rules.routing import compile_routing
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
            "routing rule r1: made its severity warning, dropped pod, added team=db",
            "routing rule r2: sent it to service db, made its urgency high, grouped it by job",
        ),
    )
    assert TRIGGER.labels == {"job": "db", "pod": "1"}, "what came stays as it came"


def test_an_event_that_no_rule_is_about_stays_the_very_same() -> None:
    elsewhere = rule(1, "", IntegrationId(UUID(int=77)), service_id=DB)
    for routing in (compile_routing([], {}), compile_routing([elsewhere], {}), compile_routing([rule(1, "job=web", service_id=DB)], {})):
        assert routed(TRIGGER, routing) is TRIGGER


def test_the_alert_of_an_end_that_says_less_is_looked_for_wherever_its_trigger_may_have_gone() -> None:
    end = event(action=Action.RESOLVE, integration_id=OF)
    routing = compile_routing([rule(1, "job=db", service_id=DB), rule(2, "job=web", OF, service_id=WEB), rule(3, "job=x")], {})
    assert places(end, routing) == (SERVICE, WEB, DB)
    assert places(replace(end, labels={"job": "db"}), routing) == (DB, SERVICE, WEB)
    assert places(end, compile_routing([], {})) == (SERVICE,)
