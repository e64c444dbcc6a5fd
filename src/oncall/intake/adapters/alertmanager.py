"""Alertmanager's webhook, versions 3 and 4, and the many that imitate it (Mimir, Loki, vmalert, Robusta, Chronosphere, …).

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config: one body holds many alerts in different states.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import instant_of, key_of, labels_of, links_of, one_line, read_each, severity_of, text_of, title_of, word_at
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

GROUP = frozenset({"commonLabels", "commonAnnotations", "groupLabels"})
ALERT = frozenset({"annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"})
GRAFANA = frozenset({"title", "state"})
SIGNOZ = "ruleSource"


@dataclass(frozen=True, slots=True)
class Shared:
    """What a group says of all its alerts; `at` is when it came."""

    at: datetime
    resolved: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    links: tuple[tuple[object, str], ...] = ()


def read(value: object, received: Received) -> list[Reading]:
    """One event per alert. The group's own `resolved` means that every alert in it is; `groupKey` is no identity: it joins many."""
    return read_group(value, received, sender="Alertmanager")


def read_group(value: object, received: Received, *, sender: str) -> list[Reading]:
    """The events in a group of alerts; `sender` is the name of what stands behind its `externalURL`."""
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        raise Unreadable("it has no list of alerts")
    if not value["alerts"]:
        return [Reading(Action.IGNORE, "no alerts", reason="the list of alerts is empty")]
    shared = Shared(
        received.at,
        _is_resolved(value),
        labels_of(value.get("commonLabels")),
        labels_of(value.get("commonAnnotations")),
        ((value.get("externalURL"), sender),),
    )
    return read_each(value["alerts"], lambda alert: read_alert(alert, shared))


def read_alert(alert: Mapping[str, object], shared: Shared) -> Reading:
    """One alert, as it is read wherever it stands: in a group, or in what Prometheus posts."""
    own_labels = labels_of(alert.get("labels"))
    labels = {**shared.labels, **own_labels}
    annotations = {**shared.annotations, **labels_of(alert.get("annotations"))}
    resolved = shared.resolved or _is_resolved(alert)
    ends_at = instant_of(alert.get("endsAt"))
    values = alert.get("values") or alert.get("valueString")
    return Reading(
        Action.RESOLVE if resolved else Action.TRIGGER,
        _title(labels, annotations),
        # Common labels change with the group's members, so they identify an alert only where it has none of its own.
        dedup_key=text_of(alert.get("fingerprint")) or key_of(own_labels) or key_of(shared.labels),
        severity=_severity(labels, annotations),
        source=one_line(labels.get("instance") or labels.get("host") or labels.get("pod") or labels.get("job")),
        component=one_line(labels.get("job")),
        group=one_line(labels.get("cluster") or labels.get("namespace") or labels.get("grafana_folder")),
        class_=one_line(labels.get("alertname")),
        labels=labels,
        links=links_of(
            [
                *((alert.get(name), text) for name, text in LINKS.items()),
                *((annotations.get(name), "runbook") for name in ("runbook_url", "runbook")),
                *((annotations.get(name), "dashboard") for name in ("dashboard_url", "dashboard")),
                *shared.links,
            ]
        ),
        occurred_at=(ends_at if resolved else None) or instant_of(alert.get("startsAt")),
        # One that fires though its end is past says that it does, not when it will be stale.
        expires_at=ends_at if ends_at and ends_at > shared.at and not resolved else None,
        details={"annotations": annotations} | ({"values": values} if values else {}),
    )


def _title(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    """`rulename` tells apart the alerts that Grafana names DatasourceNoData."""
    said = next(filter(None, (annotations.get(name) for name in ("summary", "title", "message", "description"))), None)
    named = " ".join(filter(None, (labels.get("alertname"), labels.get("rulename"))))
    return title_of(said) or title_of(named) or "alert without a name"


def _severity(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Severity:
    """`none` is how kube-prometheus says that an alert, its watchdog, asks nobody to do anything."""
    words = (labels.get("severity"), labels.get("priority"), labels.get("level"), annotations.get("severity"))
    found = severity_of(*words)
    return Severity.INFO if found is Severity.UNKNOWN and word_at(labels, ("severity",)) == "none" else found


def _is_resolved(said: Mapping[str, object]) -> bool:
    return word_at(said, ("status",)) == "resolved"


def is_group(value: object) -> bool:
    """Whether it has the shape, whoever sent it: a list of alerts with what they share, or of what only such alerts have."""
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        return False
    return not GROUP.isdisjoint(value) or is_alert(next(iter(value["alerts"]), None))


def is_alert(value: object) -> bool:
    """Whether it has labels and something else that only such an alert has; or one that names it, and nothing else of its own: a summary or
    a key beside the labels are somebody's who wrote the body by hand.
    """
    if not isinstance(value, dict) or not isinstance(value.get("labels"), dict):
        return False
    return not ALERT.isdisjoint(value) or ("alertname" in value["labels"] and value.keys() <= {"labels", "status"})


def is_of_grafana(group: Mapping[str, object]) -> bool:
    """Its groups have a title and a state beside the status, and most an organisation."""
    return "orgId" in group or group.keys() >= GRAFANA


def is_of_signoz(group: Mapping[str, object]) -> bool:
    """Its alerts, and so what they have in common, have the address of their rule as a label."""
    alerts = group.get("alerts")
    first = alerts[0] if isinstance(alerts, list) and alerts else None
    found = (group.get("commonLabels"), first.get("labels") if isinstance(first, dict) else None)
    return any(isinstance(labels, dict) and SIGNOZ in labels for labels in found)


def knows(value: object, _: Received) -> bool:
    """By the shape of the group, if it is none of those that have more in it."""
    return isinstance(value, dict) and is_group(value) and not is_of_grafana(value) and not is_of_signoz(value)


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

Every alert of a group is an alert of its own here, by its `fingerprint`; severity is the label `severity` (`none` counts as `info`), the
title the annotation `summary`, else `title`, `message`, `description`, else `alertname`. Mimir, Loki, vmalert, Robusta and Chronosphere
send the same body and are connected the same way. Leave `max_alerts` at 0: what Alertmanager leaves out of a group never gets here.
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
    comes_again=True,
)
