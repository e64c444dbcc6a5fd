"""What clouds and application monitors say beyond the bodies of the table: other words, other kinds, older versions, hostile shapes."""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from oncall.incidents.values import Action, Severity
from oncall.intake.commands.dialects import DIALECTS
from oncall.intake.rules import decode
from oncall.intake.values import Reading, Received, Unreadable
from oncall.services.values import IntegrationType

T, A, R, C, I = Action.TRIGGER, Action.ACKNOWLEDGE, Action.RESOLVE, Action.CHANGE, Action.IGNORE  # noqa: E741
CRITICAL, ERROR, WARNING, INFO, UNKNOWN = Severity
NOTHING = Received("", b"")

Object = dict[str, object]
Said = tuple[Action, Severity, str | None, str | None]


def read(type: str, value: object, received: Received = NOTHING) -> list[Reading]:
    return DIALECTS[IntegrationType(type)].read(value, received)


def said(reading: Reading) -> Said:
    return reading.action, reading.severity, reading.dedup_key, reading.summary


def knowing(value: object, received: Received = NOTHING) -> set[str]:
    return {dialect.type.value for dialect in DIALECTS.values() if dialect.knows(value, received)}


# ── bodies of each vendor, around what a line of the tables says ───────────────────────────────────────────────────────────────────


def sns(message: object, subject: str = "", type: str = "Notification", **more: object) -> Object:
    text = message if isinstance(message, str) else json.dumps(message)
    envelope = {"Type": type, "MessageId": "m-1", "TopicArn": "arn:aws:sns:eu-central-1:42:pages", "Message": text}
    return envelope | ({"Subject": subject} if subject else {}) | more


ARN = "arn:aws:cloudwatch:eu-central-1:42:alarm:shop cpu"


def alarm(state: str, **more: object) -> Object:
    return {"AlarmName": "shop cpu", "AlarmArn": ARN, "NewStateValue": state, "Region": "EU (Frankfurt)", **more}


def event(source: str, kind: str, detail: object, *resources: str) -> Object:
    return {
        "version": "0", "id": "e-1", "detail-type": kind, "source": source, "account": "42", "region": "eu-central-1",
        "time": "2026-03-01T03:12:00Z", "resources": list(resources), "detail": detail,
    }  # fmt: skip


def health(status: str, category: str = "issue") -> Object:
    detail = {"eventArn": "arn:aws:health:eu:42", "service": "EC2", "eventTypeCode": "AWS_EC2_OUTAGE", "eventTypeCategory": category}
    return event("aws.health", "AWS Health Event", {**detail, "statusCode": status, "eventRegion": "eu-central-1"})


def guard(severity: object) -> Object:
    detail = {"arn": "arn:aws:guardduty:eu:42", "title": "Crypto mining on i-1", "severity": severity}
    return event("aws.guardduty", "GuardDuty Finding", detail)


def finding(label: str, workflow: str, record: str = "ACTIVE", compliance: str = "FAILED") -> Object:
    return {
        "Id": "arn:aws:securityhub:42", "Title": "Bucket is public", "Severity": {"Label": label}, "Workflow": {"Status": workflow},
        "RecordState": record, "Compliance": {"Status": compliance},
    }  # fmt: skip


def hub(*findings: Object) -> Object:
    return event("aws.securityhub", "Security Hub Findings - Imported", {"findings": list(findings)})


def common(condition: str, severity: str = "Sev1", **context: object) -> Object:
    essentials = {"alertId": "/alerts/42", "alertRule": "Shop", "severity": severity, "monitorCondition": condition}
    targets = {"alertTargetIDs": ["/vm/shop-1"]}
    return {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials | targets, "alertContext": context}}


def service_health(stage: str, level: object = "Error") -> Object:
    properties = {"title": "Storage, West Europe", "trackingId": "42-ABC", "stage": stage}
    return common("Fired", "Sev4", level=level, eventSource="ServiceHealth", properties=properties)


def resource_health(now: str) -> Object:
    properties = {"title": "It restarts", "currentHealthStatus": now, "previousHealthStatus": "Available"}
    return common("Fired", "Sev4", level="Critical", eventSource="ResourceHealth", properties=properties)


def activity(**event: object) -> Object:
    return {"schemaId": "Microsoft.Insights/activityLogs", "data": {"status": "Activated", "context": {"activityLog": event}}}


def metric(status: str, dimension: str, severity: object = "0") -> Object:
    criterion = {"metricName": "Errors", "dimensions": [{"name": "Route", "value": dimension}]}
    context = {
        "id": "/rules/errors",
        "name": "Errors",
        "resourceId": "/apps/shop",
        "severity": severity,
        "condition": {"allOf": [criterion]},
    }
    return {"schemaId": "AzureMonitorMetricAlert", "data": {"version": "2.0", "status": status, "context": context}}


def incident(**more: object) -> Object:
    return {"version": "1.2", "incident": {"incident_id": "0.42", "policy_name": "Shop", "summary": "CPU above 0.9", **more}}


def pushed(inner: object) -> Object:
    encoded = base64.b64encode(json.dumps(inner).encode()).decode()
    return {"message": {"data": encoded, "messageId": "42", "message_id": "42"}, "subscription": "projects/shop/subscriptions/pages"}


def attributed(attributes: Object, inner: object = None) -> Object:
    message: Object = {"messageId": "42", "attributes": attributes}
    encoded = {"data": base64.b64encode(json.dumps(inner).encode()).decode()} if inner else {}
    return {"message": message | encoded, "subscription": "projects/shop/subscriptions/pages"}


def monitor(**more: object) -> Object:
    return {"title": "Disk is full", "alert_id": 42, "alert_scope": "host:db-1", "aggreg_key": "abc", **more}


def by_default(state: str, body: str = "") -> Object:
    return {
        "id": "7700", "last_updated": "1772334720000", "event_type": "metric_alert_monitor", "title": f"[P2] [{state}] Disk is full",
        "date": "1772334720000", "org": {"id": "1", "name": "shop"}, "body": body,
    }  # fmt: skip


MONITOR_STATUS = (
    "[Monitor Status](https://app.datadoghq.com/monitors/42?to_ts=9&group=host%3Adb-1&from_ts=8) [Edit](https://x/monitors#42/edit)"
)


