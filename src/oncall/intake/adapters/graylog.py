"""Graylog's HTTP notification, and the alarm callback of Graylog 2: https://go2docs.graylog.org/current/interacting_with_your_log_data/."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters import generic
from oncall.intake.rules import Fields, read_fields, said_at, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

EVENT = Fields(
    title=("event_definition_title", "event.message"),
    # What groups the events of a definition: its key if it has one, else the fields that it aggregates by.
    identity={
        "graylog_event_definition_id": ("event_definition_id", "event.event_definition_id"),
        "key": ("event.key", "event.key_tuple", "event.group_by_fields"),
    },
    severity=("event.priority", "event_definition_priority"),
    severities={"1": Severity.INFO, "2": Severity.WARNING, "3": Severity.ERROR, "4": Severity.CRITICAL},  # low, normal, high, critical
    source=("event.fields.source", "event.fields.host", "event.group_by_fields.source", "event.source"),
    class_=("event_definition_type",),
    labels=("event.fields",),
    occurred_at=("event.timestamp",),
    untitled="Graylog event without a title",
)
ALARM = Fields(
    title=("check_result.triggered_condition.title", "stream.title"),
    key=("check_result.triggered_condition.id",),
    state=("check_result.triggered",),
    states={"false": Action.RESOLVE},
    source=("check_result.matching_messages.0.source",),
    group=("stream.title",),
    class_=("check_result.triggered_condition.type",),
    occurred_at=("check_result.triggered_at",),
    untitled="Graylog alarm without a title",
)


def read(value: object, received: Received) -> list[Reading]:
    """One event; a custom notification, whose words are the user's, is read by common words."""
    if not isinstance(value, dict):
        return generic.read(value, received)
    match value:
        case {"check_result": dict()}:
            return [_read_alarm(value)]
        case {"event_definition_id": _} | {"event_definition_title": _} | {"event": {"event_definition_id": _}}:
            return [read_fields(value, EVENT)]
        case _:
            return generic.read(value, received)


def _read_alarm(value: Mapping[str, object]) -> Reading:
    """An alarm has no name but that of its stream; what happened there is the rest of the title."""
    reading = read_fields(value, ALARM)
    said = text_of(said_at(value, ("check_result.result_description",)))
    return replace(reading, summary=title_of(f"{reading.summary}: {said}")) if said else reading


def knows(value: object, _: Received) -> bool:
    """By the event and its definition, or by the result of a check and its stream."""
    if not isinstance(value, dict):
        return False
    is_alarm = isinstance(value.get("check_result"), dict) and "stream" in value
    return is_alarm or (isinstance(value.get("event"), dict) and value.keys() >= {"event_definition_id", "event_definition_title"})


GUIDE = """
In Graylog: **Alerts → Notifications → Create notification**, type *HTTP Notification*, URL `{url}`; add the address in **System → URL
Allowlist**. Then choose it in the *Notifications* step of each event definition.

An event definition is one alert for each of its keys (*Fields → Use field as event key*), else for each group of its aggregation. Priority
`low`, `normal`, `high`, `critical` is read as info, warning, error, critical. In a *Custom HTTP Notification* say what you mean in common
words:

```json
{"summary": "${event_definition_title}", "dedup_key": "${event_definition_id}/${event.key}", "severity": "error"}
```

The alarm callbacks of Graylog 2 are read as well, by the id of the condition.
"""

EXAMPLE = """{
  "event_definition_id": "65f0c0ffee00000000000001", "event_definition_type": "aggregation-v1", "event_definition_title": "Login failures",
  "event_definition_description": "", "job_definition_id": "65f0c0ffee00000000000002", "job_trigger_id": "65f0c0ffee00000000000003",
  "event": {
    "id": "01HQZZZZZZZZZZZZZZZZZZZZZZ", "timestamp": "2026-03-01T03:12:00.000Z", "message": "Login failures: count()=40",
    "source": "graylog.example.com", "key_tuple": ["alice"], "key": "alice", "priority": 3, "alert": true, "fields": {"user": "alice"}
  },
  "backlog": []
}"""

DIALECT = Dialect(
    type=IntegrationType.GRAYLOG,
    name="Graylog",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)
