"""Sentry's webhooks, https://docs.sentry.io/organization/integrations/integration-platform/webhooks/, and those of its old plugin."""

import re
from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, labels_of, one_line, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

# Whoever archives an issue asks not to hear of it; Sentry says `unresolved` if it comes back.
OVER = {"resolved": Action.RESOLVE, "archived": Action.RESOLVE, "ignored": Action.RESOLVE}

ISSUE = Fields(
    title=("title", "message", "metadata.title", "metadata.value", "culprit"),
    identity={"sentry_issue_id": ("issue_id",)},
    state=("action",),
    states=OVER,
    ignored={"assigned": "the issue was assigned to somebody"},
    severity=("level",),
    source=("server_name",),
    component=("project.slug", "project_slug", "project_name"),
    group=("environment",),
    class_=("metadata.type",),
    labels=("tags",),
    links={"web_url": "event in Sentry", "permalink": "issue in Sentry"},
    occurred_at=("datetime", "timestamp", "lastSeen", "firstSeen"),
    untitled="issue without a title",
)

METRIC = Fields(
    title=("metric_alert.alert_rule.name", "metric_alert.title", "description_title"),
    identity={"sentry_metric_alert_id": ("metric_alert.id", "metric_alert.alert_rule.id")},
    state=("action",),
    states=OVER,
    severity=("action",),
    component=("metric_alert.projects.0",),
    group=("metric_alert.alert_rule.environment",),
    links={"web_url": "metric alert in Sentry"},
    occurred_at=("metric_alert.date_closed", "metric_alert.date_started", "metric_alert.date_detected"),
    untitled="metric alert without a name",
)

NO_ALERT = {
    "comment": "a comment on an issue is no alert",
    "installation": "the integration was installed or removed",
    "seer": "Sentry's assistant tells what it does",
    "preprod_artifact": "a build was analysed",
}
BY_MEMBER = {"comment_id": "comment", "installation": "installation", "run_id": "seer"}
"""Which member of `data` tells the kinds that are no alert, where the header does not."""

KEPT = (
    "title", "message", "metadata", "culprit", "level", "project", "project_slug", "project_name", "environment", "web_url", "permalink",
    "datetime", "timestamp", "lastSeen", "firstSeen", "release", "platform", "transaction", "count", "userCount", "shortId", "substatus",
    "statusDetails", "triggering_rules",
)  # fmt: skip
"""What is read of an event or an issue. Not its request, variables and breadcrumbs: they may hold secrets."""

ISSUE_IN_ADDRESS = re.compile(r"/issues/(\d+)")


def read(value: object, received: Received) -> list[Reading]:
    """One event; alerts, errors and news of one issue meet in its id, those of a metric alert in its own."""
    if knows(value, received) and value is None:
        return [Reading(Action.IGNORE, "Sentry's empty body", reason="Sentry sent an empty body")]
    said: Mapping[str, object] = value if isinstance(value, dict) else {}
    match said:
        case {"action": action, "data": dict(inner)}:
            resource = received.headers.get("sentry-hook-resource", "")
            delivery_id = received.headers.get("request-id", "") if resource else ""  # a proxy may write this header as well
            return [replace(_read_hook(action, inner, resource), delivery_id=delivery_id)]
        case {"event": dict(event)} if "culprit" in said or "project_name" in said:
            # The plugin's `id` is the issue's, that of the event inside is the event's.
            return [_read_issue({**event, **said, "permalink": said.get("url")}, said.get("id"), Action.TRIGGER)]
        case _:
            raise Unreadable("it has neither an action with data, nor the event of Sentry's old plugin")