def issue(state: str, trigger: str = "STATE_CHANGE", priority: str = "CRITICAL", title: object = "Errors") -> Object:
    return {
        "id": "42-aa",
        "issueUrl": "https://one.newrelic.com/42",
        "title": title,
        "priority": priority,
        "state": state,
        "trigger": trigger,
    }


def violation(state: str, kind: str = "INCIDENT", severity: str = "CRITICAL", id: object = 2**60 + 1) -> Object:
    return {
        "incident_id": id, "account_id": 42, "current_state": state, "event_type": kind, "severity": severity, "condition_name": "Errors",
        "policy_name": "Shop",
    }  # fmt: skip


def problem(state: str, severity: str = "ERROR", **more: object) -> Object:
    return {"State": state, "PID": "-42_7V2", "ProblemID": "P-42", "ProblemTitle": "Slow", "ProblemSeverity": severity, **more}


def cloud(inner: object, **more: object) -> Object:
    return {"specversion": "1.0", "type": "shop.down", "source": "/shop", "id": "1", "data": inner, **more}


def notification(**more: object) -> Object:
    return {
        "name": "Shop",
        "text": "It is so.\nAt length",
        "account_id": "a",
        "policy_id": "p",
        "alert_type": "some_alert",
        "ts": 1,
        **more,
    }


def rule(kind: str, severity: str = "ERROR", **more: object) -> Object:
    return {
        "event_type": kind, "event_name": "Health Rule Violation", "severity": severity, "application_name": "Shop", "node_name": "shop-1",
        "controller_url": "https://c.example.com", "health_rule": "Errors", "incident_id": 42, **more,
    }  # fmt: skip


def logic(status: str, level: str = "critical", **more: object) -> Object:
    return {"alertid": "LMD42", "alertstatus": status, "level": level, "host": "db-1", "datasource": "Disk", "datapoint": "Used", **more}


def rack(state: object) -> Object:
    details = {"state": state, "status": "so it is"}
    return {"log_entry_id": "l", "details": details, "entity": {"id": "en"}, "check": {"id": "ch"}, "alarm": {"id": "al", "label": "CPU"}}


def aria(status: str, level: str) -> Object:
    return {"alertId": "42", "status": status, "criticality": level, "adapterKind": "VMWARE", "alertName": "Full", "cancelDate": 1}


def eyes(kind: str, severity: str = "Major", id: object = 42) -> Object:
    return {"eventId": "1", "eventType": kind, "alert": {"alertId": id, "ruleName": "Slow", "testName": "Shop", "severity": severity}}


def agent(kind: str) -> Object:
    said = {"agentNotificationId": 574, "agentId": 2, "agentName": "agent-1", "ruleName": "Clock offset", "active": 1}
    return {"eventId": "1-574", "eventType": kind, "agentAlert": said}


def fast(triggered: object, **more: object) -> Object:
    return {"triggered": triggered, "title": "[RESOLVED] Errors", "definition_api": "https://api.fastly.com/alerts/definitions/d42", **more}


def conviva(**more: object) -> Object:
    return {"event_id": 42, "metric_name": "Plays", "diagnostic_report_url": "https://x.example.com", **more}


HEALTH_KEY, GUARD_KEY, HUB_KEY = "arn:aws:health:eu:42", "arn:aws:guardduty:eu:42", "arn:aws:securityhub:42"
METRIC_KEY, INCIDENT_KEY = "rule=/rules/errors resource=/apps/shop Route=/pay", "newrelic_incident_id=1152921504606846977 account_id=42"
IN_EC2 = "EC2: AWS_EC2_OUTAGE: eu-central-1"
STATE_CHANGE = "CloudWatch Alarm State Change"
SERVICE = "arn:aws:ecs:eu:42:service/shop/api"
PIPELINE = "arn:aws:codepipeline:eu:42:shop"
SCALED = {"AutoScalingGroupName": "shop", "AutoScalingGroupARN": "arn:asg", "Description": "Launching a new EC2 instance"}

