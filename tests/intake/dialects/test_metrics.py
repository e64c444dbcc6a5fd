"""What the monitors of metrics and logs say beyond the bodies that we have: their other words, versions and shapes."""

import json
from datetime import UTC, datetime

import pytest
from tests.intake.dialects import clouds, metrics, servers
from tests.intake.dialects.table import Body, received_of
from tests.intake.payloads import bare, events

from oncall.intake.commands.dialects import DIALECTS, dialect_of
from oncall.intake.rules import decode
from oncall.intake.values import LocalKey, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE, AFTER, NEVER = "2026-03-01T11:59:59Z", "2026-03-01T12:04:00Z", "0001-01-01T00:00:00Z"

Said = dict[str, object]


def received() -> Received:
    return Received("application/json", b"", at=NOON)


def read(type: str, value: object) -> list[Reading]:
    return DIALECTS[IntegrationType(type)].read(value, received())


def knowing(value: object) -> set[str]:
    return {dialect.type.value for dialect in DIALECTS.values() if dialect.knows(value, received())}


def group(*alerts: object, **more: object) -> Said:
    return {"alerts": list(alerts), **more}


def labels(**more: str) -> Said:
    return {"labels": {"alertname": "A"} | more}


def kapacitor(**more: object) -> Said:
    return {"id": "cpu", "message": "cpu is high", "previousLevel": "OK"} | more


def check(**more: object) -> Said:
    return {"_check_id": "0a1b", "_check_name": "cpu", "_level": "crit", "host": "a", "usage": 97.2} | more


def rule(group: str, **more: object) -> Said:
    return {"rule": {"id": "r", "name": "Disk"}, "alert": {"id": "db-1", "actionGroup": group}} | more


def seven(**more: str) -> Said:
    return {"alertId": "r", "alertName": "Disk", "alertInstanceId": "db-1"} | more


def watch(**metadata: str) -> Said:
    return {"watch_id": "w", "execution_time": BEFORE, "metadata": metadata}


def definition(**event: object) -> Said:
    return {"event_definition_id": "d", "event_definition_title": "Logins", "event": event}


def flux(severity: str, reason: str) -> Said:
    involved = {"kind": "HelmRelease", "namespace": "shop", "name": "api"}
    return {"involvedObject": involved, "reportingController": "c", "severity": severity, "reason": reason, "message": "said"}


def sensu(status: object, **more: object) -> Said:
    return {"entity": {"metadata": {"name": "web"}}, "check": {"metadata": {"name": "disk"}, "status": status} | more}


def core(status: int, action: str) -> Said:
    return {"client": {"name": "web"}, "check": {"name": "disk", "status": status}, "occurrences": 1, "action": action}


def detector(**more: object) -> Said:
    return {"incidentId": "I", "detectorUrl": "https://a.example", "messageTitle": "Latency (api)"} | more


def moira(state: str, metric: str = "m") -> Said:
    return {"trigger": {"id": "t", "name": "T"}, "contact": {}, "events": [{"metric": metric, "state": state}]}


def riemann(state: str) -> Said:
    return {"host": "a", "service": "s", "state": state, "metric": 1}


def wazuh(level: object) -> Said:
    return {"rule": {"id": "5712", "level": level, "description": "d"}, "agent": {"id": "001"}, "manager": {"name": "m"}}


def issue(type: str, status: str) -> Said:
    return {"type": type, "data": {"issue": {"issueIdentifier": 2**60 + 1, "status": status, "summary": "s"}}}


def axiom(action: str, **more: object) -> Said:
    return {"action": action, "event": {"monitorID": "M", "title": "Triggered: t"} | more}


def priority(word: str) -> Said:
    return {"rule": "R", "priority": word, "output": "o", "output_fields": {}, "hostname": "h"}


