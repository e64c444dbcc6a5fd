"""Google Cloud Monitoring's webhook and Pub/Sub channels, https://cloud.google.com/monitoring/support/notification-options."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.adapters import generic
from oncall.intake.rules import Fields, decode, delivered, labels_of, links_of, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Opened, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("documentation.subject", "summary", "condition_name", "policy_name"),
    identity={"gcp_incident_id": ("incident_id",)},
    state=("state",),
    states={"closed": Action.RESOLVE, "resolved": Action.RESOLVE, "acknowledged": Action.ACKNOWLEDGE},
    severity=("severity", "policy_user_labels.severity", "metadata.user_labels.severity", "metadata.system_labels.severity"),
    source=("resource_display_name", "resource_name", "resource_id"),
    component=("resource_type_display_name", "resource.type"),
    group=("scoping_project_id", "resource.labels.project_id"),
    class_=("metric.type", "condition_name"),
    links={"url": "incident", "apigee_url": "Apigee"},
    occurred_at=("started_at",),
    untitled="incident without a summary",
)
SAID = {"data", "attributes"}
"""A message of Pub/Sub has one of them, or both."""


def knows(value: object, _: Received) -> bool:
    """By an incident with its id and its policy or condition, or by a message that Pub/Sub pushes."""
    if not isinstance(value, dict):
        return False
    incident, message = value.get("incident"), value.get("message")
    if isinstance(incident, dict):
        return "incident_id" in incident and ("policy_name" in incident or "condition_name" in incident)
    return isinstance(message, dict) and "subscription" in value and "messageId" in message and not SAID.isdisjoint(message)


def read(value: object, received: Received) -> list[Reading]:
    """One event, known by the incident's id; a message of Pub/Sub is opened first, and may hold anything."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    if isinstance(incident := value.get("incident"), dict):
        return [_incident(incident)]
    if isinstance(message := value.get("message"), dict) and not SAID.isdisjoint(message):
        return _pushed(message, received)
    raise Unreadable("it has no incident")


def _incident(incident: Mapping[str, object]) -> Reading:
    reading = read_fields(incident, FIELDS)
    labels: dict[str, str] = {}
    for path in ("resource.labels", "metric.labels", "metadata.user_labels", "policy_user_labels"):
        labels |= labels_of(said_at(incident, (path,)))
    links = said_at(incident, ("documentation.links",))
    documented = [(link.get("url"), link.get("displayName")) for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    return replace(reading, labels=labels, links=links_of([*reading.links, *documented]))


def _pushed(message: Mapping[str, object], received: Received) -> list[Reading]:
    """What the data says; without any the attributes say it all, else they are details."""
    attributes = message.get("attributes")
    beside: dict[str, object] = attributes if isinstance(attributes, dict) else {}
    if not message.get("data"):
        readings = generic.read(beside, received)
    else:
        inner = _inside(message)
        incident = inner.get("incident") if isinstance(inner, dict) else None
        readings = [_incident(incident)] if isinstance(incident, dict) else generic.read(inner, received)
        if beside:
            readings = [replace(reading, details={"attributes": beside, **reading.details}) for reading in readings]
    return delivered(readings, _id(message))


def _inside(message: Mapping[str, object]) -> object:
    try:
        return decode(Received("", base64.b64decode(text_of(message.get("data")), validate=True)))
    except (binascii.Error, ValueError):
        raise Unreadable("the message of Pub/Sub is not base64") from None


def _id(message: Mapping[str, object]) -> str:
    return text_of(said_at(message, ("messageId", "message_id")))


def opens(value: object, _: Received) -> Opened | None:
    """The data of a message of Pub/Sub, unless it is an incident of Cloud Monitoring."""
    message = value.get("message") if isinstance(value, dict) else None
    if not isinstance(message, dict) or not message.get("data"):
        return None
    try:
        inner = _inside(message)
    except Unreadable:
        return None
    return None if isinstance(inner, dict) and "incident" in inner else Opened(inner, _id(message))


GUIDE = """
In the Google Cloud console: **Monitoring → Alerting → Edit notification channels → Webhooks → Add new**, endpoint URL `{url}`. Choose the
channel in each alerting policy, and tick *Notify on incident closure*. A push subscription of Pub/Sub with the same address works as
well, wrapped or not; a message without data is read by its attributes.

`open` triggers, `closed` resolves. An incident is known by its `incident_id`. The severity is that of the policy (*Critical*, *Error*,
*Warning*), else the policy's user label `severity`; *No severity* is unknown. The title is the subject of the policy's documentation if
it has one, else the summary.
"""

EXAMPLE = """{
  "version": "1.2",
  "incident": {
    "incident_id": "0.n4b0example", "scoping_project_id": "shop-prod", "url": "https://console.cloud.google.com/monitoring/alerting",
    "started_at": 1772334720, "ended_at": null, "state": "open", "severity": "Critical",
    "summary": "CPU utilization for shop-1 is above the threshold of 0.9 with a value of 0.97.",
    "policy_name": "Shop: CPU", "condition_name": "CPU utilization", "policy_user_labels": {"team": "checkout"},
    "resource": {"type": "gce_instance", "labels": {"instance_id": "4200", "zone": "europe-west3-a"}}, "resource_name": "shop-1"
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.GCP_MONITORING,
    name="Google Cloud Monitoring",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `closed` when *Notify on incident closure* is ticked in the policy.",
    guide=GUIDE,
    example=EXAMPLE,
    opens=opens,
)
