"""ThousandEyes' webhooks, https://docs.thousandeyes.com/product-documentation/alerts/integrations: alerts of tests and of agents."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, instant_of, labels_of, one_line, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

OVER = {"alert_notification_clear": Action.RESOLVE, "agent_alert_notification_clear": Action.RESOLVE}
FIELDS = Fields(
    title=("alert.ruleName", "alert.testName", "alert.ruleExpression"),
    identity={"thousandeyes_alert_id": ("alert.alertId", "alert.id")},
    state=("eventType",),
    states=OVER,
    severity=("alert.severity",),
    severities={"minor": Severity.WARNING, "major": Severity.ERROR},
    source=("alert.testTargetsDescription.0", "alert.hostname", "alert.agentName", "alert.testName"),
    component=("alert.testName", "alert.agentName"),
    class_=("alert.type", "alert.alertType"),
    links={"alert.permalink": "alert", "alert.agents.0.permalink": "agent"},
    untitled="alert without a rule",
)
# What an agent's notification says, which has no test and no severity; newer ones are in the words of an alert as well.
AGENT = Fields(
    title=("agentAlert.ruleName", "agentAlert.ruleExpression"),
    identity={"thousandeyes_agent_notification_id": ("agentAlert.agentNotificationId", "agentAlert.alertId")},
    state=("eventType",),
    states=OVER,
    severity=("agentAlert.severity",),
    severities=FIELDS.severities,
    source=("agentAlert.agentName", "agentAlert.hostname"),
    class_=("agentAlert.type",),
    occurred_at=("agentAlert.dateStart",),
    untitled="agent notification without a rule",
)


def knows(value: object, _: Received) -> bool:
    """By the id and the kind of an event, with the rule of the alert or of the agent's notification."""
    if not isinstance(value, dict) or not {"eventId", "eventType"} <= value.keys():
        return False
    alert, agent = value.get("alert"), value.get("agentAlert")
    is_alert = isinstance(alert, dict) and {"alertId", "ruleName"} <= alert.keys()
    return is_alert or (isinstance(agent, dict) and {"agentNotificationId", "ruleName"} <= agent.keys())


def read(value: object, _: Received) -> list[Reading]:
    """One event, known by the alert's id. A test of the webhook holds no alert, and pages by that."""
    if not isinstance(value, dict) or "eventType" not in value:
        raise Unreadable("it has no eventType")
    if not isinstance(value.get("alert"), dict) and isinstance(agent := value.get("agentAlert"), dict):
        reading = read_fields(value, AGENT)
        where = f"{reading.summary}: {reading.source}" if reading.source else reading.summary
        return [replace(reading, summary=one_line(where), details={"agentAlert": agent})]
    if not isinstance(value.get("alert"), dict):
        return [Reading(Action.TRIGGER, f"ThousandEyes: {one_line(value['eventType']) or 'event'} without an alert"[:200])]
    reading = read_fields(value, FIELDS)
    began = text_of(said_at(value, ("alert.dateStartZoned",)))
    return [
        replace(
            reading,
            summary=_title(value) or reading.summary,
            labels=_labels(value),
            occurred_at=instant_of(began),
            # The rest of the alert is said twice: once more under the name of its kind.
            details={"alert": value["alert"]},
        )
    ]


def _title(value: Mapping[str, object]) -> str:
    rule, where = one_line(said_at(value, FIELDS.title)), one_line(said_at(value, ("alert.testName", "alert.agentName")))
    return one_line(f"{rule}: {where}") if rule and where and rule != where else ""


def _labels(value: Mapping[str, object]) -> dict[str, str]:
    found = said_at(value, ("alert.testLabels",))
    names = [said_at(label, ("name",)) for label in found[:200]] if isinstance(found, list) else []
    return labels_of([name for name in names if name])


GUIDE = """
In ThousandEyes: **Alerts → Alert Rules**, open a rule, **Notifications → Edit webhooks → Add new webhook**, URL `{url}`. Use it in each
rule that shall page, and tick *Send notification when alert clears*.

`ALERT_NOTIFICATION_TRIGGER` triggers, `ALERT_NOTIFICATION_CLEAR` resolves, and so do the two of agents, `AGENT_ALERT_NOTIFICATION_TRIGGER`
and `…_CLEAR`. An alert is known by its `alertId`, an agent's by its `agentNotificationId`. *Minor* is a warning, *Major* an error.
"""

EXAMPLE = """{
  "eventId": "4200-42", "eventType": "ALERT_NOTIFICATION_TRIGGER",
  "alert": {
    "alertId": 4200, "ruleId": 42, "ruleName": "Shop answers slowly", "severity": "Major", "type": "HTTP Server", "testName": "Shop",
    "testTargetsDescription": ["https://shop.example.com"], "dateStartZoned": "2026-03-01 03:12:00 UTC",
    "ruleExpression": "Response Time > 2 s", "permalink": "https://app.thousandeyes.com/alerts/list/?alertId=4200"
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.THOUSANDEYES,
    name="ThousandEyes",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `ALERT_NOTIFICATION_CLEAR` if the rule notifies when it clears.",
    guide=GUIDE,
    example=EXAMPLE,
)
