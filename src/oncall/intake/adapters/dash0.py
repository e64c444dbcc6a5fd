"""Dash0's webhook, https://www.dash0.com/hub/integrations/int_alerting_webhook/overview: a failed check, or one that is well again."""

from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, labels_of, one_line, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

ISSUE = "data.issue"
FIELDS = Fields(
    title=(f"{ISSUE}.summary", f"{ISSUE}.checkrules.0.name", f"{ISSUE}.checkrule.name", f"{ISSUE}.description"),
    key=(f"{ISSUE}.issueIdentifier", f"{ISSUE}.id"),  # the first stays for each check and resource, the second is new each time
    state=("type", f"{ISSUE}.status"),
    states=dict.fromkeys(
        ("alert.resolved", "alert.closed", "synthetic.alert.resolved", "synthetic.alert.closed", "resolved", "closed"), Action.RESOLVE
    ),
    ignored=dict.fromkeys(("alert.superseded", "synthetic.alert.superseded"), "another issue of the same check took its place"),
    severity=(f"{ISSUE}.status",),
    severities={"critical": Severity.CRITICAL, "failed": Severity.CRITICAL, "degraded": Severity.WARNING},
    class_=(f"{ISSUE}.checkrules.0.name", f"{ISSUE}.checkrule.name"),
    group=(f"{ISSUE}.dataset",),
    links={f"{ISSUE}.url": "failed check", f"{ISSUE}.checkrules.0.url": "check rule", f"{ISSUE}.checkrule.url": "check rule"},
    occurred_at=(f"{ISSUE}.start",),
    untitled="failed check without a name",
)
RESOURCES = ("service.name", "dash0.resource.name", "host.name", "k8s.pod.name")


def read(value: object, _: Received) -> list[Reading]:
    """One event about one issue, which is a check rule and what it failed for."""
    if not isinstance(value, dict) or not isinstance(said_at(value, (ISSUE,)), dict):
        raise Unreadable("it has no issue")
    labels = labels_of(_plain(said_at(value, (f"{ISSUE}.labels",))))
    source = next((labels[name] for name in RESOURCES if labels.get(name)), "")
    return [replace(read_fields(value, FIELDS), labels=labels, source=one_line(source))]


def _plain(labels: object) -> object:
    """Values are said as OpenTelemetry does: an object with one member, named after its type."""
    if not isinstance(labels, list):
        return labels
    return [_unwrapped(label["key"], label["value"]) if _is_wrapped(label) else label for label in labels]


def _is_wrapped(label: object) -> bool:
    return isinstance(label, dict) and isinstance(label.get("value"), dict) and len(label["value"]) == 1 and "key" in label


def _unwrapped(key: object, value: dict[str, object]) -> object:
    return {"key": key, "value": next(iter(value.values()))}


def knows(value: object, _: Received) -> bool:
    """By an issue with the identifier that only Dash0 calls so."""
    data = value.get("data") if isinstance(value, dict) else None
    issue = data.get("issue") if isinstance(data, dict) else None
    return isinstance(issue, dict) and "issueIdentifier" in issue


GUIDE = """
In Dash0: **Organization Settings → Notification Channels → Add → Webhook**, URL `{url}`, then choose the channel in the check rules.

`issueIdentifier`, a check rule and what it failed for, says which alert it is. `alert.ongoing` triggers, `critical` as critical and
`degraded` as warning; `alert.resolved` and `alert.closed` resolve; `alert.superseded` is recorded only, since the issue goes on in another.
"""

EXAMPLE = """{
  "type": "alert.ongoing",
  "data": {"issue": {
    "id": "11111111-2222-4333-8444-555555555555", "issueIdentifier": "1234567890123456789", "dataset": "default", "status": "critical",
    "start": "2026-03-01T03:12:00.000000000Z", "summary": "Checkout answers with errors", "description": "42 % of the requests fail",
    "labels": [{"key": "service.name", "value": {"stringValue": "checkout"}}], "annotations": [],
    "checkrules": [{"id": "99999999-2222-4333-8444-555555555555", "version": 1, "name": "Error rate"}],
    "url": "https://app.dash0.com/alerting/failed-checks?org=example"
  }}
}"""

DIALECT = Dialect(
    type=IntegrationType.DASH0,
    name="Dash0",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends `alert.resolved`, or `alert.closed` when somebody closes the issue.",
    guide=GUIDE,
    example=EXAMPLE,
)