WORDS: list[tuple[str, object, str, str, str | None, str]] = [
    # Alertmanager and what imitates it
    ("alertmanager", group(labels() | {"fingerprint": "f"}), "trigger", "unknown", "f", "A"),
    ("alertmanager", group({"fingerprint": "f", "status": "Resolved"}), "resolve", "unknown", "f", "alert without a name"),
    ("alertmanager", group({"fingerprint": "f", "status": "firing"}, status="resolved"), "resolve", "unknown", "f", "alert without a name"),
    ("alertmanager", group({"fingerprint": "f", "endsAt": BEFORE}), "trigger", "unknown", "f", "alert without a name"),  # no state said
    ("alertmanager", group({"fingerprint": "f", "status": {"state": "active"}}), "trigger", "unknown", "f", "alert without a name"),
    ("alertmanager", group({"fingerprint": "f"}, groupKey=5314129203910, version="3"), "trigger", "unknown", "f", "alert without a name"),
    ("alertmanager", group({"fingerprint": "f"}, commonLabels={"severity": "page"}), "trigger", "critical", "f", "alert without a name"),
    ("alertmanager", group({"fingerprint": "f", **labels(severity="none")}), "trigger", "info", "f", "A"),
    ("alertmanager", group({"fingerprint": "f", **labels(severity="P2")}), "trigger", "error", "f", "A"),
    ("alertmanager", group({"fingerprint": "f", **labels(severity="odd", priority="P1")}), "trigger", "critical", "f", "A"),
    ("alertmanager", group({"fingerprint": "f", "annotations": {"title": "[FIRING:1] T"}}), "trigger", "unknown", "f", "T"),
    ("alertmanager", group({"fingerprint": "f"}, commonAnnotations={"message": "M"}), "trigger", "unknown", "f", "M"),
    ("alertmanager", group({"labels": [], "annotations": 7}), "trigger", "unknown", None, "alert without a name"),
    ("alertmanager", group(), "ignore", "unknown", None, "no alerts"),
    # Prometheus
    ("prometheus", [], "ignore", "unknown", None, "no alerts"),
    # Grafana
    ("grafana", group({"fingerprint": "f", **labels(rulename="Disk")}, orgId=1), "trigger", "unknown", "f", "A Disk"),
    ("grafana", group({"fingerprint": "f", "status": "resolved"} | labels(), state="ok", title="t"), "resolve", "unknown", "f", "A"),
    ("grafana", {"ruleId": 1, "state": "no_data", "title": "[No Data] T"}, "trigger", "unknown", "grafana_rule_id=1", "T"),
    ("grafana", {"ruleId": "1", "state": "alerting", "ruleName": "R"}, "trigger", "unknown", "grafana_rule_id=1", "R"),
    ("grafana", {"ruleId": 2**60 + 1, "state": "ok", "ruleName": "R"}, "resolve", "unknown", f"grafana_rule_id={2**60 + 1}", "R"),
    ("grafana", {"ruleId": 1, "state": "resolved", "ruleName": "R"}, "resolve", "unknown", "grafana_rule_id=1", "R"),
    ("grafana", {"ruleId": 1, "state": "paused", "ruleName": "R"}, "ignore", "unknown", "grafana_rule_id=1", "R"),
    ("grafana", {"ruleId": 1, "state": "pending", "ruleName": "R"}, "ignore", "unknown", "grafana_rule_id=1", "R"),
    ("grafana", {"ruleId": 1, "ruleName": "R", "tags": {"severity": "critical"}}, "trigger", "critical", "grafana_rule_id=1", "R"),
    ("grafana", {"ruleId": None, "ruleUrl": "http://a.example/"}, "trigger", "unknown", None, "alert rule without a name"),
    ("grafana", {"ruleId": 1, "ruleUrl": "http://u:p@a.example:3000/d"}, "trigger", "unknown", "grafana_rule_id=1 grafana=a.example:3000",
     "alert rule without a name"),
    ("grafana", {"ruleId": 1, "ruleUrl": "http://[bad"}, "trigger", "unknown", "grafana_rule_id=1", "alert rule without a name"),
    # Kapacitor
    ("kapacitor", kapacitor(level="CRITICAL"), "trigger", "critical", "kapacitor_alert_id=cpu", "cpu is high"),
    ("kapacitor", kapacitor(level="WARNING", message="cpu is WARNING"), "trigger", "warning", "kapacitor_alert_id=cpu", "cpu"),
    ("kapacitor", kapacitor(level="INFO"), "trigger", "info", "kapacitor_alert_id=cpu", "cpu is high"),
    ("kapacitor", kapacitor(level="OK", message="cpu is OK"), "resolve", "unknown", "kapacitor_alert_id=cpu", "cpu"),
    ("kapacitor", kapacitor(level="recovered"), "resolve", "unknown", "kapacitor_alert_id=cpu", "cpu is high"),
    ("kapacitor", kapacitor(level="odd"), "trigger", "unknown", "kapacitor_alert_id=cpu", "cpu is high"),
    # InfluxDB 2: the tags, which are text, tell the series of a check apart; its fields are numbers
    ("kapacitor", check(_message="Check: cpu is: crit"), "trigger", "critical", "influxdb_check_id=0a1b host=a", "cpu"),
    ("kapacitor", check(_level="warn", usage=3), "trigger", "warning", "influxdb_check_id=0a1b host=a", "cpu"),
    ("kapacitor", check(_level="info", region="eu"), "trigger", "info", "influxdb_check_id=0a1b host=a region=eu", "cpu"),
    ("kapacitor", check(_level="unknown"), "trigger", "unknown", "influxdb_check_id=0a1b host=a", "cpu"),
    ("kapacitor", check(_level="ok", dead=True), "resolve", "unknown", "influxdb_check_id=0a1b host=a", "cpu"),
    # Kibana: the group of the alert says the state, and how bad it is where no severity is said
    ("elastic", rule("metrics.threshold.fired", severity="critical"), "trigger", "critical", "elastic_rule_id=r alert_id=db-1", "Disk"),
    ("elastic", rule("metrics.threshold.warning"), "trigger", "warning", "elastic_rule_id=r alert_id=db-1", "Disk"),
    ("elastic", rule("slo.burnRate.high"), "trigger", "error", "elastic_rule_id=r alert_id=db-1", "Disk"),
    ("elastic", rule("query matched", context={"reason": "17 hits"}), "trigger", "unknown",
     "elastic_rule_id=r alert_id=db-1", "Disk: 17 hits"),
    ("elastic", rule("recovered", severity="critical"), "resolve", "critical", "elastic_rule_id=r alert_id=db-1", "Disk"),
    ("elastic", rule("untracked"), "ignore", "unknown", "elastic_rule_id=r alert_id=db-1", "Disk"),
    ("elastic", {"actionGroup": "recovered", "ruleId": "r", "id": "9", "name": "x"}, "resolve", "unknown", "elastic_rule_id=r",
     "Kibana rule without a name"),
    ("elastic", {"kibana.alert.rule.name": "Disk", "kibana.alert.uuid": "u", "kibana.alert.severity": "high"}, "trigger", "error",
     "elastic_alert_uuid=u", "Disk"),
    ("elastic", [{"kibana.alert.rule.name": "Disk", "kibana.alert.uuid": "u", "kibana.alert.status": "recovered"}], "resolve", "unknown",
     "elastic_alert_uuid=u", "Disk"),
    # Kibana 7 calls a rule an alert, and an alert its instance
    ("elastic", seven(alertActionGroup="recovered"), "resolve", "unknown", "elastic_rule_id=r alert_id=db-1", "Disk"),
    ("elastic", seven(alertActionGroupName="Recovered"), "resolve", "unknown", "elastic_rule_id=r alert_id=db-1", "Disk"),
    ("elastic", seven(alertActionGroup="metrics.threshold.warning"), "trigger", "warning", "elastic_rule_id=r alert_id=db-1", "Disk"),
    ("elastic", {"alertId": "a", "alertActionGroupName": "Recovered"} | {"kibanaBaseUrl": "u"}, "resolve", "unknown", "elastic_alert_id=a",
     "Kibana rule without a name"),
    ("elastic", rule("recovered") | {"dedup_key": "k"}, "resolve", "unknown", "k", "Disk"),
    # a summary of alerts: the list says the state
    ("elastic", {"alerts": {"new": {"data": [{"kibana.alert.uuid": "u"}]}, "recovered": {"data": []}}}, "trigger", "unknown",
     "elastic_alert_uuid=u", "Kibana rule without a name"),
    ("elastic", {"alerts": {"new": {"data": []}, "recovered": {"data": [{"kibana.alert.uuid": "u"}]}}}, "resolve", "unknown",
     "elastic_alert_uuid=u", "Kibana rule without a name"),
    ("elastic", {"alerts": {"new": {"count": 0}, "recovered": {}}}, "ignore", "unknown", None, "no alerts"),
    # Watcher
    ("elastic", watch(), "trigger", "unknown", "elastic_watch_id=w", "w"),
    ("elastic", watch(name="Disk", severity="major"), "trigger", "error", "elastic_watch_id=w", "Disk"),
    ("elastic", watch(status="resolved"), "resolve", "unknown", "elastic_watch_id=w", "w"),
    ("elastic", {"ctx": watch(name="Disk")}, "trigger", "unknown", "elastic_watch_id=w", "Disk"),
    # in the user's own words
    ("elastic", {"summary": "s", "dedup_key": "k", "status": "ok"}, "resolve", "unknown", "k", "s"),
    ("elastic", "Disk is full", "trigger", "unknown", None, "Disk is full"),
    # ElastAlert
    ("elastalert", {"elastalert_rule": "R", "host": {"name": "a"}, "severity": "warning"}, "trigger", "warning",
     "elastalert_rule=R host=a", "R"),
    ("elastalert", {"elastalert_rule": "R", "query_key": "alice"}, "trigger", "unknown", "elastalert_rule=R query_key=alice", "R"),
    # what the matched document says of a state or a key of its own is no state and no key of the alert
    ("elastalert", {"elastalert_rule": "R", "dedup_key": "k", "status": "resolved"}, "trigger", "unknown", "k", "R"),
    ("elastalert", {"elastalert_rule": "R", "event_type": "resolve", "alias": "a", "Id": "7", "incident_key": "i"}, "trigger", "unknown",
     "elastalert_rule=R", "R"),
    ("elastalert", {"num_hits": 1, "num_matches": 1, "Title": "t", "Id": "7", "event_type": "resolve", "message": "m"}, "trigger",
     "unknown", None, "m"),
    ("elastalert", {"Title": "t", "Id": "7", "event_type": "resolve", "Urgency": "high"}, "resolve", "error", "7", "t"),
    ("elastalert", {"Title": "t", "Id": "7", "event_type": "create"}, "trigger", "unknown", "7", "t"),
    ("elastalert", {"num_hits": 3, "num_matches": 1, "message": "m", "host": "a"}, "trigger", "unknown", None, "m"),
    ("elastalert", {"summary": "s", "severity": "error"}, "trigger", "error", None, "s"),
    # Splunk: what the search yields
    ("splunk", {"search_name": "S", "result": {"severity": "high"}}, "trigger", "error", "splunk_search=S", "S"),
    ("splunk", {"search_name": "S", "result": {"urgency": "low"}}, "trigger", "info", "splunk_search=S", "S"),
    ("splunk", {"search_name": "S", "result": []}, "trigger", "unknown", "splunk_search=S", "S"),
    ("splunk", {"sid": "1772334720.5", "result": {"host": "a"}}, "trigger", "unknown", None, "Splunk alert without a name"),
    # Graylog
    ("graylog", definition(priority=1), "trigger", "info", "graylog_event_definition_id=d", "Logins"),
    ("graylog", definition(priority="2"), "trigger", "warning", "graylog_event_definition_id=d", "Logins"),
    ("graylog", definition(priority=4, key="alice"), "trigger", "critical", "graylog_event_definition_id=d key=alice", "Logins"),
    ("graylog", definition(key="", key_tuple=[], group_by_fields={"source": "a"}), "trigger", "unknown",
     'graylog_event_definition_id=d key={"source":"a"}', "Logins"),
    ("graylog", {"check_result": {"triggered": False, "triggered_condition": {"id": "c"}}, "stream": {"title": "S"}}, "resolve", "unknown",
     "c", "S"),
    ("graylog", {"summary": "s", "dedup_key": "k"}, "trigger", "unknown", "k", "s"),
    # Falco
    *(("falco", priority(word), "trigger", "critical", "falco_rule=R hostname=h", "R") for word in ("Emergency", "Alert", "Critical")),
    ("falco", priority("Error"), "trigger", "error", "falco_rule=R hostname=h", "R"),
    ("falco", priority("Warning"), "trigger", "warning", "falco_rule=R hostname=h", "R"),
    *(("falco", priority(word), "trigger", "info", "falco_rule=R hostname=h", "R")
      for word in ("Notice", "Informational", "Info", "Debug")),
    ("falco", {"priority": "Error", "output": "o", "hostname": "h"}, "trigger", "error", None, "Falco event without a rule"),
    # Flux: an error, success, and the way there
    *(
        ("flux", flux(severity, reason), action, found, "flux_kind=HelmRelease namespace=shop name=api", "HelmRelease/shop/api: said")
        for severity, reason, action, found in (
            ("error", "UpgradeFailed", "trigger", "error"),
            ("error", "DependencyNotReady", "trigger", "error"),
            ("info", "ReconciliationSucceeded", "resolve", "info"),
            ("info", "UpgradeSucceeded", "resolve", "info"),
            ("info", "NewArtifact", "resolve", "info"),
            ("info", "Progressing", "ignore", "info"),
            ("info", "DependencyNotReady", "ignore", "info"),
            ("info", "RollbackSucceeded", "ignore", "info"),
            ("trace", "ReconciliationSucceeded", "ignore", "unknown"),
            ("", "ReconciliationSucceeded", "trigger", "unknown"),
        )
    ),
    # Sensu: by the convention of Nagios
    ("sensu", sensu(0), "resolve", "unknown", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", sensu(1), "trigger", "warning", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", sensu("2"), "trigger", "critical", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", sensu(3), "trigger", "unknown", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", sensu(127), "trigger", "unknown", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", sensu(None), "trigger", "unknown", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", sensu(2, state="flapping"), "trigger", "critical", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", sensu(2, is_silenced=True), "ignore", "critical", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", sensu(0, is_silenced=True), "resolve", "unknown", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", {"spec": sensu(1), "api_version": "core/v2"}, "trigger", "warning", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", {"entity": {}, "metrics": {"points": []}}, "ignore", "unknown", None, "metrics without a check"),
    ("sensu", core(2, "create"), "trigger", "critical", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", core(0, "resolve"), "resolve", "unknown", "sensu_entity=web check=disk", "disk on web"),
    ("sensu", core(1, "flapping"), "ignore", "warning", "sensu_entity=web check=disk", "disk on web"),
    # SignalFx
    ("signalfx", detector(statusExtended="anomalous", severity="Critical"), "trigger", "critical",
     "signalfx_incident_id=I", "Latency (api)"),
    ("signalfx", detector(statusExtended="ok", status="ok", severity="Major"), "resolve", "error",
     "signalfx_incident_id=I", "Latency (api)"),
    ("signalfx", detector(statusExtended="manually resolved", severity="Minor"), "resolve", "warning",
     "signalfx_incident_id=I", "Latency (api)"),
    ("signalfx", detector(statusExtended="STOPPED", severity="Warning"), "resolve", "warning", "signalfx_incident_id=I", "Latency (api)"),
    ("signalfx", detector(status="ok", severity="Info"), "resolve", "info", "signalfx_incident_id=I", "Latency (api)"),
    ("signalfx", detector(messageTitle="Critical Alert: Latency (api)"), "trigger", "unknown", "signalfx_incident_id=I", "Latency (api)"),
    ("signalfx", detector(messageTitle="Back to normal: Latency (api)"), "trigger", "unknown", "signalfx_incident_id=I", "Latency (api)"),
    ("signalfx", detector(messageTitle="", rule="p99"), "trigger", "unknown", "signalfx_incident_id=I", "p99"),
    # Moira: NODATA as it tells PagerDuty
    ("moira", moira("OK"), "resolve", "unknown", "moira_trigger_id=t metric=m", "T: m"),
    ("moira", moira("WARN"), "trigger", "warning", "moira_trigger_id=t metric=m", "T: m"),
    ("moira", moira("ERROR"), "trigger", "error", "moira_trigger_id=t metric=m", "T: m"),
    ("moira", moira("NODATA"), "trigger", "warning", "moira_trigger_id=t metric=m", "T: m"),
    ("moira", moira("EXCEPTION", metric=""), "trigger", "error", "moira_trigger_id=t", "T"),
    ("moira", moira("TEST"), "trigger", "unknown", "moira_trigger_id=t metric=m", "T: m"),
    # Riemann: any word is a state
    ("riemann", riemann("ok"), "resolve", "unknown", "riemann_host=a service=s", "s on a"),
    ("riemann", riemann("warning"), "trigger", "warning", "riemann_host=a service=s", "s on a"),
    ("riemann", riemann("critical") | {"description": "d"}, "trigger", "critical", "riemann_host=a service=s", "s on a: d"),
    ("riemann", riemann("resolved"), "resolve", "unknown", "riemann_host=a service=s", "s on a"),
    ("riemann", riemann("acknowledged"), "acknowledge", "unknown", "riemann_host=a service=s", "s on a"),
    ("riemann", riemann("expired"), "trigger", "unknown", "riemann_host=a service=s", "s on a"),
    ("riemann", [riemann("odd")], "trigger", "unknown", "riemann_host=a service=s", "s on a"),
    ("riemann", {"service": "s", "state": "error"}, "trigger", "error", "riemann_service=s", "s"),
    # Wazuh: low, medium, high, critical as its dashboard has them
    *(
        ("wazuh", wazuh(level), "trigger", severity, "wazuh_rule_id=5712 agent_id=001 manager=m", "d")
        for level, severity in (
            (0, "info"), (6, "info"), (7, "warning"), ("11", "warning"), (12, "error"), (14, "error"), (15, "critical"), (16, "critical"),
            (17, "unknown"), (None, "unknown"),
        )
    ),
    ("wazuh", {"all_fields": wazuh(12), "severity": 3}, "trigger", "error", "wazuh_rule_id=5712 agent_id=001 manager=m", "d"),
    ("wazuh", {"rule": {"level": 3}}, "trigger", "info", None, "Wazuh alert without a rule"),
    ("wazuh", {"message": "m", "severity": "high", "description": "no lines"}, "trigger", "error", None, "m"),
    # Dash0
    ("dash0", issue("alert.ongoing", "critical"), "trigger", "critical", f"{2**60 + 1}", "s"),
    ("dash0", issue("alert.ongoing", "degraded"), "trigger", "warning", f"{2**60 + 1}", "s"),
    ("dash0", issue("alert.resolved", "resolved"), "resolve", "unknown", f"{2**60 + 1}", "s"),
    ("dash0", issue("alert.closed", "critical"), "resolve", "critical", f"{2**60 + 1}", "s"),
    ("dash0", issue("alert.superseded", "critical"), "ignore", "critical", f"{2**60 + 1}", "s"),
    ("dash0", issue("alert.odd", "critical"), "trigger", "critical", f"{2**60 + 1}", "s"),
    # Axiom
    ("axiom", axiom("Open"), "trigger", "unknown", "axiom_monitor_id=M", "t"),
    ("axiom", axiom("Closed", title="Resolved: t"), "resolve", "unknown", "axiom_monitor_id=M", "t"),
    ("axiom", axiom("Open", groupValues=["eu", 1]), "trigger", "unknown", 'axiom_monitor_id=M group=["eu",1]', "t"),
    ("axiom", axiom("Open", groupKeys=[], groupValues=[]), "trigger", "unknown", "axiom_monitor_id=M", "t"),
    ("axiom", {"action": "Closed", "monitorId": "M", "title": "t"}, "resolve", "unknown", "axiom_monitor_id=M", "t"),
]  # fmt: skip


@pytest.mark.parametrize(("type", "value", "action", "severity", "key", "title"), WORDS)
def test_what_their_words_mean(type: str, value: object, action: str, severity: str, key: str | None, title: str) -> None:
    (reading,) = read(type, value)
    assert (reading.action, reading.severity, reading.dedup_key, reading.summary) == (action, severity, key, title)
    assert (reading.action == "ignore") == bool(reading.reason)


@pytest.mark.parametrize(
    ("ends_at", "action", "expires"),
    [
        (BEFORE, "resolve", False),
        ("2026-03-01T12:00:00Z", "resolve", False),  # it ends now
        (AFTER, "trigger", True),
        (NEVER, "trigger", False),
        (None, "trigger", False),
        ("", "trigger", False),
        ("soon", "trigger", False),
        (1772366640, "trigger", True),
    ],
)
def test_prometheus_says_by_the_end_whether_an_alert_fires(ends_at: object, action: str, expires: bool) -> None:
    (reading,) = read("prometheus", [labels() | {"endsAt": ends_at}])
    assert (reading.action, reading.expires_at is not None) == (action, expires)


def test_prometheus_and_alertmanager_mean_the_same_alert() -> None:
    said = {"labels": {"b": "2", "alertname": "A"}}
    (directly,), (without_fingerprint,) = read("prometheus", [said]), read("alertmanager", group({"labels": {"alertname": "A", "b": "2"}}))
    assert directly.dedup_key == without_fingerprint.dedup_key is not None


def test_an_alert_that_fires_past_its_end_is_not_stale() -> None:
    (past,) = read("alertmanager", group({"status": "firing", "endsAt": BEFORE}))
    (coming,) = read("alertmanager", group({"status": "firing", "endsAt": AFTER}))
    assert past.expires_at is None
    assert coming.expires_at is not None


def test_alerts_of_one_group_have_states_of_their_own() -> None:
    found = read("alertmanager", group({"fingerprint": "1", "status": "firing"}, {"fingerprint": "2", "status": "resolved"}, 7))
    assert [(reading.action, reading.dedup_key) for reading in found[:2]] == [("trigger", "1"), ("resolve", "2")]
    assert found[2].unreadable


def test_signoz_links_the_rule_the_logs_and_the_traces() -> None:
    alert = {
        "labels": {"ruleSource": "https://s.example/rule", "ruleId": "1"},
        "annotations": {"related_logs": "https://s.example/logs", "related_traces": "https://s.example/traces"},
        "generatorURL": "https://s.example/rule",
    }
    (reading,) = read("signoz", group(alert, externalURL="https://s.example"))
    assert [text for _, text in reading.links] == ["alert rule", "logs", "traces", "SigNoz"]


def test_riemann_says_how_long_an_event_holds() -> None:
    (fires,), (resolves,) = (read("riemann", riemann(state) | {"time": 1772366400, "ttl": 300}) for state in ("critical", "ok"))
    assert str(fires.expires_at) == "2026-03-01 12:05:00+00:00"
    assert resolves.expires_at is None
    (absurd,) = read("riemann", riemann("critical") | {"time": 1772366400, "ttl": 10**30})
    assert absurd.expires_at is None


def test_go_writes_times_that_are_no_iso() -> None:
    (reading,) = read("axiom", axiom("Open", timestamp="2025-02-15 14:59:03.266529825 +0000 UTC"))
    assert str(reading.occurred_at) == "2025-02-15 14:59:03.266529+00:00"


def test_ids_of_deliveries_stay_when_they_are_sent_again() -> None:
    (falco,), (wazuh_,) = read("falco", priority("Error") | {"uuid": "u"}), read("wazuh", wazuh(3) | {"id": "1.2"})
    assert (falco.delivery_id, wazuh_.delivery_id) == ("u", "manager=m id=1.2")


def test_secrets_are_left_out() -> None:
    (moira_,) = read("moira", moira("ERROR") | {"contact": {"value": "https://u:secret@a.example"}})
    (sensu_,) = read("sensu", sensu(2, command="check -p secret", env_vars=["P=secret"], secrets=["secret"]))
    assert "secret" not in f"{moira_}{sensu_}"


def test_sensu_is_not_told_to_keep_back_the_end_of_what_is_silenced() -> None:
    assert "filters: [is_incident]\n" in DIALECTS[IntegrationType.SENSU].guide


def test_what_somebody_typed_is_no_label() -> None:
    typed = {"proc.cmdline": "p", "proc.pcmdline": "p", "proc.args": "p", "proc.env": "p", "proc.exeline": "p", "evt.args": "p"}
    (falco,) = read("falco", priority("Error") | {"output_fields": typed | {"proc.name": "sh", "evt.type": "open"}})
    assert falco.labels == {"proc.name": "sh", "evt.type": "open"}


@pytest.mark.parametrize(
    ("body", "action", "key"),
    [
        ({"host": "a", "service": "s", "state": "resolved", "metric": 0}, "resolve", "riemann_host=a service=s"),
        ({"severity": "high", "status": "closed", "item": "i", "trigger": "Load", "dedup_key": "web-1/load"}, "resolve", "web-1/load"),
        ({"sysName": "s", "state": "up", "severity": "high", "message": "m", "dedup_key": "k"}, "resolve", "k"),
        ({"ruleId": 7, "ruleName": "R", "state": "resolved", "ruleUrl": "https://a.example"}, "resolve", "rule_id=7"),
        ({"id": "cpu", "message": "m", "level": "recovered", "data": {}, "duration": 5}, "resolve", "cpu"),
        ({"title": "Load", "alert_scope": "host:a", "status": "cleared", "dedup_key": "q"}, "resolve", "q"),
        ({"hostname": "a", "notificationtype": "email", "status": "resolved", "dedup_key": "k"}, "resolve", "k"),
        ({"hostname": "a", "notificationtype": "email", "status": "resolved", "check": "load"}, "resolve", None),
        ({"what": "Load", "notification_type": "email", "host": "a", "status": "ok", "dedup_key": "k"}, "resolve", "k"),
        ({"application_name": "A", "deployment_url": "https://a.example", "status": "failed", "dedup_key": "k"}, "trigger", "k"),
        ({"type": "console-audit", "summary": "s", "severity": "high", "dedup_key": "k"}, "trigger", "k"),
        ({"schemaId": "1", "data": {"a": 1}, "status": "resolved", "alias": "k"}, "resolve", "k"),
        ({"rule": "R", "priority": "P1", "output_fields": {}, "status": "resolved", "alias": "k"}, "resolve", "k"),
    ],
)
def test_what_anybody_says_in_common_words_is_read_by_them(body: Said, action: str, key: str | None) -> None:
    (event,) = events("generic", json.dumps(body).encode())
    assert event.action == action
    assert key in {None, bare(event)}


TABLES = [row for table in (metrics, clouds, servers) for row in table.BODIES]


@pytest.mark.parametrize("row", TABLES, ids=lambda row: row.id)
def test_a_body_with_a_key_of_its_own_is_nobodys_but_of_dialects_that_have_such_keys(row: Body) -> None:
    value, received = decode(received_of(row)), received_of(row)
    if isinstance(value, dict):
        found = dialect_of({**value, "dedup_key": "k"}, received, but=DIALECTS[IntegrationType.GENERIC])
        assert found is None or found.has_keys


PREFIXES = {
    "slack": ("netdata_",),
    "aws_sns": ("aws_",),
    "azure_monitor": ("azure_",),
    "gcp_monitoring": ("gcp_",),
    "kapacitor": ("kapacitor_", "influxdb_"),
}


@pytest.mark.parametrize("row", [row for row in TABLES if not DIALECTS[IntegrationType(row.type)].has_keys], ids=lambda row: row.id)
def test_a_made_key_begins_with_the_name_of_its_monitor(row: Body) -> None:
    received = received_of(row)
    for reading in DIALECTS[IntegrationType(row.type)].read(decode(received), received):
        if isinstance(reading.dedup_key, LocalKey) and row.type != "generic" and "AWSAccountId=" not in reading.dedup_key:
            assert reading.dedup_key.startswith(PREFIXES.get(row.type, (f"{row.type}_",)))


@pytest.mark.parametrize(
    ("what", "alert", "at"),
    [
        ("it fires: when it began", {"startsAt": BEFORE, "endsAt": AFTER}, BEFORE),
        ("it fires, without an end", {"startsAt": BEFORE, "endsAt": NEVER}, BEFORE),
        ("it is over: when it ended", {"status": "resolved", "startsAt": BEFORE, "endsAt": "2026-03-01T12:00:00Z"}, "2026-03-01T12:00:00Z"),
        ("it is over, and nobody says since when", {"status": "resolved", "startsAt": BEFORE, "endsAt": NEVER}, BEFORE),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
@pytest.mark.parametrize("type", ["alertmanager", "grafana", "signoz"])
def test_an_end_occurred_when_the_alert_ended(type: str, what: str, alert: Said, at: str) -> None:
    (reading,) = read(type, group(labels() | alert))
    assert reading.occurred_at == datetime.fromisoformat(at)


def test_an_end_that_prometheus_tells_of_occurred_when_the_alert_ended() -> None:
    (reading,) = read("prometheus", [labels() | {"startsAt": "2026-03-01T11:00:00Z", "endsAt": BEFORE}])
    assert (reading.action.value, reading.occurred_at) == ("resolve", datetime.fromisoformat(BEFORE))


KNOWN: list[tuple[str | None, object]] = [
    # look-alikes of Alertmanager, with and without what the original has
    ("alertmanager", group(labels() | {"startsAt": BEFORE})),
    ("alertmanager", group(commonLabels={})),
    ("alertmanager", group({}, groupLabels={})),
    ("alertmanager", group(labels(), status="firing")),
    ("grafana", group(labels(), commonLabels={}, orgId=1)),
    ("grafana", group(labels(), commonLabels={}, title="t", state="ok")),
    ("grafana", {"ruleId": 1, "ruleName": "R", "state": "ok", "evalMatches": []}),
    (None, {"ruleId": 1, "ruleName": "R", "state": "resolved", "ruleUrl": "https://a.example"}),
    ("signoz", group(labels(ruleSource="https://s.example"))),
    ("signoz", group({"labels": {}}, commonLabels={"ruleSource": "https://s.example"})),
    ("prometheus", [labels()]),
    ("prometheus", [{"labels": {}, "startsAt": BEFORE}, 7]),
    (None, group()),
    (None, group(7)),
    (None, group({"title": "t"})),
    (None, {"alerts": {"labels": {}}}),
    (None, []),
    (None, [labels() | {"status": {"state": "active"}}]),
    ("kapacitor", kapacitor(level="OK")),
    ("kapacitor", check()),
    ("kapacitor", {"id": "cpu", "message": "m", "level": "OK", "duration": 5, "data": {"series": []}}),
    (None, {"id": 1, "level": "OK", "message": "m"}),
    (None, {"id": 1, "level": "recovered", "message": "m", "data": {}, "duration": 5}),
    ("elastic", rule("recovered")),
    ("elastic", seven(alertActionGroup="recovered")),
    (None, {"alertId": 1, "alertName": "Disk", "status": "ok"}),
    ("elastic", watch()),
    ("elastic", {"ctx": watch()}),
    ("elastic", {"alerts": {"new": {}, "ongoing": {}, "recovered": {}}}),
    ("elastic", [{"kibana.alert.rule.name": "R"}]),
    (None, {"rule": {"id": 1}, "alert": {"id": 2}}),
    (None, {"watch_id": "w"}),
    ("elastalert", {"elastalert_rule": "R"}),
    ("elastalert", {"num_hits": 1, "num_matches": 1}),
    (None, {"rule_name": "R", "message": "m"}),
    ("splunk", {"sid": "s", "app": "a", "owner": "o", "result": {}}),
    (None, {"sid": "s", "app": "a"}),
    ("graylog", definition()),
    ("graylog", {"check_result": {}, "stream": {}}),
    (None, {"event_definition_title": "t"}),
    ("falco", priority("Error")),
    (None, {"rule": "R", "priority": "P1"}),
    (None, {"rule": "R", "priority": "P1", "output_fields": {}}),
    (None, priority("Error") | {"status": "resolved"}),
    ("flux", flux("info", "Succeeded")),
    (None, {"involvedObject": {"kind": "Pod"}, "reportingComponent": "kubelet"}),
    ("sensu", sensu(0)),
    ("sensu", core(0, "resolve")),
    ("sensu", {"type": "Event", "api_version": "core/v2", "spec": sensu(0)}),
    (None, {"check": {"status": 0}}),
    ("signalfx", {"incidentId": "I", "statusExtended": "ok"}),
    (None, {"incidentId": "I", "status": "ok"}),
    ("moira", moira("OK")),
    ("riemann", riemann("ok")),
    ("riemann", {"host": "a", "service": "s", "state": "expired", "ttl": 5, "time": 1}),
    (None, riemann("ok") | {"dedup_key": "k"}),
    (None, {"host": "a", "service": "s", "state": "ok", "description": "d"}),
    ("wazuh", wazuh(3)),
    ("wazuh", {"all_fields": wazuh(3)}),
    ("wazuh", {"message": "m", "severity": "s", "created_at": "c", "description": "Rule ID 1\nLevel 2\nAgent ID 3\n"}),
    (None, {"message": "m", "severity": "s", "created_at": "c", "description": "d"}),
    ("dash0", issue("alert.closed", "critical")),
    (None, {"type": "alert.resolved", "data": {"issue": {"id": 1}}}),
    ("axiom", axiom("Open")),
    ("axiom", {"action": "Open", "monitorId": "M", "queryStartTime": 1, "queryEndTime": 2}),
    (None, {"action": "Open", "event": {}}),
]


@pytest.mark.parametrize(("type", "value"), KNOWN)
def test_who_knows_it(type: str | None, value: object) -> None:
    assert knowing(value) == ({type} if type else set())


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("alertmanager", []),
        ("alertmanager", {"alerts": {}}),
        ("prometheus", {"alerts": []}),
        ("prometheus", [1, "a", {}]),
        ("grafana", {"state": "ok"}),
        ("signoz", {"status": "firing"}),
        ("kapacitor", {"level": "OK"}),
        ("splunk", {"result": {}}),
        ("falco", {"rule": "R"}),
        ("flux", {"involvedObject": "x"}),
        ("sensu", {"check": "x"}),
        ("sensu", {"spec": []}),
        ("signalfx", {"status": "ok"}),
        ("moira", {"events": {}}),
        ("riemann", [{"service": "s"}, 7]),
        ("wazuh", {"rule": "R"}),
        ("dash0", {"type": "alert.ongoing", "data": {}}),
        ("axiom", {"action": "Open", "event": "x"}),
        *((type, value) for type in ("kapacitor", "falco", "sensu", "wazuh", "axiom", "dash0") for value in (None, 7, "text", [])),
    ],
)
def test_what_is_not_of_the_dialect_says_so(type: str, value: object) -> None:
    with pytest.raises(Unreadable):
        read(type, value)
