"""Alertmanager's webhook, versions 3 and 4, and the many that imitate it (Grafana, Mimir, Loki, vmalert, …).

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config: one body holds many alerts in different states.
"""

from collections.abc import Mapping

from oncall.incidents.values import Action
from oncall.intake.rules import instant_of, key_of, labels_of, links_of, one_line, read_each, severity_of, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

LINKS = {
    "generatorURL": "source",
    "dashboardURL": "dashboard",
    "panelURL": "panel",
    "silenceURL": "silence",
    "imageURL": "image",
}
"""Members of an alert that hold an address; all but the first are Grafana's."""


def read(value: object, _: Received) -> list[Reading]:
    """One event per alert. The group's own `resolved` means that every alert in it is; `groupKey` is no identity: it joins many."""
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        raise Unreadable("it has no list of alerts")
    alerts = value["alerts"]
    if not alerts:
        return [Reading(Action.IGNORE, "no alerts", reason="the list of alerts is empty")]
    all_resolved = _is_resolved(value)
    common_labels, common_annotations = labels_of(value.get("commonLabels")), labels_of(value.get("commonAnnotations"))
    external_url = value.get("externalURL")
    return read_each(alerts, lambda alert: _read_one(alert, all_resolved, common_labels, common_annotations, external_url))


def _read_one(
    alert: Mapping[str, object],
    all_resolved: bool,
    common_labels: Mapping[str, str],
    common_annotations: Mapping[str, str],
    external_url: object,
) -> Reading:
    own_labels = labels_of(alert.get("labels"))
    labels = {**common_labels, **own_labels}
    annotations = {**common_annotations, **labels_of(alert.get("annotations"))}
    resolved = all_resolved or _is_resolved(alert)
    says = (annotations.get(name) for name in ("summary", "title", "message", "description"))
    links = [(alert.get(name), text) for name, text in LINKS.items()]
    links += [(annotations.get(name), "runbook") for name in ("runbook_url", "runbook")] + [(external_url, "Alertmanager")]
    values = alert.get("values")
    return Reading(
        Action.RESOLVE if resolved else Action.TRIGGER,
        title_of(next(filter(None, says), None) or labels.get("alertname")) or "alert without a name",
        # Common labels change with the group's members, so they identify an alert only where it has none of its own.
        dedup_key=text_of(alert.get("fingerprint")) or key_of(own_labels) or key_of(common_labels),
        severity=severity_of(labels.get("severity"), labels.get("priority"), labels.get("level"), annotations.get("severity")),
        source=one_line(labels.get("instance") or labels.get("host") or labels.get("pod") or labels.get("job")),
        component=one_line(labels.get("job")),
        class_=one_line(labels.get("alertname")),
        labels=labels,
        links=links_of(links),
        occurred_at=instant_of(alert.get("startsAt")),
        expires_at=None if resolved else instant_of(alert.get("endsAt")),
        details={"annotations": annotations} | ({"values": values} if values else {}),
    )


def _is_resolved(said: Mapping[str, object]) -> bool:
    status = said.get("status")
    return isinstance(status, str) and status.strip().lower() == "resolved"


def knows(value: object, _: Received) -> bool:
    """By its list of alerts with labels of their own and the labels they share; Grafana's has a title and a state beside them."""
    return isinstance(value, dict) and isinstance(value.get("alerts"), list) and "commonLabels" in value


GUIDE = """
Alertmanager sends each group of alerts to a webhook. In `alertmanager.yml`:

```yaml
route:
  receiver: oncall
  group_by: [alertname]
receivers:
  - name: oncall
    webhook_configs:
      - url: {url}
        send_resolved: true
```

Every alert of a group is an alert of its own here, by its `fingerprint`; severity is the label `severity`, the title the annotation
`summary`, else `title`, `message`, `description`, else `alertname`. Mimir, Loki, vmalert, Robusta and Chronosphere send the same body and
are connected the same way. Leave `max_alerts` at 0: what Alertmanager leaves out of a group never gets here.
"""

EXAMPLE = """{
  "version": "4", "status": "firing", "receiver": "oncall", "groupKey": "{}:{alertname=\\"DiskFull\\"}", "truncatedAlerts": 0,
  "groupLabels": {"alertname": "DiskFull"}, "commonLabels": {"alertname": "DiskFull"}, "commonAnnotations": {},
  "externalURL": "http://alertmanager.example.com",
  "alerts": [{
    "status": "firing", "fingerprint": "b1e0a7d2c8f94e53", "startsAt": "2026-03-01T03:12:00Z", "endsAt": "0001-01-01T00:00:00Z",
    "labels": {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical"},
    "annotations": {"summary": "/var on db-1 is 97 % full"}, "generatorURL": "http://prometheus.example.com/graph"
  }]
}"""

DIALECT = Dialect(
    type=IntegrationType.ALERTMANAGER,
    name="Alertmanager",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends `resolved` for each alert (`send_resolved: true`).",
    guide=GUIDE,
    example=EXAMPLE,
)
