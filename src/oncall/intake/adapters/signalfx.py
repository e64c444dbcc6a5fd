"""The webhook of Splunk Observability Cloud, formerly SignalFx: https://docs.splunk.com/observability/en/admin/notif-services/webhook.html."""

import re
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("messageTitle", "inputs.messageTitle", "rule", "inputs.rule", "detector"),
    identity={"signalfx_incident_id": ("incidentId",)},
    state=("statusExtended", "status"),
    # A detector that was stopped or edited says nothing more of what it began.
    states=dict.fromkeys(("ok", "manually resolved", "auto resolved", "stopped"), Action.RESOLVE),
    severity=("severity",),
    severities={
        "critical": Severity.CRITICAL,
        "major": Severity.ERROR,
        "minor": Severity.WARNING,
        "warning": Severity.WARNING,
        "info": Severity.INFO,
    },
    source=("dimensions.host", "dimensions.host.name", "dimensions.sf_service", "dimensions.k8s.pod.name", "src"),
    component=("originatingMetric",),
    group=("detector",),
    class_=("rule", "inputs.rule"),
    labels=("dimensions",),
    links={"detectorUrl": "detector", "runbookUrl": "runbook", "inputs.runbookUrl": "runbook", "imageUrl": "image"},
    occurred_at=("timestamp",),
    untitled="detector without a name",
)
STATE = re.compile(
    r"(?i)^((critical|major|minor|warning|info) alert|back to normal|(manually|auto) resolved|stopped|cleared)( \(stopped\))?: (?=\S)"
)
"""What the default title begins with."""


def read(value: object, _: Received) -> list[Reading]:
    """One event about one incident of a detector."""
    if not isinstance(value, dict) or value.keys().isdisjoint({"incidentId", "statusExtended", "detectorUrl"}):
        raise Unreadable("it has no incidentId")
    reading = read_fields(value, FIELDS)
    return [replace(reading, summary=STATE.sub("", reading.summary, count=1))]


def knows(value: object, _: Received) -> bool:
    """By an incident of a detector; what others call an incident has no detector."""
    return isinstance(value, dict) and "incidentId" in value and not value.keys().isdisjoint({"statusExtended", "detectorUrl"})


GUIDE = """
In Splunk Observability Cloud: **Data Management → Add Integration → Webhook → New Integration**, URL `{url}`, no shared secret, payload
left as it is. Then add it as recipient of the alert rules in each detector.

`incidentId` says which alert it is, `statusExtended` its state: `anomalous` triggers; `ok`, `manually resolved` and `stopped` (somebody
edited or deleted the detector) resolve. A payload of your own must keep `incidentId`, `statusExtended`, `severity` and `detectorUrl`.
"""

EXAMPLE = """{
  "severity": "Major", "status": "anomalous", "statusExtended": "anomalous", "incidentId": "FAb1C2dAAAA", "detector": "Checkout latency",
  "detectorId": "FDeteAAAAAA", "detectorUrl": "https://app.eu0.signalfx.com/#/detector/FDeteAAAAAA/edit", "rule": "p99 above 2 s",
  "messageTitle": "Major Alert: p99 above 2 s (Checkout latency)", "messageBody": "p99 is 2.3 s", "eventType": "FDeteAAAAAA_rule",
  "originatingMetric": "checkout.latency.p99", "dimensions": {"host": "web-1"}, "timestamp": "2026-03-01T03:12:00Z", "sf_schema": 2,
  "runbookUrl": "https://wiki.example.com/checkout", "inputs": {"A": {"value": "2.3", "fragment": "data('checkout.latency.p99')"}}
}"""

DIALECT = Dialect(
    type=IntegrationType.SIGNALFX,
    name="Splunk Observability Cloud (SignalFx)",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends the status `ok`, `manually resolved` or `stopped`.",
    guide=GUIDE,
    example=EXAMPLE,
)
