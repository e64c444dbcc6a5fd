"""Opsgenie's outgoing webhook: its alerts, mirrored.

https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, instant_of, labels_of, read_fields, said_at, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("alert.message",),
    key=("alert.alias", "alert.alertId"),
    state=("action",),
    states={
        **dict.fromkeys(("close", "delete"), Action.RESOLVE),
        **dict.fromkeys(("acknowledge", "snooze"), Action.ACKNOWLEDGE),  # whoever snoozes an alert has seen it
    },
    ignored={
        **dict.fromkeys(("escalate", "escalatenext", "escalatetonext"), "an escalation inside Opsgenie"),
        **dict.fromkeys(("addnote", "updatenote", "deletenote"), "a note on an alert is no alert"),
        **dict.fromkeys(("addtags", "removetags"), "an alert's tags were changed"),
        **dict.fromkeys(("adddetails", "removedetails"), "an alert's details were changed"),
        **dict.fromkeys(("updatemessage", "updatedescription"), "an alert's text was changed"),
        **dict.fromkeys(
            (
                "addrecipient", "addrecipients", "removerecipient", "addresponder", "addresponders", "removeresponder", "removeresponders",
                "addteam", "removeteam", "assignownership", "assign", "takeownership", "assignownershiptoteam",
            ),
            "an alert was given to other people inside Opsgenie",
        ),
        **dict.fromkeys(("customaction", "executecustomaction"), "somebody ran an action of their own"),
        "updatepriority": "an alert's priority was changed, and Opsgenie does not say that it is open",
        "addattachment": "a file was attached to an alert",
    },
    severity=("alert.priority",),
    severities={
        "1": Severity.CRITICAL,
        "2": Severity.ERROR,
        "3": Severity.WARNING,
        "4": Severity.INFO,
        "5": Severity.INFO,
    },
    source=("alert.source",),
    component=("alert.entity",),
    untitled="alert without a message",
)  # fmt: skip

KEPT = {
    "description": "alert.description",
    "note": "alert.note",
    "number in Opsgenie": "alert.tinyId",
    "by": "alert.username",
    "teams": "alert.teams",
    "responders": "alert.responders",
    "priority before": "alert.oldPriority",
    "integration": "integrationName",
    "escalation": "escalationName",
}
CLOSED = frozenset({"closed", "deleted", "resolved"})
NANOSECONDS = 10**18


def read(value: object, _: Received) -> list[Reading]:
    """One event; the alias, by which monitors know the alert, is its identity. What happens to a closed alert does not open it."""
    if not isinstance(value, dict) or not isinstance(value.get("alert"), dict):
        raise Unreadable("it has no alert")
    reading = read_fields(value, FIELDS)
    action, status = word_at(value, ("action",)), word_at(value, ("alert.status",))
    if action == "updatepriority" and status == "open":
        reading = replace(reading, action=Action.TRIGGER, reason="")
    elif reading.action is Action.TRIGGER and action != "create" and status in CLOSED:
        reading = replace(reading, action=Action.IGNORE, reason="the alert is closed in Opsgenie")
    return [
        replace(
            reading,
            labels=labels_of(said_at(value, ("alert.details",))) | labels_of(said_at(value, ("alert.tags",))),
            occurred_at=_occurred_at(value),
            details={name: said for name, path in KEPT.items() if (said := said_at(value, (path,)))},
        )
    ]


def _occurred_at(body: Mapping[str, object]) -> datetime | None:
    """Opsgenie counts an alert's creation in milliseconds and its last change in nanoseconds."""
    changed = said_at(body, ("alert.updatedAt",))
    at = changed // 1_000_000 if isinstance(changed, int) and changed >= NANOSECONDS else changed
    return instant_of(at) or instant_of(said_at(body, ("alert.createdAt",)))


def knows(value: object, _: Received) -> bool:
    """By an action of an integration on an alert that has an id."""
    match value:
        case {"action": _, "integrationId": _, "alert": {"alertId": str()}}:
            return True
        case _:
            return False


GUIDE = """
For moving over: Opsgenie (or Jira Service Management) keeps receiving from the monitors, and mirrors its alerts here until the monitors
themselves point here. In Opsgenie: **Settings → Integrations → Add integration → Webhook**, *Webhook URL* `{url}`, tick *Add alert
description to payload* and *Add alert details to payload*, and leave at least the actions *Create*, *Acknowledge*, *UnAcknowledge*,
*Close* and *Delete*.

The alert's alias is its identity, so that an alert that comes from the monitor itself as well is one alert and not two. P1 is critical,
P2 error, P3 warning, P4 and P5 info. *Snooze* acknowledges, and when it ends triggers again. Notes, tags, responders and escalations
inside Opsgenie are ignored, and so is a changed priority, unless Opsgenie says with it that the alert is open.
"""

EXAMPLE = """{
  "action": "Create", "integrationId": "0d5c2a5e-7d0f-4a42-8d0e-6f1c3f8f9a01", "integrationName": "oncall",
  "source": {"name": "web", "type": "API"},
  "alert": {
    "alertId": "9a6e4b1c-2f3d-4e5f-8a7b-6c5d4e3f2a1b-1772334720000", "tinyId": "42", "alias": "shop/checkout", "message": "Checkout fails",
    "description": "42 % of all payments fail", "priority": "P1", "source": "shop-1", "entity": "checkout", "tags": ["production"],
    "details": {"region": "eu"}, "createdAt": 1772334720000, "updatedAt": 1772334720000000000, "username": "ana@example.com"
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.OPSGENIE_WEBHOOK,
    name="Opsgenie's outgoing webhook",
    group="Paging tools",
    read=read,
    knows=knows,
    resolves="Sends `Close`, or `Delete`, for the same alias.",
    guide=GUIDE,
    example=EXAMPLE,
)
