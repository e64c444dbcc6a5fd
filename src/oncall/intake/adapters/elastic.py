"""Elastic's webhooks: the connector of Kibana's rules, and the action of Watcher.

https://www.elastic.co/docs/explore-analyze/alerts-cases/alerts/rule-action-variables,
https://www.elastic.co/docs/explore-analyze/alerts-cases/watcher/actions-webhook: both send what their user writes, from known variables.
"""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters import generic
from oncall.intake.rules import Fields, named_key, objects_of, one_line, read_each, read_fields, said_at, title_of
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

RULE_NAME = ("rule.name", "ruleName", "rule_name", "alertName", "kibana.alert.rule.name")
RULE_ID = ("rule.id", "ruleId", "rule_id", "kibana.alert.rule.uuid")
ALERT_ID = ("alert.id", "alertId", "alert_id", "kibana.alert.instance.id", "fingerprint")
ALERT_UUID = ("alert.uuid", "alertUuid", "alert_uuid", "kibana.alert.uuid")
GROUP = ("alert.actionGroup", "actionGroup", "alertActionGroup")
INSTANCE = "alertInstanceId"
"""Kibana 7 called a rule an alert, and an alert its instance."""

REASON = ("context.reason", "context.message", "context.title", "reason", "message", "kibana.alert.reason", "description")

KIBANA = Fields(
    title=RULE_NAME,
    key=("dedup_key",),
    state=(*GROUP, "alert.actionGroupName", "alertActionGroupName", "kibana.alert.status", "action_group", "status", "state", "event"),
    states={"recovered": Action.RESOLVE, "resolved": Action.RESOLVE},
    ignored={"untracked": "the alert is no longer tracked: its rule was switched off"},
    severity=("severity", "context.severity", "kibana.alert.severity", *GROUP),
    # Groups of the rules that know more than one: thresholds, and the burn rate of an SLO.
    severities={
        "metrics.threshold.warning": Severity.WARNING,
        "metrics.inventory_threshold.warning": Severity.WARNING,
        "custom_threshold.warning": Severity.WARNING,
        "metrics.threshold.nodata": Severity.WARNING,
        "custom_threshold.nodata": Severity.WARNING,
        "slo.burnrate.alert": Severity.CRITICAL,
        "slo.burnrate.high": Severity.ERROR,
        "slo.burnrate.medium": Severity.WARNING,
        "slo.burnrate.low": Severity.INFO,
    },
    source=("context.host.name", "context.serviceName", "context.monitorName", "context.group", "host.name", "service.name"),
    component=("rule.type", "kibana.alert.rule.rule_type_id"),
    group=("rule.spaceId", "spaceId"),
    labels=("rule.tags", "ruleTags", "tags", "kibana.alert.rule.tags"),
    links={
        "context.alertDetailsUrl": "alert",
        "url": "alert",
        "kibana.alert.url": "alert",
        "context.viewInAppUrl": "view",
        "context.link": "view",
        "rule.url": "rule",
        "ruleUrl": "rule",
    },
    occurred_at=("context.timestamp", "context.date", "date", "@timestamp", "timestamp"),
    untitled="Kibana rule without a name",
)
WATCHER = Fields(
    title=("metadata.name", "metadata.title", "watch_id"),
    key=("dedup_key", "metadata.dedup_key"),
    identity={"elastic_watch_id": ("watch_id",)},
    state=("metadata.status", "metadata.state", "vars.status", "status", "state"),
    states={"resolved": Action.RESOLVE, "recovered": Action.RESOLVE, "ok": Action.RESOLVE},
    severity=("metadata.severity", "vars.severity", "severity"),
    source=("metadata.host", "metadata.cluster"),
    labels=("metadata.labels", "metadata.tags"),
    links={"metadata.runbook_url": "runbook", "metadata.url": "more"},
    occurred_at=("trigger.triggered_time", "execution_time"),
    untitled="watch without a name",
)
OF_KIBANA_7 = {"alertId", "alertName", "alertActionGroup", "alertActionGroupName"}
NEW, RECOVERED = ("new", "ongoing"), "recovered"


def read(value: object, received: Received) -> list[Reading]:
    """One event of a rule or a watch, or one for each alert in a summary; any other template is read by common words."""
    if isinstance(value, list) and any(_is_of_kibana(alert) for alert in value[:10]):
        return read_each(value, _read_alert)
    if not isinstance(value, dict):
        return generic.read(value, received)
    match value:
        case {"ctx": {"watch_id": _}}:
            return [read_fields({**value, **value["ctx"]}, WATCHER)]
        case {"watch_id": _}:
            return [read_fields(value, WATCHER)]
        case {"alerts": dict(alerts)} if _is_summary(alerts):
            return _read_summary(value, alerts)
    return [_read_alert(value)] if _is_of_kibana(value) else generic.read(value, received)