# what, type, body, what is read in it
SPECIFICATION: list[tuple[str, str, object, Said]] = [
    # SNS and CloudWatch
    ("an alarm", "aws_sns", sns(alarm("ALARM")), (T, UNKNOWN, ARN, "shop cpu")),
    ("an alarm is over", "aws_sns", sns(alarm("OK")), (R, UNKNOWN, ARN, "shop cpu")),
    ("who asks to be told of missing data is paged", "aws_sns", sns(alarm("INSUFFICIENT_DATA")), (T, UNKNOWN, ARN, "shop cpu")),
    ("white space before the message", "aws_sns", sns("\r\n " + json.dumps(alarm("OK"))), (R, UNKNOWN, ARN, "shop cpu")),
    ("a composite alarm", "aws_sns", sns(alarm("ALARM", AlarmRule="ALARM(a)", TriggeringChildren=[])), (T, UNKNOWN, ARN, "shop cpu")),
    ("a time series of its own", "aws_sns", sns(alarm("OK", AlarmContributorId="c7")), (R, UNKNOWN, f"{ARN} contributor=c7", "shop cpu")),
    ("raw delivery", "aws_sns", alarm("ALARM"), (T, UNKNOWN, ARN, "shop cpu")),
    ("the envelope of Lambda", "aws_sns", {"Records": [{"Sns": sns(alarm("OK"))}]}, (R, UNKNOWN, ARN, "shop cpu")),
    ("an alarm by EventBridge meets that by SNS", "aws_sns",
     event("aws.cloudwatch", STATE_CHANGE, {"alarmName": "shop cpu", "state": {"value": "OK"}}, ARN), (R, UNKNOWN, ARN, "shop cpu")),
    ("an alarm by Lambda", "aws_sns",
     {"alarmArn": ARN, "alarmData": {"alarmName": "shop cpu", "state": {"value": "ALARM"}}}, (T, UNKNOWN, ARN, "shop cpu")),
    ("the severity of a message attribute", "aws_sns",
     sns("it burns", "Fire", MessageAttributes={"severity": {"Type": "String", "Value": "critical"}}), (T, CRITICAL, None, "Fire")),
    ("a sentence", "aws_sns", sns("it burns\nmuch"), (T, UNKNOWN, None, "it burns")),
    ("JSON of anybody", "aws_sns", sns({"dedup_key": "k", "status": "ok", "summary": "Shop"}), (R, UNKNOWN, "k", "Shop")),
    ("JSON without a title has the subject", "aws_sns", sns({"a": 1}, "Fire"), (T, UNKNOWN, None, "Fire")),
    ("JSON that is none", "aws_sns", sns("{it burns"), (T, UNKNOWN, None, "{it burns")),
    ("nobody listens any more", "aws_sns", sns("bye", type="UnsubscribeConfirmation"), (I, UNKNOWN, None, "subscription to pages")),
    ("AWS Health", "aws_sns", sns(health("open")), (T, UNKNOWN, HEALTH_KEY, IN_EC2)),
    ("AWS Health, over", "aws_sns", health("closed"), (R, UNKNOWN, HEALTH_KEY, IN_EC2)),
    ("a planned change", "aws_sns", health("upcoming", "scheduledChange"), (T, WARNING, HEALTH_KEY, IN_EC2)),
    ("GuardDuty, critical", "aws_sns", guard(9.5), (T, CRITICAL, GUARD_KEY, "Crypto mining on i-1")),
    ("GuardDuty, high", "aws_sns", guard(8.9), (T, ERROR, GUARD_KEY, "Crypto mining on i-1")),
    ("GuardDuty, medium", "aws_sns", guard(5), (T, WARNING, GUARD_KEY, "Crypto mining on i-1")),
    ("GuardDuty, low", "aws_sns", sns(guard(2)), (T, INFO, GUARD_KEY, "Crypto mining on i-1")),
    ("Security Hub", "aws_sns", hub(finding("HIGH", "NEW")), (T, ERROR, HUB_KEY, "Bucket is public")),
    ("Security Hub, resolved", "aws_sns", hub(finding("CRITICAL", "RESOLVED")), (R, CRITICAL, HUB_KEY, "Bucket is public")),
    ("Security Hub, archived", "aws_sns", hub(finding("LOW", "NEW", "ARCHIVED")), (R, INFO, HUB_KEY, "Bucket is public")),
    ("Security Hub, passed", "aws_sns", hub(finding("MEDIUM", "NEW", "ACTIVE", "PASSED")), (R, WARNING, HUB_KEY, "Bucket is public")),
    ("a pipeline failed", "aws_sns", event("aws.codepipeline", "Pipeline State", {"state": "FAILED"}, PIPELINE),
     (T, UNKNOWN, f"aws_detail_type=Pipeline State resource={PIPELINE}", "Pipeline State: shop")),
    ("and succeeded", "aws_sns", event("aws.codepipeline", "Pipeline State", {"state": "SUCCEEDED"}, PIPELINE),
     (R, UNKNOWN, f"aws_detail_type=Pipeline State resource={PIPELINE}", "Pipeline State: shop")),
    *((f"a pipeline is {word}", "aws_sns", event("aws.codepipeline", "Pipeline State", {"state": word}, PIPELINE),
       (I, UNKNOWN, f"aws_detail_type=Pipeline State resource={PIPELINE}", "Pipeline State: shop"))
      for word in ("STARTED", "RESUMED", "SUPERSEDED", "STOPPED", "CANCELED")),
    ("each action of a pipeline is for itself", "aws_sns",
     event("aws.codepipeline", "Action State", {"state": "SUCCEEDED", "stage": "Source", "action": "Git"}, PIPELINE),
     (R, UNKNOWN, f"aws_detail_type=Action State resource={PIPELINE} stage=Source action=Git", "Action State: shop")),
    *((f"ECS: {word}", "aws_sns", event("aws.ecs", "ECS Service Action", {"eventType": kind, "eventName": word}, SERVICE),
       (action, severity, f"aws_detail_type=ECS Service Action resource={SERVICE}", "ECS Service Action: api"))
      for word, kind, action, severity in (
          ("SERVICE_TASK_PLACEMENT_FAILURE", "ERROR", T, ERROR), ("SERVICE_TASK_START_IMPAIRED", "WARN", T, WARNING),
          ("SERVICE_STEADY_STATE", "INFO", R, INFO), ("SERVICE_DEPLOYMENT_COMPLETED", "INFO", R, INFO),
          ("SERVICE_DEPLOYMENT_FAILED", "ERROR", T, ERROR), ("SERVICE_DEPLOYMENT_IN_PROGRESS", "INFO", I, INFO))),
    ("RDS", "aws_sns",
     sns({"Event Source": "db-instance", "Source ID": "db-1", "Event ID": "http://a.example/#RDS-EVENT-0031", "Event Message": "Failed"}),
     (T, UNKNOWN, "aws_source=db-1 event=RDS-EVENT-0031", "db-1: Failed")),
    ("Auto Scaling failed", "aws_sns", sns({"Event": "autoscaling:EC2_INSTANCE_LAUNCH_ERROR", **SCALED}),
     (T, ERROR, "aws_group=arn:asg event=autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "Launching a new EC2 instance")),
    ("Auto Scaling tests", "aws_sns", sns({"Event": "autoscaling:TEST_NOTIFICATION", "AutoScalingGroupName": "shop"}),
     (I, INFO, "aws_group=shop event=autoscaling:TEST_NOTIFICATION", "autoscaling:TEST_NOTIFICATION")),
    # Azure Monitor
    *((f"{word} is {severity}", "azure_monitor", common("Fired", word), (T, severity, "/alerts/42", "Shop")) for word, severity in (
        ("Sev0", CRITICAL), ("Sev1", ERROR), ("Sev2", WARNING), ("Sev3", INFO), ("Sev4", INFO), ("Sev9", UNKNOWN))),
    ("over", "azure_monitor", common("Resolved", resolvedDateTime="2026"), (R, ERROR, "/alerts/42", "Shop")),
    ("a user's property is no state", "azure_monitor", common("Resolved", properties={"stage": "x"}), (R, ERROR, "/alerts/42", "Shop")),
    ("service health", "azure_monitor", service_health("Active"), (T, ERROR, "trackingId=42-ABC", "Storage, West Europe")),
    ("levels count from one", "azure_monitor", service_health("Planned", 1), (T, CRITICAL, "trackingId=42-ABC", "Storage, West Europe")),
    *((f"service health: {word}", "azure_monitor", service_health(word), (R, ERROR, "trackingId=42-ABC", "Storage, West Europe"))
      for word in ("Resolved", "Complete", "Canceled", "RCA")),
    *((f"resource health: {word}", "azure_monitor", resource_health(word), (action, CRITICAL, "resource_health=/vm/shop-1", "It restarts"))
      for word, action in (("Degraded", T), ("Unavailable", T), ("Unknown", T), ("Available", R))),
    ("the activity log", "azure_monitor", activity(resourceId="/vm/1", operationName="vm/delete", level="Informational"),
     (T, INFO, "resource=/vm/1 operation=vm/delete", "vm/delete")),
    ("a health event of the activity log", "azure_monitor",
     activity(resourceId="/vm/1", level="Critical", properties={"title": "Down", "currentHealthStatus": "Unavailable"}),
     (T, CRITICAL, "resource_health=/vm/1", "Down")),
    ("a metric", "azure_monitor", metric("Activated", "/pay"), (T, CRITICAL, METRIC_KEY, "Errors")),
    ("a metric, over", "azure_monitor", metric("Deactivated", "/pay", 1), (R, ERROR, METRIC_KEY, "Errors")),
    ("another time series", "azure_monitor", metric("Activated", "/cart", 2),
     (T, WARNING, "rule=/rules/errors resource=/apps/shop Route=/cart", "Errors")),
    ("a log search", "azure_monitor",
     {"schemaId": "Microsoft.Insights/LogAlert", "data": {"SubscriptionId": "s", "AlertRuleName": "Errors", "Severity": "Warning"}},
     (T, WARNING, "azure_subscription=s rule=Errors", "Errors")),
    ("a log search, oldest", "azure_monitor", {"WorkspaceId": "w", "AlertRuleName": "Errors", "SearchQuery": "q", "Severity": "Critical"},
     (T, CRITICAL, "azure_subscription=w rule=Errors", "Errors")),
    ("a budget", "azure_monitor",
     {"schemaId": "AIP Budget Notification", "data": {"SubscriptionId": "s", "BudgetName": "Test", "NotificationThresholdAmount": "0.8"}},
     (T, UNKNOWN, "azure_subscription=s budget=Test threshold=0.8", "Test")),
    ("a budget in the common schema", "azure_monitor",
     {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {"alertId": "/b/1", "description": "Too much"}}},
     (T, UNKNOWN, "/b/1", "Too much")),
    ("autoscale", "azure_monitor",
     {"version": "1.0", "status": "Activated", "operation": "Scale Out",
      "context": {"id": "i", "resourceId": "/vm", "portalLink": "", "details": "from 4 to 5"}}, (C, UNKNOWN, None, "from 4 to 5")),
    # Google Cloud Monitoring
    *((f"{word} is {severity}", "gcp_monitoring", incident(state="open", severity=word),
      (T, severity, "gcp_incident_id=0.42", "CPU above 0.9"))
      for word, severity in (("Critical", CRITICAL), ("Error", ERROR), ("Warning", WARNING), ("No severity", UNKNOWN))),
    ("the severity of a user label", "gcp_monitoring", incident(policy_user_labels={"severity": "p1"}),
     (T, CRITICAL, "gcp_incident_id=0.42", "CPU above 0.9")),
    ("acknowledged", "gcp_monitoring", incident(state="acknowledged"), (A, UNKNOWN, "gcp_incident_id=0.42", "CPU above 0.9")),
    ("documentation as text, and its subject", "gcp_monitoring", incident(state="CLOSED", documentation="see wiki"),
     (R, UNKNOWN, "gcp_incident_id=0.42", "CPU above 0.9")),
    ("the subject that the team wrote", "gcp_monitoring", incident(documentation={"subject": "Shop is slow"}),
     (T, UNKNOWN, "gcp_incident_id=0.42", "Shop is slow")),
    ("by Pub/Sub", "gcp_monitoring", pushed(incident(state="closed")), (R, UNKNOWN, "gcp_incident_id=0.42", "CPU above 0.9")),
    ("attributes by Pub/Sub", "gcp_monitoring", attributed({"summary": "Shop", "dedup_key": "k", "status": "resolved"}),
     (R, UNKNOWN, "k", "Shop")),
    ("anything by Pub/Sub", "gcp_monitoring", pushed({"summary": "Shop", "dedup_key": "k"}), (T, UNKNOWN, "k", "Shop")),
    # Datadog
    *((word, "datadog", monitor(alert_transition=word), (action, UNKNOWN, "datadog_monitor_id=42 scope=host:db-1", "Disk is full"))
      for word, action in (("Triggered", T), ("Re-Triggered", T), ("Warn", T), ("Re-Warn", T), ("No Data", T), ("Re-No Data", T),
                           ("Renotify", T), ("Recovered", R), ("$ALERT_TRANSITION", T))),
    ("a cycle", "datadog", monitor(alert_cycle_key="c9"), (T, UNKNOWN, "c9", "Disk is full")),
    ("an aggregation", "datadog", {"alert_scope": "host:db-1", "aggreg_key": "abc", "title": "Disk"}, (T, UNKNOWN, "abc", "Disk")),
    ("a monitor and its scope", "datadog", {"alert_scope": "host:db-1", "alert_id": "42", "title": "Disk", "status": "cleared"},
     (R, UNKNOWN, "datadog_monitor_id=42 scope=host:db-1", "Disk")),
    ("a key in the template", "datadog", monitor(alert_transition="Recovered", dedup_key="k"), (R, UNKNOWN, "k", "Disk is full")),
    ("upper case", "datadog", {"ALERT_TRANSITION": "Recovered", "ALERT_ID": "42", "ALERT_TITLE": "[Recovered on {host:a}] Disk"},
     (R, UNKNOWN, "datadog_monitor_id=42", "Disk")),
    ("P1", "datadog", monitor(alert_priority="P1", alert_type="warning"),
     (T, CRITICAL, "datadog_monitor_id=42 scope=host:db-1", "Disk is full")),
    ("the priority of an event is no severity", "datadog", monitor(priority="low", alert_type="error"),
     (T, ERROR, "datadog_monitor_id=42 scope=host:db-1", "Disk is full")),
    ("only the kind of alert", "datadog", monitor(alert_type="success"),
     (R, UNKNOWN, "datadog_monitor_id=42 scope=host:db-1", "Disk is full")),
    ("the default body", "datadog", by_default("Triggered"), (T, ERROR, None, "Disk is full")),
    ("the default body, over", "datadog", by_default("Recovered", MONITOR_STATUS),
     (R, ERROR, "datadog_monitor_id=42 scope=host%3Adb-1", "Disk is full")),
    ("the default body, again", "datadog", by_default("Re-No Data", MONITOR_STATUS),
     (T, ERROR, "datadog_monitor_id=42 scope=host%3Adb-1", "Disk is full")),
    # New Relic
    *((f"{state}, {trigger}", "newrelic", issue(state, trigger), (action, CRITICAL, "42-aa", "Errors")) for state, trigger, action in (
        ("CREATED", "STATE_CHANGE", T), ("ACTIVATED", "INCIDENT_CLOSED", T), ("ACTIVATED", "PRIORITY_CHANGED", T),
        ("ACTIVATED", "ISSUE_ACKNOWLEDGED", A), ("ACKNOWLEDGED", "INCIDENT_ADDED", A), ("DEACTIVATED", "STATE_CHANGE", R),
        ("CLOSED", "ISSUE_ACKNOWLEDGED", R), ("", "", T))),
    *((f"{word} is {severity}", "newrelic", issue("ACTIVATED", priority=word), (T, severity, "42-aa", "Errors"))
      for word, severity in (("CRITICAL", CRITICAL), ("HIGH", ERROR), ("MEDIUM", WARNING), ("LOW", INFO))),
    ("a list of titles", "newrelic", issue("CREATED", title=["Errors", "Latency"]), (T, CRITICAL, "42-aa", "Errors")),
    ("an incident", "newrelic", violation("open"), (T, CRITICAL, INCIDENT_KEY, "Errors")),
    ("an incident, seen", "newrelic", violation("acknowledged"), (A, CRITICAL, INCIDENT_KEY, "Errors")),
    ("an incident, closed", "newrelic", violation("closed", severity="WARN", id=f"{2**60 + 1}"), (R, WARNING, INCIDENT_KEY, "Errors")),
    ("a template that says the state in event_type", "newrelic", violation("$EVENT_STATE", "INCIDENT_RESOLVED", "INFO"),
     (R, INFO, INCIDENT_KEY, "Errors")),
    ("an account alone names no incident", "newrelic", violation("open", id="$INCIDENT_ID"), (T, CRITICAL, None, "Errors")),
    ("the first alerts", "newrelic",
     {"application_name": "Shop", "account_name": "A", "alert_url": "https://n.example/1", "created_at": "x", "message": "Slow"},
     (T, UNKNOWN, "newrelic_alert_url=https://n.example/1", "Slow")),
    ("the first deployments", "newrelic",
     {"application_name": "Shop", "account_name": "A", "deployment_url": "https://n.example/1", "deployed_by": "ana", "revision": "7"},
     (C, UNKNOWN, None, "7")),
    # Dynatrace
    *((f"{state} {word}", "dynatrace", problem(state, word), (action, severity, "-42_7V2", "Slow")) for state, word, action, severity in (
        ("OPEN", "AVAILABILITY", T, CRITICAL), ("OPEN", "MONITORING_UNAVAILABLE", T, CRITICAL), ("OPEN", "ERROR", T, ERROR),
        ("OPEN", "PERFORMANCE", T, WARNING), ("OPEN", "RESOURCE_CONTENTION", T, WARNING), ("OPEN", "CUSTOM_ALERT", T, UNKNOWN),
        ("RESOLVED", "ERROR", R, ERROR), ("MERGED", "ERROR", R, ERROR))),
    ("without a PID", "dynatrace", problem("OPEN", PID="{PID}"), (T, ERROR, "dynatrace_problem_id=P-42", "Slow")),
    ("a problem as the API tells it", "dynatrace",
     {"problemId": "-42_7V2", "displayId": "P-42", "title": "Slow", "status": "CLOSED", "severityLevel": "AVAILABILITY"},
     (R, CRITICAL, "-42_7V2", "Slow")),
    ("a problem of Davis", "dynatrace",
     {"event.kind": "DAVIS_PROBLEM", "display_id": "P-42", "event.id": "-42_7V2", "event.name": "Slow", "event.status": "ACTIVE",
      "event.category": "SLOWDOWN"}, (T, WARNING, "-42_7V2", "Slow")),
    # CloudEvents
    ("what data says", "cloudevents", cloud({"summary": "Shop", "status": "ok", "alias": "k", "level": "p2"}), (R, ERROR, "k", "Shop")),
    ("a problem of Dynatrace", "cloudevents", cloud(problem("RESOLVED")), (R, ERROR, "-42_7V2", "Slow")),
    ("nothing in it", "cloudevents", cloud(None, subject="checkout"), (T, UNKNOWN, None, "shop.down: checkout")),
    ("bytes that are JSON", "cloudevents", cloud(None, data_base64=base64.b64encode(b'{"title": "Shop", "alias": "k"}').decode()),
     (T, UNKNOWN, "k", "Shop")),
    ("text that is JSON", "cloudevents", cloud('{"title": "Shop"}', datacontenttype="application/json"), (T, UNKNOWN, None, "Shop")),
    ("the future version", "cloudevents", cloud({"title": "Shop"}, specversion="2.0"), (T, UNKNOWN, None, "Shop")),
    # Cloudflare
    *((f"{data} {word}", "cloudflare", notification(alert_event=word, alert_correlation_id="c", data=data),
       (action, UNKNOWN, "c", "Shop: It is so."))
      for word, data, action in (
          ("ALERT_STATE_EVENT_START", {}, T), ("ALERT_STATE_EVENT_END", {}, R), ("", {"status": "Healthy"}, R),
          ("", {"new_health": "Unhealthy"}, T), ("", None, T))),
    ("a health check", "cloudflare", notification(data={"health_check_id": "h", "status": "Unhealthy"}),
     (T, UNKNOWN, "cloudflare_health_check_id=h", "Shop: It is so.")),
    ("a tunnel", "cloudflare", notification(data={"tunnel_id": "t", "new_status": "TUNNEL_STATUS_TYPE_HEALTHY", "severity": "INFO"}),
     (R, INFO, "cloudflare_tunnel_id=t", "Shop: It is so.")),
    ("an incident of Cloudflare's", "cloudflare", notification(data={"incident_id": "i", "incident_impact": "INCIDENT_IMPACT_MAJOR"}),
     (T, ERROR, "cloudflare_incident_id=i", "Shop: It is so.")),
    ("a pool", "cloudflare", notification(data={"pool_id": "p", "new_health": "Unhealthy", "event_source": "pool"}),
     (T, UNKNOWN, "cloudflare_pool_id=p event_source=pool", "Shop: It is so.")),

     ("an origin of it", "cloudflare",
     notification(data={"pool_id": "p", "new_health": "Healthy", "event_source": "origin", "origin_name": "o"}),
     (R, UNKNOWN, "cloudflare_pool_id=p origin_name=o event_source=origin", "Shop: It is so.")),
    *((f"one policy, {about}", "cloudflare", notification(data=data),
       (T, UNKNOWN, f"cloudflare_policy_id=p alert_type=some_alert about={about}", "Shop: It is so."))
      for about, data in (
          ("a.example", {"unreachable_zones": [{"zone_name": "a.example", "host": "h"}]}), ("h", {"unreachable_zones": [{"host": "h"}]}),
          ("z1", {"zone_id": "z1", "zone_name": "a.example"}), ("b.example", {"zone_name": "b.example"}),
          ("c.example", {"hostnames": ["c.example", "d.example"]}), ("site", {"project_name": "site"}))),
    ("about nothing", "cloudflare", notification(data={"x": 1}),
     (T, UNKNOWN, "cloudflare_policy_id=p alert_type=some_alert", "Shop: It is so.")),
    *((word, "cloudflare", notification(alert_type="pages_event_alert", data={"event": word, "project_name": "site"}),
       (action, UNKNOWN, "cloudflare_policy_id=p alert_type=pages_event_alert about=site", "Shop: It is so."))
      for word, action in (("EVENT_DEPLOYMENT_STARTED", I), ("EVENT_DEPLOYMENT_FAILED", T), ("EVENT_DEPLOYMENT_SUCCESS", C))),
    *((f"maintenance: {word}", "cloudflare", notification(alert_type="maintenance_event_notification", data={"status": word}),
       (action, UNKNOWN, "cloudflare_policy_id=p alert_type=maintenance_event_notification", "Shop: It is so."))
      for word, action in (("Scheduled", T), ("Completed", I))),
    ("without an account", "cloudflare", {"text": "It is so.", "alert_event": "ALERT_STATE_EVENT_END", "alert_correlation_id": "c"},
     (R, UNKNOWN, "c", "It is so.")),
    # AppDynamics
    *((word, "appdynamics", rule(word), (action, severity, "appdynamics_incident_id=42 application=Shop", "Errors on shop-1"))
      for word, action, severity in (
          ("POLICY_OPEN_CRITICAL", T, CRITICAL), ("POLICY_OPEN_WARNING", T, WARNING), ("POLICY_UPGRADED", T, CRITICAL),
          ("POLICY_DOWNGRADED", T, WARNING), ("POLICY_CONTINUES_CRITICAL", T, CRITICAL), ("POLICY_CLOSE_CRITICAL", R, ERROR),
          ("POLICY_CANCELED_WARNING", R, ERROR), ("ANOMALY_OPEN_WARNING", T, WARNING), ("ANOMALY_CLOSE_CRITICAL", R, ERROR),
          ("APPLICATION_DEPLOYMENT", C, ERROR), ("APP_SERVER_RESTART", T, ERROR), ("APPLICATION_ERROR", T, ERROR))),
    ("WARN", "appdynamics", rule("SLOW", "WARN", health_rule="${latestEvent.healthRule.name}", incident_id="${latestEvent.incident.id}"),
     (T, WARNING, "appdynamics_event_type=SLOW application=Shop node=shop-1", "Health Rule Violation on shop-1")),
    # LogicMonitor
    *((word, "logicmonitor", logic(word), (action, CRITICAL, "logicmonitor_alertid=LMD42", "db-1: Disk Used")) for word, action in (
        ("active", T), ("ack", A), ("clear", R), ("update", T), ("escalate", T), ("", T))),
    ("a test never meets its alert", "logicmonitor", logic("test"), (T, CRITICAL, None, "db-1: Disk Used")),
    ("an internal id", "logicmonitor", logic("clear", "error", internalid=2**60),
     (R, ERROR, f"logicmonitor_internalid={2**60}", "db-1: Disk Used")),
    ("a level by number", "logicmonitor", logic("active", "2"), (T, WARNING, "logicmonitor_alertid=LMD42", "db-1: Disk Used")),
    # Rackspace, Aria Operations, ThousandEyes, Fastly, Conviva
    *((f"{word}", "rackspace", rack(word), (action, severity, "rackspace_alarm=al entity=en", "CPU")) for word, action, severity in (
        ("CRITICAL", T, CRITICAL), ("WARNING", T, WARNING), ("OK", R, UNKNOWN), (None, T, UNKNOWN))),
    *((f"{status} {word}", "vmware", aria(status, word),
      (action, severity, "vmware_alert_id=42", "Full")) for status, word, action, severity in (
        ("ACTIVE", "ALERT_CRITICALITY_LEVEL_CRITICAL", T, CRITICAL), ("ACTIVE", "ALERT_CRITICALITY_LEVEL_IMMEDIATE", T, ERROR),
        ("UPDATED", "ALERT_CRITICALITY_LEVEL_INFO", T, INFO), ("ACTIVE", "ALERT_CRITICALITY_LEVEL_AUTO", T, UNKNOWN),
        ("CANCELED", "WARNING", R, WARNING))),
    *((f"{how} {word}", "thousandeyes", eyes(f"ALERT_NOTIFICATION_{how}", word),
      (action, severity, "thousandeyes_alert_id=42", "Slow: Shop"))
      for how, word, action, severity in (("TRIGGER", "Info", T, INFO), ("TRIGGER", "Minor", T, WARNING), ("TRIGGER", "Major", T, ERROR),
                                          ("CLEAR", "Critical", R, CRITICAL))),
    *((f"an agent: {how}", "thousandeyes", agent(f"AGENT_ALERT_NOTIFICATION_{how}"),
       (action, UNKNOWN, "thousandeyes_agent_notification_id=574", "Clock offset: agent-1"))
        for how, action in (("TRIGGER", T), ("CLEAR", R))),
    ("fires", "fastly", fast(True), (T, UNKNOWN, "fastly_definition_id=d42", "Errors")),
    ("is over", "fastly", fast(False), (R, UNKNOWN, "fastly_definition_id=d42", "Errors")),
    ("is unsure", "fastly", fast(None), (T, UNKNOWN, "fastly_definition_id=d42", "Errors")),
    ("another address of the same", "fastly",
     fast(False, definition_api=None, definition_ui="https://manage.fastly.com/observability/alerts/definitions/d42/edit"),
     (R, UNKNOWN, "fastly_definition_id=d42", "Errors")),
    ("a custom field of state", "conviva", conviva(status="Resolved", severity="warning"), (R, WARNING, "conviva_event_id=42", "Plays")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "type", "body", "expected"), SPECIFICATION, ids=[f"{type}: {what}" for what, type, _, _ in SPECIFICATION])
def test_what_it_says(what: str, type: str, body: object, expected: Said) -> None:
    assert [said(reading) for reading in read(type, body)] == [expected]
    assert knowing(body) == {type}


# type, body, why it is not of the dialect, or what is read in spite of all (title)
NOT_BY_NAME: list[tuple[str, object, str]] = [
    ("datadog", {"title": "Shop", "severity": "high"}, "Shop"),
    ("datadog", "it burns", "it burns"),
    ("datadog", {"subject": "Shop"}, "Shop"),
    ("cloudflare", {"text": "Hello World! This is a test message sent from https://cloudflare.com."},
     "Hello World! This is a test message sent from https://cloudflare.com."),
    ("thousandeyes", {"eventId": "1", "eventType": "WEBHOOK_TEST"}, "ThousandEyes: WEBHOOK_TEST without an alert"),
    ("datadog", {"alert_scope": "host:db-1", "title": "Disk"}, "Disk"),
    ("dynatrace", {"ProblemTitle": "Slow"}, "Slow"),
]  # fmt: skip


@pytest.mark.parametrize(("type", "body", "title"), NOT_BY_NAME, ids=[type for type, _, _ in NOT_BY_NAME])
def test_what_only_an_integration_of_its_type_can_tell(type: str, body: object, title: str) -> None:
    assert [(reading.action, reading.summary) for reading in read(type, body)] == [(T, title)]
    assert knowing(body) == set()


def test_the_template_for_pagerduty_has_a_severity_in_an_integration_of_appdynamics() -> None:
    details = {"severity": "WARN", "node_name": "shop-1", "application_name": "Shop", "event_type": "POLICY_CLOSE_WARNING"}
    body = {"incident_key": "shop-1 - Shop", "event_type": "resolve", "description": "Slow on shop-1", "details": details}
    (reading,) = read("appdynamics", body)
    assert said(reading) == (R, WARNING, "shop-1 - Shop", "Slow on shop-1")
    assert (reading.source, reading.group) == ("shop-1", "Shop")


# ── what else is read ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("type", "body", "headers", "expected"),
    [
        ("aws_sns", sns(alarm("ALARM")), {}, ["m-1"]),
        ("aws_sns", sns(hub(finding("LOW", "NEW"), finding("LOW", "NEW"))), {}, ["m-1/0", "m-1/1"]),
        ("aws_sns", alarm("ALARM"), {"x-amz-sns-message-id": "m-2"}, ["m-2"]),
        ("aws_sns", "it burns", {"x-amz-sns-message-id": "m-2"}, ["m-2"]),
        ("aws_sns", health("open"), {}, ["e-1"]),
        ("gcp_monitoring", pushed(incident()), {}, ["42"]),
        ("datadog", by_default("Triggered"), {}, ["7700 1772334720000"]),
        ("datadog", monitor(id="42"), {}, [""]),
        ("rackspace", rack("OK"), {}, ["l"]),
        ("cloudevents", [cloud({}), cloud({}, id="2")], {}, ["/shop 1", "/shop 2"]),
        ("cloudevents", cloud([{"title": "a"}, {"title": "b"}]), {}, ["/shop 1", "/shop 1 1"]),
        ("cloudevents", {"title": "a"}, {"ce-specversion": "1.0", "ce-type": "t", "ce-source": "/s", "ce-id": "9"}, ["/s 9"]),
    ],
    ids=str,
)
def test_a_delivery_counts_once(type: str, body: object, headers: dict[str, str], expected: list[str]) -> None:
    assert [reading.delivery_id for reading in read(type, body, Received("", b"", headers))] == expected


