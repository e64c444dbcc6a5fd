"""Grafana's webhook contact point, and the notification channel of Grafana 8 and before.

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from oncall.intake.adapters import alertmanager
from oncall.intake.rules import ACTIONS, Fields, named_key, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

LEGACY = Fields(
    title=("ruleName", "title"),
    state=("state",),
    states=ACTIONS,  # whatever is not over, no_data and alerting among it, needs somebody
    ignored={
        "paused": "the alert rule is paused",
        "pending": "the alert rule is pending: it has not been true for long enough",
    },
    severity=("tags.severity", "tags.priority", "tags.level"),
    source=("tags.host", "tags.instance", "evalMatches.0.tags.host", "evalMatches.0.tags.instance"),
    labels=("tags",),
    links={"ruleUrl": "alert rule", "imageUrl": "image"},
    untitled="alert rule without a name",
)


def read(value: object, received: Received) -> list[Reading]:
    """One event per alert of a group; the legacy body is one alert, whatever the number of its series."""
    if isinstance(value, dict) and "alerts" not in value and "ruleId" in value:
        return [_read_legacy(value)]
    try:
        return alertmanager.read_group(value, received, sender="Grafana")
    except Unreadable:
        raise Unreadable("it has neither a list of alerts nor a ruleId") from None


def _read_legacy(value: Mapping[str, object]) -> Reading:
    """Rules are numbered within one Grafana, so its host is part of the key."""
    rule_id, org_id, host = said_at(value, ("ruleId",)), said_at(value, ("orgId",)), _host(text_of(said_at(value, ("ruleUrl",))))
    dedup_key = named_key({"grafana_rule_id": rule_id, "org_id": org_id, "grafana": host}) if rule_id is not None else None
    return replace(read_fields(value, LEGACY), dedup_key=dedup_key)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def knows(value: object, _: Received) -> bool:
    """A group with Grafana's title and state, or the rule and the matches of the legacy body."""
    if not isinstance(value, dict):
        return False
    if alertmanager.is_group(value):
        return alertmanager.is_of_grafana(value)
    return value.keys() >= {"ruleId", "ruleName", "state", "evalMatches"}


GUIDE = """
In Grafana: **Alerting → Contact points → Add contact point**, integration *Webhook*, URL `{url}`, HTTP method *POST*; leave *Disable
resolved message* off and the custom payload empty. Then send to it from **Alerting → Notification policies**.

From version 12 on Grafana can sign: set a *Secret* under *HMAC Signature* and the same in `"authentication": {"scheme": "grafana",
"secrets": ["…"]}`, with the *Timestamp Header*, if there is one, as `timestamp_header`; then nobody else
[is let in](../how-to/authenticate-senders.md).

In Grafana 8 and before with legacy alerting: **Alerting → Notification channels → Add channel**, type *webhook*, Url `{url}`.

Every alert of a group is an alert of its own here, by its `fingerprint`. Grafana has no severity: give the rule a label (legacy: a tag)
`severity` with `critical`, `error`, `warning` or `info`. The title is the annotation `summary`, else the name of the rule. A legacy rule is
known by its number, its organisation and the host of Grafana; `no_data` and `alerting` trigger, `ok` resolves.
"""

EXAMPLE = """{
  "receiver": "oncall", "status": "firing", "orgId": 1, "version": "1", "groupKey": "{}:{alertname=\\"Queue too long\\"}",
  "truncatedAlerts": 0, "title": "[FIRING:1] Queue too long (shop)", "state": "alerting", "message": "**Firing**",
  "groupLabels": {"alertname": "Queue too long"}, "commonLabels": {"alertname": "Queue too long"}, "commonAnnotations": {},
  "externalURL": "https://grafana.example.com/",
  "alerts": [{
    "status": "firing", "fingerprint": "4f1c09aa7be2d310", "startsAt": "2026-03-01T03:12:00Z", "endsAt": "0001-01-01T00:00:00Z",
    "labels": {"alertname": "Queue too long", "queue": "orders", "severity": "error"},
    "annotations": {"summary": "9,000 orders are waiting"}, "values": {"A": 9000},
    "generatorURL": "https://grafana.example.com/alerting/grafana/q1/view", "dashboardURL": "", "panelURL": "",
    "silenceURL": "https://grafana.example.com/alerting/silence/new"
  }]
}"""

DIALECT = Dialect(
    type=IntegrationType.GRAFANA,
    name="Grafana",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends `resolved` for each alert; legacy alerting sends the state `ok`.",
    guide=GUIDE,
    example=EXAMPLE,
)
