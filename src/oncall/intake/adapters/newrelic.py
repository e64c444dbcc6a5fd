"""New Relic: workflows (https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/), and what came before."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, read_fields, said_at, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

OVER = dict.fromkeys(("closed", "deactivated", "resolved", "incident_closed", "incident_resolved"), Action.RESOLVE)
SEEN = dict.fromkeys(("acknowledged", "incident_acknowledged"), Action.ACKNOWLEDGE)

ISSUE = Fields(
    title=("title.0", "title", "alertConditionNames.0"),
    key=("id", "issueId"),
    state=("state", "status"),
    states={**OVER, **SEEN},
    severity=("priority",),
    source=("impactedEntities.0", "impactedEntities", "entitiesData.names.0"),
    component=("alertPolicyNames.0", "alertPolicyNames"),
    group=("workflowName",),
    class_=("alertConditionNames.0", "alertConditionNames"),
    labels=("labels", "tags"),
    links={"issueUrl": "issue", "issuePageUrl": "issue", "runbookUrl": "runbook", "violationChartUrl": "chart"},
    occurred_at=("createdAt",),
    untitled="issue without a title",
)
INCIDENT = Fields(
    title=("condition_name", "details", "policy_name"),
    identity={"newrelic_incident_id": ("incident_id",), "account_id": ("account_id",)},
    state=("current_state", "event_type"),
    states={**OVER, **SEEN},
    severity=("severity",),
    source=("targets.0.name",),
    component=("targets.0.product",),
    group=("policy_name",),
    class_=("targets.0.type",),
    labels=("targets.0.labels",),
    links={
        "incident_url": "incident",
        "runbook_url": "runbook",
        "policy_url": "policy",
        "violation_chart_url": "chart",
        "chart_url": "chart",
        "targets.0.link": "target",
    },
    occurred_at=("timestamp",),
    untitled="incident without a title",
)
ALERT = Fields(
    title=("message", "long_description", "short_description"),
    identity={"newrelic_alert_url": ("alert_url",)},
    severity=("severity",),
    source=("application_name",),
    group=("account_name",),
    links={"alert_url": "incident"},
    occurred_at=("created_at",),
)
DEPLOYMENT = Fields(
    title=("description", "revision"),
    otherwise=Action.CHANGE,
    source=("application_name",),
    group=("account_name",),
    links={"deployment_url": "deployment"},
    occurred_at=("created_at",),
    untitled="deployment",
)
FIRST = {"deployed_by", "changelog", "short_description", "long_description", "created_at"}
"""Beside the account one of these: an address of an alert or of a deployment anybody may have."""

SEEN_JUST_NOW = {"issue_acknowledged", "acknowledged"}


def knows(value: object, _: Received) -> bool:
    """By the address of an issue, of an incident with its condition, or of what went before."""
    if not isinstance(value, dict):
        return False
    names = value.keys()
    issue = {"issueUrl", "state"} <= names or {"issueUrl", "workflowName"} <= names
    before = {"current_state", "condition_name", "incident_id"} <= names
    addressed = "alert_url" in names or "deployment_url" in names
    first = addressed and {"application_name", "account_name"} <= names and not FIRST.isdisjoint(names)
    return issue or before or first


def read(value: object, _: Received) -> list[Reading]:
    """One event: an issue of a workflow, an incident of a legacy channel, an alert or a deployment of the first webhooks."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    # The first webhooks sent a form with the object in one of two fields.
    said = next((inner for name in ("alert", "deployment") if isinstance(inner := value.get(name), dict)), value)
    match said:
        case {"issueUrl": _} | {"issueId": _} | {"workflowName": _}:
            return [_issue(said)]
        case {"incident_id": _} | {"current_state": _} | {"condition_name": _}:
            return [_incident(said)]
        case {"deployed_by": _} | {"deployment_url": _}:
            return [read_fields(said, DEPLOYMENT)]
        case {"alert_url": _} | {"short_description": _}:
            return [read_fields(said, ALERT)]
        case _:
            raise Unreadable("it is neither an issue nor an incident of New Relic")


def _issue(said: Mapping[str, object]) -> Reading:
    reading = read_fields(said, ISSUE)
    # That somebody has it may be said by what triggered the workflow alone; the issue is still active.
    seen = reading.action is Action.TRIGGER and word_at(said, ("trigger",)) in SEEN_JUST_NOW
    return replace(reading, action=Action.ACKNOWLEDGE) if seen else reading


def _incident(said: Mapping[str, object]) -> Reading:
    reading = read_fields(said, INCIDENT)
    # An account alone names no incident.
    return replace(reading, dedup_key=None) if said_at(said, ("incident_id",)) is None else reading


GUIDE = """
In New Relic: **Alerts → Destinations → Add a destination → Webhook**, endpoint URL `{url}`. Then **Alerts → Workflows → Add a workflow**,
choose the issues, and under *Notify* add the webhook with its default payload template. Under *Notify when* tick *Activated*,
*Acknowledged* and *Closed*.

If you edit the template, keep these members:

```
"id": {{ json issueId }}, "issueUrl": {{ json issuePageUrl }}, "title": {{ json annotations.title.[0] }},
"priority": {{ json priority }}, "state": {{ json state }}, "trigger": {{ json triggerEvent }}
```

An issue is known by its `id`; `ACKNOWLEDGED` acknowledges, `CLOSED` resolves, anything else triggers. `priority` is the severity. Legacy
webhook channels (`incident_id`, `current_state`) and deployments are understood too.
"""

EXAMPLE = """{
  "id": "0f4b6a0e-51d2-4d0b-9f0f-3f3c0a7b1d42", "issueUrl": "https://one.newrelic.com/issues/0f4b6a0e",
  "title": "Error rate > 5 % for at least 5 minutes on 'Shop'", "priority": "CRITICAL", "state": "ACTIVATED", "trigger": "STATE_CHANGE",
  "impactedEntities": ["Shop"], "alertPolicyNames": ["Golden signals"], "alertConditionNames": ["Error rate"],
  "createdAt": 1772334720000, "workflowName": "On call"
}"""

DIALECT = Dialect(
    type=IntegrationType.NEWRELIC,
    name="New Relic",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `CLOSED` when *Closed* is ticked under *Notify when* of the workflow.",
    guide=GUIDE,
    example=EXAMPLE,
)