CONFIRM = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription"


@pytest.mark.parametrize(
    ("type", "body", "links"),
    [
        ("aws_sns", alarm("ALARM"), [
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#alarmsV2:alarm/shop%20cpu",
        ]),
        ("aws_sns", sns("", type="SubscriptionConfirmation", SubscribeURL=CONFIRM), [
            CONFIRM,
        ]),
        ("aws_sns", sns("", type="SubscriptionConfirmation", SubscribeURL="https://sns.eu-central-1.amazonaws.com.evil.example/?A"), []),
        ("aws_sns", sns("it burns", UnsubscribeURL="https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe"), []),
        ("datadog", monitor(link="https://a.example", snapshot="null", links=[{"href": "https://b.example"}, 7]), [
            "https://a.example", "https://b.example",
        ]),
        ("gcp_monitoring", incident(url="https://a.example", documentation={"links": [{"url": "https://b.example"}, 7]}), [
            "https://a.example", "https://b.example",
        ]),
    ],
    ids=str,
)  # fmt: skip
def test_only_what_people_may_follow_is_a_link(type: str, body: object, links: list[str]) -> None:
    assert [href for reading in read(type, body) for href, _ in reading.links] == links


@pytest.mark.parametrize(
    ("type", "body", "labels"),
    [
        ("datadog", monitor(tags="env:prod, role:db,paging"), {"env": "prod", "role": "db", "tags": "paging"}),
        ("datadog", monitor(tags=["env:prod", 7, None]), {"env": "prod", "tags": "7"}),
        ("dynatrace", problem("OPEN", Tags="prod, team:shop"), {"team": "shop", "tags": "prod"}),
        ("aws_sns", sns("x", MessageAttributes={"team": {"Type": "String", "Value": "shop"}, "odd": 7}), {"team": "shop"}),
        ("azure_monitor", metric("Activated", "/pay"), {"Route": "/pay"}),
        ("gcp_monitoring", incident(resource={"labels": {"zone": "a"}}, policy_user_labels={"team": "x"}), {"zone": "a", "team": "x"}),
    ],
    ids=str,
)
def test_labels(type: str, body: object, labels: dict[str, str]) -> None:
    assert read(type, body)[0].labels == labels