def _read_hook(action: object, inner: Mapping[str, object], resource: str) -> Reading:
    resource = resource or next((kind for member, kind in BY_MEMBER.items() if member in inner), "")
    if resource in NO_ALERT:
        return Reading(Action.IGNORE, f"Sentry: {resource}", reason=NO_ALERT[resource])
    if isinstance(inner.get("metric_alert"), dict):
        return read_fields({**inner, "action": action}, METRIC)
    subject = next((said for name in ("event", "error", "issue") if isinstance(said := inner.get(name), dict)), inner)
    id = said_at(inner, ("event.issue_id", "error.issue_id", "issue.id")) or _id_in_address(subject)
    reading = _read_issue(subject, id, action)
    if subject is inner and reading.summary == ISSUE.untitled and (what := resource or next(iter(inner), "")):
        reading = replace(reading, summary=one_line(f"Sentry: {what}"))
    rule = said_at(inner, ("triggered_rule", "issue_alert.title"))
    return replace(reading, details={**reading.details, "triggered_rule": rule}) if rule else reading


def _id_in_address(event: Mapping[str, object]) -> str | None:
    """Sentry used to tell an event's issue by its address alone."""
    found = ISSUE_IN_ADDRESS.search(text_of(said_at(event, ("issue_url", "web_url"))))
    return found[1] if found else None


def _read_issue(said: Mapping[str, object], id: object, action: object) -> Reading:
    tags = labels_of(said.get("tags"))
    kept = {name: said.get(name) for name in KEPT}
    server = said.get("server_name") or tags.get("server_name")
    return read_fields({**kept, "tags": tags, "server_name": server, "issue_id": id, "action": action}, ISSUE)


def knows(value: object, received: Received) -> bool:
    """By its header; by the installation that it comes from; by the names of the old plugin."""
    if not isinstance(value, dict):
        return value is None and "sentry-hook-resource" in received.headers
    installation = value.get("installation")
    hook = "sentry-hook-resource" in received.headers or (isinstance(installation, dict) and "uuid" in installation)
    plugin = isinstance(value.get("event"), dict) and {"project_name", "culprit", "level"} <= value.keys()
    return plugin or (hook and "action" in value and isinstance(value.get("data"), dict))


GUIDE = """
In Sentry: **Settings → Developer Settings → Create New Integration → Internal Integration**. *Webhook URL* `{url}`, tick *Alert Rule
Action*, permission *Issue & Event: Read*, and under *Webhooks* tick **issue**, so that what is resolved there is resolved here. Then add
the action *Send a notification via* this integration to each issue alert and metric alert that shall page.

* An issue alert triggers, and so do `created` and `unresolved` of an issue; `resolved` and `archived` resolve; assignments, comments and
  what Seer does are ignored. Tick *error* only if every single error shall be told.
* A metric alert triggers with `critical` and `warning`, which are its severity, and resolves with `resolved`.
* Severity of an issue is its `level`. All news of one issue meet in its id.

Sentry signs what it sends: with the integration's *Client Secret* in `"authentication": {"scheme": "sentry", "secrets": ["…"]}` nobody else
[is let in](../how-to/authenticate-senders.md).

The old *WebHooks* plugin (**Settings → Integrations → WebHooks**) is understood as well, but never says that an issue is resolved.
"""

EXAMPLE = """{
  "action": "triggered", "actor": {"type": "application", "id": "sentry", "name": "Sentry"},
  "installation": {"uuid": "3f0c8a52-5a0e-4f0e-9a1c-0b6f1f5b7c11"},
  "data": {
    "triggered_rule": "Page on-call",
    "event": {
      "event_id": "5f1d2c3b4a5968778695a4b3c2d1e0f9", "issue_id": "4200", "title": "TimeoutError: payment provider", "level": "error",
      "culprit": "shop.checkout.pay", "environment": "production", "platform": "python", "datetime": "2026-03-01T03:12:00.000000Z",
      "metadata": {"type": "TimeoutError", "value": "payment provider"}, "tags": [["level", "error"], ["server_name", "shop-1"]],
      "web_url": "https://example.sentry.io/issues/4200/events/5f1d2c3b4a5968778695a4b3c2d1e0f9/"
    }
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.SENTRY,
    name="Sentry",
    group="Errors and code",
    read=read,
    knows=knows,
    resolves="Says `resolved` of an issue if the integration subscribes to *issue*, and of metric alerts always.",
    guide=GUIDE,
    example=EXAMPLE,
)
