"""SigNoz's webhook, https://signoz.io/docs/alerts-management/notification-channel/webhook/: Alertmanager's, with links to its rules."""

from dataclasses import replace

from oncall.intake.adapters import alertmanager
from oncall.intake.rules import links_of
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

LINKS = {"related_logs": "logs", "related_traces": "traces"}
"""Annotations that hold an address."""


def read(value: object, received: Received) -> list[Reading]:
    """One event per alert, with what SigNoz says beside it: the rule, and the logs and traces of the time."""
    return [_linked(reading) for reading in alertmanager.read_group(value, received, sender="SigNoz")]


def _linked(reading: Reading) -> Reading:
    annotations = reading.details.get("annotations")
    said = annotations if isinstance(annotations, dict) else {}
    links = [(reading.labels.get("ruleSource"), "alert rule"), *((said.get(name), text) for name, text in LINKS.items()), *reading.links]
    return replace(reading, links=links_of(links))


def knows(value: object, _: Received) -> bool:
    """Alertmanager's group with the address of a rule among the labels."""
    return isinstance(value, dict) and alertmanager.is_group(value) and alertmanager.is_of_signoz(value)


GUIDE = """
In SigNoz: **Settings → Notification Channels → New Channel**, type *Webhook*, Webhook URL `{url}`, *Send resolved alerts* on. Then choose
the channel in each alert rule. *Test* sends an alert that is no rule's.

Every alert of a group is an alert of its own here, by its `fingerprint`; severity is that of the rule, its label `severity`. A threshold
of its own (`threshold.name`) makes an alert of its own.
"""

EXAMPLE = """{
  "receiver": "oncall", "status": "firing", "version": "4", "groupKey": "{__alertId__=\\"7\\"}:{}", "truncatedAlerts": 0,
  "groupLabels": {"ruleId": "0190c6f0-1111-7abc-8def-000000000001"}, "commonLabels": {"alertname": "Slow checkout"},
  "commonAnnotations": {}, "externalURL": "https://signoz.example.com",
  "alerts": [{
    "status": "firing", "fingerprint": "77aa10c2b9d3e4f5", "startsAt": "2026-03-01T03:12:00Z", "endsAt": "0001-01-01T00:00:00Z",
    "labels": {
      "alertname": "Slow checkout", "severity": "warning", "threshold.name": "warning", "service.name": "checkout",
      "ruleId": "0190c6f0-1111-7abc-8def-000000000001",
      "ruleSource": "https://signoz.example.com/alerts/overview?ruleId=0190c6f0-1111-7abc-8def-000000000001"
    },
    "annotations": {"summary": "p99 of checkout is 2.3 s", "related_traces": "https://signoz.example.com/traces-explorer?q=1"},
    "generatorURL": "https://signoz.example.com/alerts/overview?ruleId=0190c6f0-1111-7abc-8def-000000000001"
  }]
}"""

DIALECT = Dialect(
    type=IntegrationType.SIGNOZ,
    name="SigNoz",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends `resolved` for each alert (*Send resolved alerts*).",
    guide=GUIDE,
    example=EXAMPLE,
)