@pytest.mark.parametrize(("type", "body"), [
    ("azure_monitor", common("Fired", level="Error", claims={"ipaddr": "192.0.2.1"}, httpRequest={"clientIpAddress": "192.0.2.1"})),
    ("azure_monitor", activity(resourceId="/vm/1", claims={"ipaddr": "192.0.2.1"})),
    ("aws_sns", sns("", type="SubscriptionConfirmation", Token="192.0.2.1")),
], ids=str)  # fmt: skip
def test_what_is_nobodys_business_is_in_no_event(type: str, body: object) -> None:
    assert "192.0.2.1" not in repr(read(type, body))


@pytest.mark.parametrize("body", [
    {"application_name": "Shop", "deployment_url": "https://ci.example/1", "status": "failed", "summary": "Deploy of shop"},
    {"application_name": "Shop", "account_name": "A", "alert_url": "https://ci.example/1", "status": "resolved"},
    {"schemaId": "mine", "data": {"disk": "full"}},
    {"schemaId": "mine", "data": {"context": "prod"}},
    rack("OK") | {"details": "so it is"},
    {"title": "q", "alert_scope": "host:a", "status": "cleared"},
    {"text": "Disk", "alert_event": "down"},
    {"text": 7, "alert_event": "down", "alert_correlation_id": "c"},
    {"message": {"messageId": "1"}, "subscription": "s"},
    {"eventId": "1", "eventType": "t", "agentAlert": {"ruleName": "R"}},
    {"ActionType": "create", "AlertMessage": "m"},
    {"type": "console-audit", "summary": "s", "severity": "high"},
    {"type": "console-audit", "payload": {"message": "m"}, "summary": "s"},
    {"type": "console-audit", "payload": "m"},
], ids=str)  # fmt: skip
def test_what_has_but_some_of_their_names_is_somebodys_own(body: object) -> None:
    assert knowing(body) == set()


