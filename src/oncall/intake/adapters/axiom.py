"""Axiom's custom webhook notifier, https://axiom.co/docs/monitor-data/custom-webhook-notifier: a monitor opened or closed."""

import re
from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, instant_of, labels_of, read_fields, said_at, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("title",),
    # A monitor that notifies by group is one alert for each.
    identity={"axiom_monitor_id": ("monitorID", "monitorId"), "group": ("groupValues",)},
    state=("action",),
    states={"closed": Action.RESOLVE},
    class_=("monitorID", "monitorId"),
    links={"sourceURL": "monitor", "url": "monitor"},
    untitled="Axiom monitor without a name",
)
STATE = re.compile(r"(?i)^(triggered|resolved|open|closed): (?=\S)")
"""What the title begins with."""

GO_TIME = re.compile(r"(\S+) (\S+) ([+-]\d{4}) UTC")


def read(value: object, _: Received) -> list[Reading]:
    """One event; without Axiom's default template its members may stand beside the action."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    match value:
        case {"action": action, "event": dict(event)}:
            return [_read_one({**event, "action": action})]
        case {"action": _, "monitorID": _} | {"action": _, "monitorId": _} | {"action": _, "queryEndTime": _}:
            return [_read_one(value)]
        case _:
            raise Unreadable("it has no action about a monitor")


def _read_one(event: Mapping[str, object]) -> Reading:
    reading = read_fields(event, FIELDS)
    said = text_of(said_at(event, ("timestamp", "queryEndTime")))
    names, values = event.get("groupKeys"), event.get("groupValues")
    pairs = zip(names, values, strict=False) if isinstance(names, list) and isinstance(values, list) else ()
    return replace(
        reading,
        summary=title_of(STATE.sub("", reading.summary, count=1)),
        labels=labels_of({text_of(name): value for name, value in pairs}),
        occurred_at=instant_of(GO_TIME.sub(r"\1T\2\3", said)),
    )


def knows(value: object, _: Received) -> bool:
    """By an action and the monitor, in an event or beside it with the times of the query."""
    if not isinstance(value, dict) or "action" not in value:
        return False
    event = value.get("event")
    if isinstance(event, dict):
        return "monitorID" in event or "monitorId" in event
    return value.keys() >= {"queryStartTime", "queryEndTime"} and not value.keys().isdisjoint({"monitorID", "monitorId"})


GUIDE = """
In Axiom: **Monitors → Manage notifiers → New notifier → Custom webhook**, Webhook URL `{url}`. Keep the default body, and add the groups
if a monitor *notifies by group*, or all its groups are one alert:

```
{
  "action": "{{.Action}}",
  "event": {
    "monitorID": "{{.MonitorID}}", "title": "{{.Title}}", "description": "{{.Description}}", "body": "{{.Body}}",
    "timestamp": "{{.Timestamp}}", "queryStartTime": "{{.QueryStartTime}}", "queryEndTime": "{{.QueryEndTime}}",
    "value": {{.Value}}, "matchedEvent": {{jsonObject .MatchedEvent}},
    "groupKeys": {{jsonArray .GroupKeys}}, "groupValues": {{jsonArray .GroupValues}}
  }
}
```

`Open` triggers, `Closed` resolves; a match monitor never closes. Axiom has no severity.
"""

EXAMPLE = """{
  "action": "Open",
  "event": {
    "monitorID": "aB3dE6gH9jK2mN5pQ8", "title": "Triggered: Failed logins", "description": "", "body": "Current value of 17 is above 10",
    "timestamp": "2026-03-01 03:12:00 +0000 UTC", "queryStartTime": "2026-03-01 03:07:00 +0000 UTC",
    "queryEndTime": "2026-03-01 03:12:00 +0000 UTC", "value": 17, "matchedEvent": null, "groupKeys": ["region"], "groupValues": ["eu"]
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.AXIOM,
    name="Axiom",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Threshold monitors send `Closed`; match monitors never say that it is over.",
    guide=GUIDE,
    example=EXAMPLE,
)
