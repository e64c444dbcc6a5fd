"""Moira's webhook sender, https://moira.readthedocs.io/en/latest/installation/webhooks_scripts.html: one trigger, many of its metrics."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, labels_of, named_key, one_line, read_each, read_fields, said_at, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

EVENT = Fields(
    title=("metric",),
    state=("state",),
    states={"ok": Action.RESOLVE},
    severity=("state",),
    # As Moira itself tells them to PagerDuty.
    severities={
        "error": Severity.ERROR,
        "exception": Severity.ERROR,
        "warn": Severity.WARNING,
        "nodata": Severity.WARNING,
    },
    source=("metric",),
    occurred_at=("timestamp",),
    untitled="",
)


def read(value: object, _: Received) -> list[Reading]:
    """One event per metric; the contact, which may be an address with a password, and the plots are left out."""
    if not isinstance(value, dict) or not isinstance(value.get("events"), list):
        raise Unreadable("it has no list of events")
    if not value["events"]:
        return [Reading(Action.IGNORE, "no events", reason="the list of events is empty")]
    return read_each(value["events"], lambda event: _read_one(event, value))


def _read_one(event: Mapping[str, object], value: Mapping[str, object]) -> Reading:
    """A trigger as a whole, when its expression fails, has an event without a metric."""
    reading = read_fields(event, EVENT)
    trigger, metric = said_at(value, ("trigger.name", "trigger.id")), said_at(event, ("metric",))
    title = ": ".join(filter(None, (title_of(trigger), reading.summary)))
    return replace(
        reading,
        summary=title_of(title) or "trigger without a name",
        dedup_key=named_key({"moira_trigger_id": said_at(value, ("trigger.id", "trigger.name")), "metric": metric}),
        class_=one_line(trigger),
        labels=labels_of(said_at(value, ("trigger.tags",))),
        details=reading.details | {"trigger": value.get("trigger")},
    )


def knows(value: object, _: Received) -> bool:
    """By a trigger, its events and the contact that they are for."""
    return isinstance(value, dict) and value.keys() >= {"trigger", "events", "contact"} and isinstance(value["events"], list)


GUIDE = """
In `notifier.yml`:

```yaml
senders:
  - sender_type: webhook
    contact_type: oncall
    url: {url}
    timeout: 10s
```

and in `web.json` a contact of that type: `{"type": "oncall", "label": "oncall", "placeholder": "anything"}`. Then make a contact of the
type and a subscription for the tags of the triggers.

Each metric of a trigger is an alert of its own. `ERROR` and `EXCEPTION` are errors, `WARN` and `NODATA` warnings, `OK` resolves; `TEST` is
what the button *Test* sends, and pages.
"""

EXAMPLE = """{
  "trigger": {"id": "5ff37996-8927-4cab-8987-000000000001", "name": "Free space", "description": "on all databases", "tags": ["db"]},
  "events": [{"metric": "db-1.disk.var", "values": {"t1": 3.1}, "timestamp": 1772334720, "trigger_event": false, "state": "ERROR",
    "old_state": "WARN"}],
  "contact": {"type": "oncall", "value": "ops", "id": "1", "user": "admin", "team": ""}, "plot": "", "plots": [], "throttled": false
}"""

DIALECT = Dialect(
    type=IntegrationType.MOIRA,
    name="Moira",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends the state `OK` for each metric.",
    guide=GUIDE,
    example=EXAMPLE,
)
