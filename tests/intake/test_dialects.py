"""Every body of the three dialects that somebody else wrote, and what we must read in it: state, severity, identity, title."""

import pytest
from tests.intake.payloads import body, events

# body, adapter, [(action, severity, dedup key or None for one that no other event has, title)]
BODIES = [
    # Alertmanager: per alert its own state, severity from the labels, the fingerprint as identity
    ("alertmanager/captured.bearer-auth.firing.json", "alertmanager", [
        ("trigger", "warning", "9b362f38fa1b849a", "High latency on web-01"),
        ("trigger", "critical", "3b5f0dcecc52222c", "High latency on web-02"),
    ]),
    ("alertmanager/captured.no-severity.firing.json", "alertmanager", [("trigger", "unknown", "003b0a0f7d3fa569", "no severity here")]),
    ("alertmanager/captured.no-severity.resolved.json", "alertmanager", [("resolve", "unknown", "003b0a0f7d3fa569", "no severity here")]),
    ("alertmanager/pagertree.v4.firing.json", "alertmanager", [
        ("trigger", "critical", "fb1ae09cb86a3c47",
         "Container testapp-api-worker of pod testapp-test-api-worker-deployment-1234567890-abcef has been restarted"),
    ]),
    # its alert still says firing, but the group says that it is over
    ("alertmanager/pagertree.v4.resolved-toplevel-only.json", "alertmanager", [
        ("resolve", "critical", "fb1ae09cb86a3c47",
         "Container testapp-api-worker of pod testapp-test-api-worker-deployment-1234567890-abcef has been restarted"),
    ]),
    # no fingerprint: a hash of its own labels
    ("alertmanager/alerta.v4.firing-no-fingerprint.json", "alertmanager", [
        ("trigger", "critical", "8818169754a27b86d91fd81fa574cd8c", "No things for over 10 minutes"),
    ]),
    ("alertmanager/goalert.minimal.firing.json", "alertmanager", [
        ("trigger", "unknown", "235dc7b6af0086d74a6ab9a07f27033b", "My alert summary"),
    ]),
    ("alertmanager/iris.v4.firing.json", "alertmanager", [("trigger", "critical", "dc2ae82f6d0618d5fa82d9fecf762692", "testsummary")]),
    ("alertmanager/zulip.v4.firing-two.json", "alertmanager", [
        ("trigger", "critical", "a1bc48475b20e73d", "High CPU core temperature"),
        ("trigger", "critical", "c2ea85182f28cbd9", "High CPU core temperature"),
    ]),
    ("grafana/unified.test-notification.firing.json", "alertmanager", [("trigger", "unknown", "57c6d9296de2ad39", "Notification test")]),
    ("grafana/firehydrant.docs-example.open.json", "alertmanager", [
        ("trigger", "unknown", "c6eadffa33fcdf37", "This alert was triggered for zone us-1"),
        ("trigger", "unknown", "bc97ff14869b13e3", "This alert was triggered for zone eu-1"),
    ]),
    # PagerDuty v2: the state is no part of the title, or the first title would say FIRING for ever
    ("pagerduty-events-v2/captured.alertmanager.trigger.json", "pagerduty", [
        ("trigger", "critical", "4017ab89d12861867cac397910b68db3c89d636d1a7f18e47f986d50db57d6b1", "HighRequestLatency eu-1 (node)"),
    ]),
    ("pagerduty-events-v2/captured.alertmanager.re-trigger-after-partial-resolve.json", "pagerduty", [
        ("trigger", "critical", "4017ab89d12861867cac397910b68db3c89d636d1a7f18e47f986d50db57d6b1", "HighRequestLatency eu-1 (node)"),
    ]),
    ("pagerduty-events-v2/captured.pypi-pagerduty.trigger.json", "pagerduty", [
        ("trigger", "critical", "web-01/cpu", "CPU high on web-01"),
    ]),
    ("pagerduty-events-v2/captured.pypi-pagerduty.acknowledge.json", "pagerduty", [("acknowledge", "unknown", "web-01/cpu", None)]),
    ("pagerduty-events-v2/captured.pypi-pagerduty.resolve.json", "pagerduty", [("resolve", "unknown", "web-01/cpu", None)]),
    ("pagerduty-events-v2/captured.pdpyras.trigger.json", "pagerduty", [("trigger", "warning", "db-01/disk", "Disk full")]),
    ("pagerduty-events-v2/captured.pdpyras.resolve.json", "pagerduty", [("resolve", "unknown", "db-01/disk", None)]),
    ("pagerduty-events-v2/captured.pdjs.trigger.json", "pagerduty", [("trigger", "error", "test_incident_2_88f520", "Test Event V2")]),
    ("pagerduty-events-v2/captured.pdjs.resolve.json", "pagerduty", [("resolve", "unknown", "test_incident_2_88f520", None)]),
    ("pagerduty-events-v2/captured.zabbix.trigger.json", "pagerduty", [
        ("trigger", "warning", "4711", "Problem: High CPU utilization (over 90% for 5m)"),
    ]),
    ("pagerduty-events-v2/captured.zabbix.acknowledge.json", "pagerduty", [("acknowledge", "unknown", "4711", None)]),
    ("pagerduty-events-v2/captured.zabbix.resolve.json", "pagerduty", [("resolve", "unknown", "4711", None)]),
    ("pagerduty-events-v2/captured.apprise.success-is-still-trigger.json", "pagerduty", [
        ("trigger", "info", None, "Disk full on db-01 /var is at 99%"),
    ]),
    ("pagerduty-events-v2/elastalert2.trigger.json", "pagerduty", [("trigger", "error", None, "Test PD Rule")]),
    # PagerDuty v1, which agents still send
    ("pagerduty-events-v1/elastalert2.trigger-empty-key.json", "pagerduty", [("trigger", "unknown", None, "Test PD Rule")]),
    ("nagios/pd-agent.host.trigger.json", "pagerduty", [
        ("trigger", "unknown", "event_source=host;host_name=host.test.local", "HOSTNAME=host.test.local; HOSTSTATE=critical"),
    ]),
    ("nagios/pd-agent.host.resolve.json", "pagerduty", [("resolve", "unknown", "event_source=host;host_name=host.test.local", None)]),
    ("zabbix/pd-agent.ok.json", "pagerduty", [("resolve", "unknown", "13502-Zabbix server", None)]),
    # Generic: what people point at it
    ("grafana/legacy.alerta.alerting.json", "generic", [("trigger", "unknown", "rule_id=7", "CPU alert")]),
    ("grafana/legacy.alerta.ok.json", "generic", [("resolve", "unknown", "rule_id=7", "CPU alert")]),
    ("grafana/legacy.docs.alerting.json", "generic", [("trigger", "unknown", "rule_id=1", "My alert")]),
    ("grafana/legacy.v6.alerting-two-matches.json", "generic", [("trigger", "warning", "rule_id=58", "TEST -> Battery Voltage alert")]),
    ("grafana/legacy.v7.no-message.json", "generic", [("trigger", "unknown", "rule_id=4 org_id=1", "No Message alert")]),
    ("generic-oncall-apis/pagertree-webhook.create.json", "generic", [("trigger", "critical", "example-id-123", "Example Incident Title")]),
    ("generic-oncall-apis/pagertree-webhook.acknowledge.json", "generic", [("acknowledge", "critical", "example-id-123", None)]),
    ("generic-oncall-apis/pagertree-webhook.resolve.json", "generic", [("resolve", "critical", "example-id-123", None)]),
    ("healthchecks/pagertree.trigger.json", "generic", [
        ("trigger", "unknown", "5398178f-6e2c-4a46-80ac-c083551f4beb", "my check is DOWN"),
    ]),
    ("healthchecks/pagertree.resolve.json", "generic", [("resolve", "unknown", "5398178f-6e2c-4a46-80ac-c083551f4beb", None)]),
    ("uptime-kuma/captured.webhook-json.down.json", "generic", [
        ("trigger", "unknown", "monitor.id=1", "Marketing: Request failed with status code 500"),
    ]),
    ("uptime-kuma/captured.webhook-multipart.down.multipart", "generic", [
        ("trigger", "unknown", "monitor.id=1", "Marketing: Request failed with status code 500"),
    ]),
    ("uptime-kuma/captured.webhook-json.up.json", "generic", [("resolve", "unknown", "monitor.id=1", None)]),
    ("uptime-kuma/captured.webhook-json.test-button.json", "generic", [("trigger", "unknown", None, "My Webhook Testing")]),
    ("uptimerobot/down.json", "generic", [("trigger", "unknown", "monitor_id=123456789", "example.come backend")]),
    ("uptimerobot/up.json", "generic", [("resolve", "unknown", "monitor_id=123456789", None)]),
    ("statuscake/down.json", "generic", [("trigger", "unknown", "test_id=1234567890", "https://www.example.com/app")]),
    ("statuscake/up.json", "generic", [("resolve", "unknown", "test_id=1234567890", None)]),
    ("pingdom/docs-http.down.json", "generic", [("trigger", "error", "check_id=12345", "Name of HTTP check")]),
    ("pingdom/docs-http.up.json", "generic", [("resolve", "error", "check_id=12345", None)]),
    ("netdata/captured.opsgenie-webhook.warning.json", "generic", [("trigger", "warning", "unique_id=1 host=vm", "test_alarm")]),
    ("netdata/captured.opsgenie-webhook.critical.json", "generic", [("trigger", "critical", "unique_id=1 host=vm", "test_alarm")]),
    ("netdata/captured.opsgenie-webhook.clear.json", "generic", [("resolve", "unknown", "unique_id=1 host=vm", None)]),
    ("kapacitor/pagertree.warn.json", "generic", [("trigger", "warning", "123", "CPU usage high")]),
    ("kapacitor/pagertree.ok.json", "generic", [("resolve", "unknown", "123", None)]),
    ("zabbix/pagertree-media.problem.json", "generic", [("trigger", "unknown", "event_id=23", "Problem: https://statuscode.app/ Status")]),
    ("zabbix/pagertree-media.resolved.json", "generic", [("resolve", "unknown", "event_id=23", None)]),
    ("zabbix/captured.signl4-media.problem.txt", "generic", [
        ("trigger", "warning", "event_id=4711 hostname=Zabbix server", "Problem: High CPU utilization (over 90% for 5m)"),
    ]),
    ("zabbix/captured.signl4-media.resolved.txt", "generic", [("resolve", "warning", "event_id=4711 hostname=Zabbix server", None)]),
    # Apprise's type says how bad it is, never that something is over
    ("apprise/captured.json.failure.json", "generic", [("trigger", "unknown", None, "Disk full on db-01")]),
    ("apprise/captured.json.success.json", "generic", [("trigger", "unknown", None, "Disk full on db-01")]),
    ("apprise/captured.form.failure.form", "generic", [("trigger", "unknown", None, "Disk full on db-01")]),
    ("elastalert/captured.http_post.match-fields-only.json", "generic", [("trigger", "unknown", None, "Quit 123")]),
    ("elastalert/pagertree.resolve.json", "generic", [("resolve", "unknown", "1", None)]),
    # Who points a better known dialect at a generic integration is understood as well
    ("alertmanager/captured.no-severity.resolved.json", "generic", [("resolve", "unknown", "003b0a0f7d3fa569", None)]),
    ("pagerduty-events-v2/captured.pdpyras.trigger.json", "generic", [("trigger", "warning", "db-01/disk", "Disk full")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "type", "expected"), BODIES, ids=[f"{type}:{name}" for name, type, _ in BODIES])
def test_what_a_body_says(name: str, type: str, expected: list[tuple[str, str, str | None, str | None]]) -> None:
    found = events(type, body(name))
    assert [(e.action.value, e.severity.value) for e in found] == [(action, severity) for action, severity, _, _ in expected]
    for event, (_, _, key, title) in zip(found, expected, strict=True):
        assert event.dedup_key == (key or str(event.id))
        assert title in (None, event.summary), "the title of a resolve is nobody's business"
        assert not event.unreadable


CASES = [
    ("alertmanager", "alertmanager/captured.no-severity.firing.json", "alertmanager/captured.no-severity.resolved.json"),
    ("alertmanager", "alertmanager/pagertree.v4.firing.json", "alertmanager/pagertree.v4.resolved-toplevel-only.json"),
    ("pagerduty", "pagerduty-events-v2/captured.pdpyras.trigger.json", "pagerduty-events-v2/captured.pdpyras.resolve.json"),
    ("pagerduty", "pagerduty-events-v2/captured.zabbix.trigger.json", "pagerduty-events-v2/captured.zabbix.resolve.json"),
    ("pagerduty", "pagerduty-events-v2/captured.pdjs.trigger.json", "pagerduty-events-v2/captured.pdjs.resolve.json"),
    ("pagerduty", "nagios/pd-agent.service.trigger.json", "nagios/pd-agent.service.resolve.json"),
    ("pagerduty", "zabbix/pd-agent.problem.json", "zabbix/pd-agent.ok.json"),
    ("generic", "grafana/legacy.docs.alerting.json", "grafana/legacy.docs.ok.json"),
    ("generic", "healthchecks/pagertree.trigger.json", "healthchecks/pagertree.resolve.json"),
    ("generic", "uptime-kuma/captured.webhook-json.down.json", "uptime-kuma/captured.webhook-json.up.json"),
    ("generic", "uptime-kuma/pagertree-provider.create.json", "uptime-kuma/pagertree-provider.resolve.json"),
    ("generic", "netdata/captured.opsgenie-webhook.critical.json", "netdata/captured.opsgenie-webhook.clear.json"),
    ("generic", "pingdom/alerta.http.down.json", "pingdom/alerta.http.up.json"),
    ("generic", "zabbix/captured.signl4-media.problem.txt", "zabbix/captured.signl4-media.resolved.txt"),
]


@pytest.mark.parametrize(("type", "firing", "resolved"), CASES, ids=[f"{type}:{firing}" for type, firing, _ in CASES])
def test_what_fires_and_what_resolves_it_meet_in_one_alert(type: str, firing: str, resolved: str) -> None:
    fires, resolves = events(type, body(firing)), events(type, body(resolved))
    assert {e.action.value for e in fires} == {"trigger"}
    assert {e.action.value for e in resolves} == {"resolve"}
    assert {e.dedup_key for e in fires} == {e.dedup_key for e in resolves}


UNREADABLE = [
    ("alertmanager", "prometheus-api-v2/captured.prometheus.firing.json", "it has no list of alerts"),
    ("alertmanager", "grafana/legacy.docs.alerting.json", "it has no list of alerts"),
    ("pagerduty", "zabbix/pagertree-media.problem.json", "it has neither an event_action nor a payload"),
    ("generic", "apprise/captured.xml.failure.xml", "it is neither JSON, nor a form, nor a sentence"),
]


@pytest.mark.parametrize(("type", "name", "why"), UNREADABLE)
def test_a_body_of_another_dialect_pages_as_unreadable(type: str, name: str, why: str) -> None:
    (event,) = events(type, body(name))
    assert (event.unreadable, event.action.value, event.summary, event.reason) == (True, "trigger", "unreadable event from prod", why)


def test_what_alertmanager_says_is_all_kept() -> None:
    first, second = events("alertmanager", body("alertmanager/captured.bearer-auth.firing.json"))
    assert (first.source, first.component, first.class_) == ("web-01:9100", "node", "HighRequestLatency")
    assert first.labels["cluster"] == "eu-1"
    assert first.links == (
        ("http://prom.example.org:9090/graph?g0.expr=up", "source"),
        ("https://runbooks.example.org/latency", "runbook"),
        ("http://vm:19093", "Alertmanager"),
    )
    assert str(first.occurred_at) == "2026-11-23 03:00:42.911686+00:00"
    assert first.expires_at is None, "the year 1 means: not known"
    assert first.body is second.body, "events of one request share its body"


def test_grafana_adds_its_own_links_and_values() -> None:
    event = events("alertmanager", body("grafana/firehydrant.docs-example.open.json"))[0]
    assert [text for _, text in event.links] == ["source", "silence", "runbook", "Alertmanager"]
    assert event.details["values"] == {"B": 44.23943737541908, "C": 1}


def test_what_a_pagerduty_event_says_is_all_kept() -> None:
    raw = b"""{"routing_key": "R", "event_action": "trigger", "dedup_key": "k", "client": "Checker", "client_url": "https://c.example",
      "links": [{"href": "https://run.example/book", "text": "runbook"}, {"href": "javascript:alert(1)"}, {"text": "no address"}, 7],
      "images": [{"src": "https://img.example/1.png", "alt": "graph"}],
      "payload": {"summary": "Disk full", "source": "db-1", "severity": "error", "component": "mysql", "group": "prod", "class": "disk",
        "timestamp": "2015-07-17T08:42:58.315+0000", "custom_details": {"free space": "1%", "load avg": 0.75}}}"""
    (event,) = events("pagerduty", raw)
    assert (event.source, event.component, event.group, event.class_) == ("db-1", "mysql", "prod", "disk")
    assert event.labels == {"free space": "1%", "load avg": "0.75"}
    assert event.details == {"custom_details": {"free space": "1%", "load avg": 0.75}}
    assert event.links == (
        ("https://run.example/book", "runbook"),
        ("https://img.example/1.png", "graph"),
        ("https://c.example", "Checker"),
    )
    assert str(event.occurred_at) == "2015-07-17 08:42:58.315000+00:00"
