"""Alertmanager's webhook, versions 3 and 4, and the many that imitate it (Grafana, Mimir, Loki, vmalert, …).

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config: one body holds many alerts in different states.
"""

import hashlib
import json

from oncall.incidents.values import Action
from oncall.intake.rules import instant_of, labels_of, one_line, severity_of, text_of
from oncall.intake.values import Reading, Unreadable


def read(value: object) -> list[Reading]:
    """One event per alert. The group's own `resolved` means that every alert in it is; `groupKey` is no identity: it joins many."""
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        raise Unreadable("it has no list of alerts")
    alerts = [alert for alert in value["alerts"] if isinstance(alert, dict)]
    if len(alerts) < len(value["alerts"]):
        raise Unreadable("its list of alerts holds something that is not an alert")
    if not alerts:
        return [Reading(Action.IGNORE, "no alerts", reason="the list of alerts is empty")]
    all_resolved = text_of(value.get("status")).lower() == "resolved"
    common_labels, common_annotations = labels_of(value.get("commonLabels")), labels_of(value.get("commonAnnotations"))
    external_url = text_of(value.get("externalURL"))
    return [_read_one(alert, all_resolved, common_labels, common_annotations, external_url) for alert in alerts]


def _read_one(
    alert: dict[str, object], all_resolved: bool, common_labels: dict[str, str], common_annotations: dict[str, str], external_url: str
) -> Reading:
    own_labels = labels_of(alert.get("labels"))
    labels = common_labels | own_labels
    annotations = common_annotations | labels_of(alert.get("annotations"))
    resolved = all_resolved or text_of(alert.get("status")).lower() == "resolved"
    says = (annotations.get(name) for name in ("summary", "title", "message", "description"))
    summary = next(filter(None, says), None) or labels.get("alertname") or "alert without a name"
    links = [
        (text_of(alert.get("generatorURL")), "source"),
        (annotations.get("runbook_url", ""), "runbook"),
        (external_url, "Alertmanager"),
    ]
    return Reading(
        Action.RESOLVE if resolved else Action.TRIGGER,
        one_line(summary),
        dedup_key=text_of(alert.get("fingerprint")) or _fingerprint(labels),
        severity=severity_of(labels.get("severity") or labels.get("priority")),
        source=labels.get("instance") or labels.get("job") or "",
        component=labels.get("job", ""),
        class_=labels.get("alertname", ""),
        labels=labels,
        links=tuple((href, text) for href, text in links if href.startswith(("http://", "https://"))),
        occurred_at=instant_of(alert.get("startsAt")),
        expires_at=instant_of(alert.get("endsAt")),
        details={"annotations": annotations},
    )


def _fingerprint(labels: dict[str, str]) -> str:
    """What identifies an alert of an old sender: its labels, in order."""
    return hashlib.sha256(json.dumps(sorted(labels.items())).encode()).hexdigest()[:32]
