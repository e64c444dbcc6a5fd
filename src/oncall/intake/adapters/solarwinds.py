"""SolarWinds Platform (Orion): an alert's web request, https://documentation.solarwinds.com/en/success_center/orionplatform/."""

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("AlertMessage", "AlertName", "AlertDescription"),
    # An alert definition watches many objects: its number alone names no problem.
    identity={
        "solarwinds_alert": ("AlertObjectID", "AlertID", "AlertName"),
        "node": ("NodeName", "Caption", "ObjectName"),
        "object": ("AlertObject",),
    },
    state=("ActionType", "Status", "State"),
    states={
        **dict.fromkeys(("resolve", "resolved", "reset", "close", "closed", "clear", "cleared"), Action.RESOLVE),
        **dict.fromkeys(("acknowledge", "acknowledged", "ack"), Action.ACKNOWLEDGE),
    },
    severity=("Severity", "AlertSeverity"),
    severities={
        **dict.fromkeys(("2", "critical"), Severity.CRITICAL),
        **dict.fromkeys(("3", "serious"), Severity.ERROR),
        **dict.fromkeys(("1", "warning"), Severity.WARNING),
        **dict.fromkeys(("0", "informational", "4", "notice"), Severity.INFO),
    },
    source=("NodeName", "Caption", "ObjectName"),
    component=("AlertObject",),
    class_=("AlertName",),
    links={"AlertDetailsUrl": "alert", "AcknowledgeUrl": "acknowledge in SolarWinds"},
    untitled="alert without a message",
)
NUMBERS = {"AlertID", "AlertObjectID"}


def knows(value: object, _: Received) -> bool:
    """By the kind of action and what SolarWinds calls an alert's number and message, or its name."""
    if not isinstance(value, dict) or "ActionType" not in value:
        return False
    return not NUMBERS.isdisjoint(value) and not {"AlertMessage", "AlertName"}.isdisjoint(value)


def read(value: object, _: Received) -> list[Reading]:
    """One event; the trigger action and the reset action say which of them they are."""
    if not isinstance(value, dict) or not said_at(value, (*FIELDS.title, *NUMBERS)):
        raise Unreadable("it has neither a message nor a number of an alert")
    return [read_fields(value, FIELDS)]


GUIDE = """
In **Alerts & Activity → Alerts → Manage Alerts**, edit the alert. Under **Trigger Actions → Add Action → Send a GET or POST Request to a
URL to a Web Server**: URL `{url}`, *Use HTTP POST*, content type `application/json`, body to post:

```json
{"ActionType": "create", "AlertObjectID": "${N=Alerting;M=AlertObjectID}", "Severity": "${N=Alerting;M=Severity}",
 "AlertDetailsUrl": "${N=Alerting;M=AlertDetailsUrl}", "AcknowledgeUrl": "${N=Alerting;M=AcknowledgeUrl}",
 "NodeName": "${N=SwisEntity;M=Caption}", "AlertName": "${N=Alerting;M=AlertName}", "AlertMessage": "${N=Alerting;M=AlertMessage}"}
```

Under **Reset Actions** add the same with `"ActionType": "resolve"`. The alert is known by its number and the node. SolarWinds does not
escape what it puts in: a message with a quotation mark in it makes a body that is no JSON, and pages as unreadable. If your alerts have
such messages, leave `AlertMessage` out; the alert's name is the title then.
"""

EXAMPLE = """{
  "ActionType": "create", "AlertObjectID": "2201", "AlertName": "Node is down", "AlertMessage": "switch-1 does not answer",
  "Severity": "Critical", "NodeName": "switch-1", "AlertDetailsUrl": "https://orion.example.com/Orion/NetPerfMon/ActiveAlertDetails.aspx",
  "AcknowledgeUrl": ""
}"""

DIALECT = Dialect(
    type=IntegrationType.SOLARWINDS,
    name="SolarWinds Platform",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="The reset action sends `resolve`.",
    guide=GUIDE,
    example=EXAMPLE,
)
