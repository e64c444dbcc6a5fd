"""Rackspace Monitoring's webhook, https://docs.rackspace.com/docs/rackspace-monitoring: an alarm changed its state."""

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("alarm.label", "check.label", "details.status"),
    identity={"rackspace_alarm": ("alarm.id",), "entity": ("entity.id",)},
    state=("details.state",),
    states={"ok": Action.RESOLVE},
    severity=("details.state",),
    severities={"critical": Severity.CRITICAL, "warning": Severity.WARNING},
    source=("entity.label", "details.target"),
    component=("check.label",),
    class_=("check.type",),
    links={"dashboard_link": "dashboard", "check.details.url": "what is checked"},
    occurred_at=("details.timestamp",),
    untitled="alarm without a name",
    delivery_id=("log_entry_id",),
)


def knows(value: object, _: Received) -> bool:
    """By an alarm of an entity, and the entry in the log."""
    if not isinstance(value, dict) or not isinstance(value.get("details"), dict):
        return False
    return {"log_entry_id", "entity", "check", "alarm"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event; alarm and entity together are its identity. `status` is what the alarm's author wrote, `state` what it is."""
    if not isinstance(value, dict) or not isinstance(value.get("details"), dict):
        raise Unreadable("it has no details")
    return [read_fields(value, FIELDS)]


GUIDE = """
In Rackspace Intelligence: **Notify → Create Notification**, type *Webhook*, address `{url}`. Put it into a notification plan, for the
states *Critical*, *Warning* and *OK*, and use the plan in the alarms.

`OK` resolves; `CRITICAL` and `WARNING` trigger, and are the severity. An alert is known by its alarm and its entity.
"""

EXAMPLE = """{
  "event_id": "acEvent42", "log_entry_id": "6da55310-0000-11ec-8000-000000000042", "tenant_id": "4200",
  "details": {"target": "shop.example.com", "timestamp": 1772334720000, "state": "CRITICAL", "status": "HTTP server responds with 503"},
  "entity": {"id": "enShop42", "label": "shop"}, "check": {"id": "chShop42", "label": "Web", "type": "remote.http"},
  "alarm": {"id": "alShop42", "label": "Status code", "entity_id": "enShop42", "check_id": "chShop42"},
  "dashboard_link": "https://intelligence.rackspace.com/cloud/entities/enShop42"
}"""

DIALECT = Dialect(
    type=IntegrationType.RACKSPACE,
    name="Rackspace Monitoring",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `OK` if the notification plan has the webhook for that state.",
    guide=GUIDE,
    example=EXAMPLE,
)