@pytest.mark.parametrize(("type", "last"), [("logicmonitor", '"alerturl"'), ("appdynamics", '"health_rule"')])
def test_what_these_vendors_do_not_escape_is_not_in_their_templates(type: str, last: str) -> None:
    guide = DIALECTS[IntegrationType(type)].guide
    template = guide.partition("```json")[2].partition("```")[0]
    assert template.rpartition(",")[2].strip().startswith(last)
    assert not any(text in template for text in ("##MESSAGE##", "summaryMessage", "eventMessage"))
    assert "does not escape" in guide


def test_attributes_beside_what_a_message_says_are_told() -> None:
    (reading,) = read("gcp_monitoring", attributed({"team": "shop"}, incident(state="open")))
    assert reading.dedup_key == "gcp_incident_id=0.42"
    assert "shop" in str(reading.details["attributes"])


def test_a_batch_survives_what_is_no_event_in_it() -> None:
    readings = read("cloudevents", [cloud({"title": "Shop"}), 7, cloud({"title": "Cart"})])
    assert [(reading.summary, reading.unreadable) for reading in readings] == [
        ("Shop", False), ("unreadable part of an event", True), ("Cart", False),
    ]  # fmt: skip


def test_an_escape_in_a_message_within_a_message_cannot_bring_in_what_no_text_holds() -> None:
    (reading,) = read("aws_sns", sns('{"AlarmName": "a\\u0000b\\ud800", "NewStateValue": "ALARM"}'))
    assert reading.summary == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


