"""Conviva's webhooks, https://docs.conviva.com/learning-center-files/content/eco/setting-webhook-notifications_1474897.html."""

from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import ACTIONS, Fields, one_line, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("metric_name", "alert_name", "root_cause"),
    identity={"conviva_event_id": ("event_id",)},
    state=("alert_status", "status", "state"),
    states=ACTIONS | {"ended": Action.RESOLVE},
    severity=("severity", "priority"),
    source=("account_name",),
    component=("metric_name",),
    group=("account_name",),
    class_=("alert_source", "alert_type"),
    labels=("custom_fields",),
    links={"diagnostic_report_url": "diagnostic report", "custom_fields.runbook_url": "runbook"},
    untitled="alert without a metric",
)


def knows(value: object, _: Received) -> bool:
    """By a metric and its diagnostic report."""
    return isinstance(value, dict) and {"event_id", "metric_name", "diagnostic_report_url"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event, known by its id; what the metric is bad for stands in the title."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    if said_at(value, ("event_id", "metric_name", "alert_name")) is None:
        raise Unreadable("it has neither an event_id nor a metric_name")
    reading, cause = read_fields(value, FIELDS), one_line(said_at(value, ("root_cause", "filter_name")))
    is_told = not cause or cause == reading.summary
    return [reading if is_told else replace(reading, summary=one_line(f"{reading.summary}: {cause}"))]


GUIDE = """
In Conviva: **Settings → Webhooks → Add Webhook**, URL `{url}`, choose the alert types, and tick *Include AI Alerts in the webhook*.
*Custom Fields* become labels; one called `runbook_url` becomes a link.

An alert is known by its `event_id`, and its severity is `severity`.
"""

EXAMPLE = """{
  "event_id": 4200, "version": "1.0.0", "source": "Conviva", "severity": "critical", "metric_name": "Video start failures", "value": "7 %",
  "root_cause": "CDN example-cdn", "alert_source": "AI Alert", "account_name": "Example TV",
  "diagnostic_report_url": "https://pulse.conviva.com/alerts/4200", "custom_fields": {"runbook_url": "https://wiki.example.com/vsf"}
}"""

DIALECT = Dialect(
    type=IntegrationType.CONVIVA,
    name="Conviva",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)
