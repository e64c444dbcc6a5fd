"""Dynatrace: problem notifications to a custom integration, and Davis problems that a workflow sends.

https://docs.dynatrace.com/docs/analyze-explore-automate/notifications-and-alerting/problem-notifications/webhook-integration
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, labels_of, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("ProblemTitle", "title", "event.name"),
    key=("PID", "problemId", "event.id"),
    identity={"dynatrace_problem_id": ("ProblemID", "displayId", "display_id")},
    state=("State", "ProblemState", "ProblemStatus", "status", "event.status"),
    # A problem that was merged goes on as another one, which is told of by itself.
    states=dict.fromkeys(("resolved", "closed", "merged"), Action.RESOLVE),
    severity=("ProblemSeverity", "severityLevel", "event.category"),
    severities={
        **dict.fromkeys(("monitoring_unavailable", "availability"), Severity.CRITICAL),
        "error": Severity.ERROR,
        **dict.fromkeys(("performance", "slowdown", "resource_contention", "resource"), Severity.WARNING),
    },
    source=(
        "ImpactedEntities.0.name",
        "ImpactedEntityNames",
        "NamesOfImpactedEntities",
        "ImpactedEntity",
        "impactedEntities.0.name",
        "affected_entity_names.0",
    ),
    component=("ImpactedEntities.0.type", "impactedEntities.0.entityId.type"),
    group=("managementZones.0.name",),
    class_=("ProblemImpact", "impactLevel"),
    links={"ProblemURL": "problem", "Problem URL": "problem", "problemUrl": "problem"},
    occurred_at=("startTime", "event.start", "timestamp"),
    untitled="problem without a title",
)


def knows(value: object, _: Received) -> bool:
    """By a problem's ids in the placeholders' names, in those of the API, or in those of Davis."""
    if not isinstance(value, dict):
        return False
    names = value.keys()
    notification = ("ProblemID" in names or "PID" in names) and ("State" in names or "ProblemTitle" in names)
    return notification or {"problemId", "severityLevel"} <= names or {"event.kind", "display_id"} <= names


def read(value: object, _: Received) -> list[Reading]:
    """One event per problem, known by `PID`, else by the number that people see."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    if said_at(value, (*FIELDS.key, *FIELDS.identity["dynatrace_problem_id"], "ProblemTitle", "event.name")) is None:
        raise Unreadable("it names no problem")
    return [replace(read_fields(value, FIELDS), labels=_labels(value))]


def _labels(value: Mapping[str, object]) -> dict[str, str]:
    """Tags are one text with commas, or a list; of a tag `key:value` the key is the label."""
    tags = said_at(value, ("Tags", "entityTags", "entity_tags"))
    elements: Sequence[object] = tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else []
    return labels_of([_label(tag) for tag in elements])


def _label(tag: object) -> object:
    name, _, said = tag.strip().partition(":") if isinstance(tag, str) else ("", "", "")
    return {"key": name, "value": said} if name and said else name or tag


GUIDE = """
In Dynatrace: **Settings → Integration → Problem notifications → Add notification → Custom integration**, webhook URL `{url}`, and switch
on *Send notification if problem is closed*. Custom payload:

```json
{
  "State": "{State}", "PID": "{PID}", "ProblemID": "{ProblemID}", "ProblemTitle": "{ProblemTitle}",
  "ProblemSeverity": "{ProblemSeverity}", "ProblemImpact": "{ProblemImpact}", "ImpactedEntities": {ImpactedEntities},
  "Tags": "{Tags}", "ProblemURL": "{ProblemURL}", "ProblemDetails": "{ProblemDetailsText}"
}
```

`OPEN` triggers, `RESOLVED` and `MERGED` resolve. A problem is known by its `PID`. `AVAILABILITY` is critical, `ERROR` an error,
`PERFORMANCE` and `RESOURCE_CONTENTION` a warning; the severity of a `CUSTOM_ALERT` is unknown. A workflow that posts `{{ event() }}` of a
Davis problem is understood too.
"""

EXAMPLE = """{
  "State": "OPEN", "PID": "-4200001112223334445_1772334720000V2", "ProblemID": "P-260314", "ProblemTitle": "Response time degradation",
  "ProblemSeverity": "PERFORMANCE", "ProblemImpact": "SERVICE", "Tags": "prod, team:checkout",
  "ImpactedEntities": [{"type": "SERVICE", "name": "checkout", "entity": "SERVICE-0123456789ABCDEF"}],
  "ProblemURL": "https://abc12345.live.example.com/#problems/problemdetails;pid=-4200001112223334445_1772334720000V2"
}"""

DIALECT = Dialect(
    type=IntegrationType.DYNATRACE,
    name="Dynatrace",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `RESOLVED` when *Send notification if problem is closed* is on.",
    guide=GUIDE,
    example=EXAMPLE,
)