def _read_summary(value: Mapping[str, object], alerts: Mapping[str, object]) -> list[Reading]:
    """A *summary of alerts* has no state of its own: its lists have."""
    said = {name: member for name, member in value.items() if name != "alerts"}
    found = [
        {"status": "recovered" if name == RECOVERED else "active", **said, **alert}
        for name in (*NEW, RECOVERED)
        for alert in objects_of(said_at(alerts, (f"{name}.data",)))
    ]
    return read_each(found, _read_alert) or [Reading(Action.IGNORE, "no alerts", reason="the summary holds no alert")]


def _read_alert(value: Mapping[str, object]) -> Reading:
    """A rule's name stays, its reason says what is wrong now. `alert.id` names a group within the rule, and is `*` or the rule for none."""
    reading = read_fields(value, KIBANA)
    rule_id, alert_id = said_at(value, RULE_ID), said_at(value, ALERT_ID)
    if (instance := said_at(value, (INSTANCE,))) is not None:
        rule_id, alert_id = said_at(value, (*RULE_ID, "alertId")), instance
    if rule_id:
        identity = {"elastic_rule_id": rule_id, "alert_id": alert_id}
    else:
        identity = {"elastic_alert_id": alert_id} if alert_id else {"elastic_alert_uuid": said_at(value, ALERT_UUID)}
    name, reason = title_of(said_at(value, RULE_NAME)), title_of(said_at(value, REASON))
    return replace(
        reading,
        summary=title_of(": ".join(filter(None, (name, reason)))) or reading.summary,
        dedup_key=reading.dedup_key or named_key(identity),
        class_=one_line(name),
    )


def _is_of_kibana(value: object) -> bool:
    """By names that only its variables have: a rule and an alert with its group, or its own fields of an alert."""
    if not isinstance(value, dict):
        return False
    rule, alert = value.get("rule"), value.get("alert")
    if isinstance(rule, dict) and isinstance(alert, dict):
        return "actionGroup" in alert or "actionGroupName" in alert
    if INSTANCE in value and not OF_KIBANA_7.isdisjoint(value):
        return True
    return "kibanaBaseUrl" in value or "kibana.alert.rule.name" in value or value.keys() >= {"actionGroup", "ruleId"}


def _is_summary(alerts: Mapping[str, object]) -> bool:
    return isinstance(alerts.get("new"), dict) and isinstance(alerts.get("recovered"), dict)


def knows(value: object, _: Received) -> bool:
    """By a watch and its execution, or by what only Kibana has."""
    match value:
        case {"ctx": {"watch_id": _, "execution_time": _}} | {"watch_id": _, "execution_time": _}:
            return True
        case {"alerts": dict(alerts)}:
            return _is_summary(alerts)
        case [first, *_]:
            return _is_of_kibana(first)
        case _:
            return _is_of_kibana(value)


GUIDE = """
In Kibana: **Stack Management → Connectors → Create connector → Webhook**, method *POST*, URL `{url}`. In each rule add the connector twice,
*For each alert*, *On status changes*: once run when the rule fires and once when *Recovered*, both with this body:

```
{
  "rule": {"id": "{{rule.id}}", "name": "{{rule.name}}", "type": "{{rule.type}}", "url": "{{rule.url}}", "tags": "{{rule.tags}}"},
  "alert": {"id": "{{alert.id}}", "uuid": "{{alert.uuid}}", "actionGroup": "{{alert.actionGroup}}"},
  "context": {"reason": "{{context.reason}}", "alertDetailsUrl": "{{context.alertDetailsUrl}}"},
  "severity": "critical", "date": "{{date}}"
}
```

In Watcher (`metadata` may have a `name`, a `severity` and, in a watch that tells the end, a `status` of `resolved`):

```json
"actions": {"oncall": {"webhook": {"method": "POST", "url": "{url}", "body": "{{#toJson}}ctx{{/toJson}}"}}}
```

Rule and alert, or the watch, say which alert it is. The action group `recovered` resolves, `untracked` is only recorded, any other
triggers. Without a `severity` it is that of the action group, where there is one (warning thresholds, burn rates of SLOs). Bodies in your
own words are read by common ones.
"""

EXAMPLE = """{
  "rule": {"id": "11111111-2222-4333-8444-555555555555", "name": "Disk usage", "type": "metrics.alert.threshold", "tags": "ops",
    "url": "https://kibana.example.com/app/observability/alerts/rules/11111111-2222-4333-8444-555555555555"},
  "alert": {"id": "web-1", "uuid": "99999999-2222-4333-8444-555555555555", "actionGroup": "metrics.threshold.fired"},
  "context": {"reason": "system.filesystem.used.pct is 97 % for web-1", "alertDetailsUrl": "https://kibana.example.com/app/r/1"},
  "severity": "critical", "date": "2026-03-01T03:12:00.000Z"
}"""

DIALECT = Dialect(
    type=IntegrationType.ELASTIC,
    name="Elastic: Kibana, Watcher",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Kibana runs the action for *Recovered*; a watch never says that it is over unless it is written to.",
    guide=GUIDE,
    example=EXAMPLE,
    has_keys=True,
)
