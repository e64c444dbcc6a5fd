"""What Prometheus, vmalert and the rulers of Loki and Mimir post to Alertmanager's API: https://prometheus.io/docs/alerting/latest/clients/.

A bare list of alerts, sent again every minute while they fire; none says whether it does.
"""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.adapters.alertmanager import Shared, is_alert, read_alert
from oncall.intake.rules import instant_of, read_each
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType


def read(value: object, received: Received) -> list[Reading]:
    """One event per alert, over if its `endsAt` has come; its key is the one that Alertmanager's webhook without fingerprints has."""
    if not isinstance(value, list):
        raise Unreadable("it is not a list of alerts")
    if not value:
        return [Reading(Action.IGNORE, "no alerts", reason="the list of alerts is empty")]
    if not any(isinstance(alert, dict) and isinstance(alert.get("labels"), dict) for alert in value):
        raise Unreadable("none of its alerts has labels")
    shared = Shared(received.at)
    return read_each(value, lambda alert: _read_one(alert, shared))


def _read_one(alert: Mapping[str, object], shared: Shared) -> Reading:
    ends_at = instant_of(alert.get("endsAt"))
    return read_alert(alert, replace(shared, resolved=ends_at is not None and ends_at <= shared.at))


def knows(value: object, _: Received) -> bool:
    """A list whose first element is an alert without a status; Alertmanager's own API answers with one that has it."""
    return isinstance(value, list) and bool(value) and is_alert(value[0]) and "status" not in value[0]


GUIDE = """
Without an Alertmanager in between, Prometheus can send its alerts here itself. In `prometheus.yml`, with the name of this host as target:

```yaml
alerting:
  alertmanagers:
    - scheme: https
      path_prefix: /intake/{key}
      static_configs:
        - targets: ["oncall.example.com"]
  alert_relabel_configs:
    - regex: replica
      action: labeldrop
```

It posts to `{url}/api/v2/alerts` (v1 is taken as well). vmalert: `-notifier.url={url}`; the rulers of Loki and Mimir:
`alertmanager_url: {url}`.

An alert fires until a repetition says that its `endsAt` has come. Its key is a hash of all its
labels, which is why the label that tells two replicas of Prometheus apart must be dropped.
"""

EXAMPLE = """[{
  "labels": {"alertname": "InstanceDown", "instance": "web-1:9100", "job": "node", "severity": "critical"},
  "annotations": {"summary": "web-1 cannot be scraped"}, "startsAt": "2026-03-01T03:12:00Z",
  "generatorURL": "http://prometheus.example.com/graph?g0.expr=up+%3D%3D+0"
}]"""

DIALECT = Dialect(
    type=IntegrationType.PROMETHEUS,
    name="Prometheus",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends the alert for another 15 minutes with an `endsAt` that has passed.",
    guide=GUIDE,
    example=EXAMPLE,
    comes_again=True,
)
