"""Alertmanager's webhook, versions 3 and 4, and the many that imitate it (Grafana, Mimir, Loki, vmalert, …).

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config: one body holds many alerts in different states.
"""

from collections.abc import Mapping

from oncall.incidents.values import Action
from oncall.intake.rules import instant_of, key_of, labels_of, links_of, one_line, read_each, severity_of, text_of, title_of
from oncall.intake.values import Reading, Unreadable

LINKS = {
    "generatorURL": "source",
    "dashboardURL": "dashboard",
    "panelURL": "panel",
    "silenceURL": "silence",
    "imageURL": "image",
}
"""Members of an alert that hold an address; all but the first are Grafana's."""


def read(value: object) -> list[Reading]:
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