# ── whatever stands anywhere ───────────────────────────────────────────────────────────────────────────────────────────────────────

OURS = sorted({type for _, type, _, _ in SPECIFICATION})
GARBAGE: list[object] = [None, True, 0, -1, 2**70, 1e300, "", "x", "7" * 400, [], [None], [[]], {}, {"": None}, {"x": [1]}, ["x", {}]]


def spoilt(value: object) -> Iterator[object]:
    """The value with each of its parts, in turn, replaced by each kind of garbage, or missing."""
    yield from GARBAGE
    match value:
        case dict():
            for name, part in value.items():
                yield {other: element for other, element in value.items() if other != name}
                for bad in spoilt(part):
                    yield {**value, name: bad}
        case list():
            for n, part in enumerate(value):
                for bad in spoilt(part):
                    yield [*value[:n], bad, *value[n + 1 :]]


@pytest.mark.parametrize("type", OURS)
def test_nothing_in_any_place_is_too_much(type: str) -> None:
    """For each kind of body: an event with a title, or a sentence that says why not."""
    kinds = [body for _, its, body, _ in SPECIFICATION if its == type]
    kinds.append(json.loads(DIALECTS[IntegrationType(type)].example))
    for bad in (bad for body in kinds for bad in spoilt(body)):
        DIALECTS[IntegrationType(type)].knows(bad, NOTHING)
        with suppress(Unreadable):
            for reading in read(type, bad):
                assert reading.summary.strip()
                assert (reading.action is I) <= bool(reading.reason)
                assert all(isinstance(text, str) for text in (*reading.labels.values(), reading.source, reading.group, reading.delivery_id))


@pytest.mark.parametrize("type", OURS)
def test_its_example_is_known_by_itself_and_pages(type: str) -> None:
    dialect = DIALECTS[IntegrationType(type)]
    value = decode(Received("", dialect.example.encode()))
    assert knowing(value) == {type}
    (reading,) = dialect.read(value, NOTHING)
    assert (reading.action, reading.dedup_key is not None) == (T, True)
