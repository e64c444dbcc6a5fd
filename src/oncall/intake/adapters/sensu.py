"""An event of Sensu Go as its handlers get it, or wrapped as its API has it, and the one of Sensu Core: https://docs.sensu.io/sensu-go/.

https://docs.sensu.io/sensu-go/latest/observability-pipeline/observe-events/events/: the result of one check on one entity.
"""

from collections.abc import Mapping

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import instant_of, labels_of, links_of, named_key, one_line, said_at, text_of, title_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

SEVERITIES = {"1": Severity.WARNING, "2": Severity.CRITICAL}
"""Of the exit status of a check; 0 is well, and whatever else is unknown, by the convention of Nagios."""

NAME = {
    "sensu_entity": ("entity.metadata.name", "check.proxy_entity_name", "entity.id", "client.name"),
    "check": ("check.metadata.name", "check.name"),
    "namespace": ("entity.metadata.namespace", "check.metadata.namespace", "metadata.namespace"),
}
LABELS = ("entity.metadata.labels", "check.metadata.labels", "metadata.labels")
RUNBOOKS = ("check.metadata.annotations.runbook", "check.metadata.annotations.runbook_url", "check.runbook")
TOLD = ("output", "status", "state", "occurrences", "occurrences_watermark", "interval", "last_ok", "history")
"""What of a check is kept; its command, environment and secrets are nobody's business."""


def read(value: object, _: Received) -> list[Reading]:
    """One event, by namespace, entity and check; it comes again at each interval while the check fails."""
    event = _event(value)
    if event is None:
        raise Unreadable("it has no check")
    if not event.get("check"):
        return [Reading(Action.IGNORE, "metrics without a check", reason="it holds metrics and no result of a check")]
    names = {name: said_at(event, paths) for name, paths in NAME.items()}
    status = word_at(event, ("check.status",))
    action, reason = _action(event, status)
    labels = {name: text for path in LABELS for name, text in labels_of(said_at(event, (path,))).items()}
    return [
        Reading(
            action,
            _title(event, names),
            dedup_key=named_key(names) if names["sensu_entity"] and names["check"] else None,
            severity=SEVERITIES.get(status, Severity.UNKNOWN),
            source=one_line(names["sensu_entity"]),
            component=one_line(names["check"]),
            group=one_line(names["namespace"]),
            class_=one_line(said_at(event, ("entity.entity_class",))),
            labels=labels,
            links=links_of((said_at(event, (path,)), "runbook") for path in RUNBOOKS),
            occurred_at=instant_of(said_at(event, ("timestamp", "check.executed", "check.issued"))),
            details={name: said for name in TOLD if (said := said_at(event, (f"check.{name}",))) is not None},
            reason=reason,
        )
    ]


def _event(value: object) -> Mapping[str, object] | None:
    """The event itself, without what its API wraps around it."""
    if not isinstance(value, dict):
        return None
    match value:
        case {"spec": {"check": dict()} | {"metrics": dict(), "entity": dict()}}:
            return {**value["spec"], "metadata": value.get("metadata")}
        case {"check": dict()} | {"metrics": dict(), "entity": dict()}:
            return value
        case _:
            return None


def _action(event: Mapping[str, object], status: str) -> tuple[Action, str]:
    if status == "0" or word_at(event, ("action",)) == "resolve":
        return Action.RESOLVE, ""
    if word_at(event, ("action",)) == "flapping":
        return Action.IGNORE, "Sensu says that the check is flapping"
    if said_at(event, ("check.is_silenced", "is_silenced", "silenced")) is True:
        return Action.IGNORE, "it is silenced in Sensu"
    return Action.TRIGGER, ""


def _title(event: Mapping[str, object], names: Mapping[str, object]) -> str:
    """The check and the entity: the output says the state, and another each time."""
    check, entity = one_line(names["check"]), one_line(names["sensu_entity"])
    named = f"{check} on {entity}" if check and entity else check or entity
    return title_of(named) or title_of(text_of(said_at(event, ("check.output",)))) or "Sensu check without a name"


def knows(value: object, _: Received) -> bool:
    """By a check with its status, and the entity (Sensu Core: client) that it ran on, bare or in the specification of an Event."""
    if not isinstance(value, dict):
        return False
    event = value.get("spec", value) if "api_version" in value else value
    if not isinstance(event, dict) or not isinstance(event.get("check"), dict) or "status" not in event["check"]:
        return False
    is_core = isinstance(event.get("client"), dict) and "occurrences" in event
    return is_core or (isinstance(event.get("entity"), dict) and "metadata" in event["check"])


GUIDE = """
Sensu's handlers run a command, so `curl` posts the event that it gets on its input:

```yaml
type: Handler
api_version: core/v2
metadata: {name: oncall}
spec:
  type: pipe
  command: curl -sS --fail --data-binary @- {url}
  filters: [is_incident]
  timeout: 10
```

Name the handler in the `handlers` of each check or in a pipeline. Leave the filter `is_incident` in: it lets failures through, and the
event that says that they are over. Do not add `not_silenced`: it would keep back the end of what is silenced meanwhile.

Namespace, entity and check say which alert it is. Status 1 is a warning, 2 critical, 0 resolves; any other is of unknown severity. What is
silenced in Sensu is recorded and pages nobody.
"""

EXAMPLE = """{
  "timestamp": 1772334720, "id": "0b1c2d3e-0000-4000-8000-000000000001", "sequence": 12, "metadata": {"namespace": "prod"},
  "entity": {"entity_class": "agent", "metadata": {"name": "web-1", "namespace": "prod", "labels": {"region": "eu"}}},
  "check": {
    "metadata": {"name": "check-disk", "namespace": "prod"}, "status": 2, "state": "failing", "output": "CRITICAL: /var is 97 % full\\n",
    "occurrences": 3, "interval": 60, "issued": 1772334719, "executed": 1772334719, "is_silenced": false
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.SENSU,
    name="Sensu",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends the event with status 0 (filter `is_incident`).",
    guide=GUIDE,
    example=EXAMPLE,
)
