"""Uptime.com's webhook, https://support.uptime.com/hc/en-us/articles/115002560845: an alert on one check was raised or cleared.

The legacy payload, which an account may still send, is flat.
"""

from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, read_fields, said_at, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("data.service.display_name", "data.service.name", "check_name", "data.service.msp_address", "check_url"),
    identity={"uptime_com_check": ("data.service.id", "check_id")},
    state=("event", "state"),  # is_up, inside, has been seen to disagree
    states={"alert_cleared": Action.RESOLVE, "up": Action.RESOLVE, "ok": Action.RESOLVE},
    severity=("data.alert.state",),
    source=("data.device.address", "data.service.msp_address", "check_url"),
    group=("data.account.name",),
    class_=("data.service.monitoring_service_type", "check_type"),
    labels=("data.service.tags", "tags"),
    links={
        "data.links.alert_details": "alert",
        "data.links.real_time_analysis": "analysis",
        "check_url": "what is checked",
    },
    occurred_at=("data.date", "data.alert.created_at"),
    untitled="Uptime.com check without a name",
)
OUTPUT = ("data.alert.short_output", "output")
TOLD = ("alert", "global_alert_state", "locations", "downtime")
"""Not the integration, which holds its own address and headers, nor the settings of the check."""


def knows(value: object, _: Received) -> bool:
    """By an alert that was raised or cleared for a service with a number; the legacy payload by the address of its check in the API."""
    match value:
        case {"event": str(event), "data": {"service": {"id": _}}}:
            return event.startswith("alert_")
        case {"check_uptime_api_url": _, "check_id": _, "state": _}:
            return True
        case _:
            return False


def read(value: object, _: Received) -> list[Reading]:
    """One event; its title is the check and what its test put out."""
    if not isinstance(value, dict) or not (isinstance(said_at(value, ("data.service",)), dict) or {"check_id", "state"} <= value.keys()):
        raise Unreadable("it has neither data with a service nor a check_id with a state")
    reading = read_fields(value, FIELDS)
    output = text_of(said_at(value, OUTPUT))
    said = value.get("data")
    return [
        replace(
            reading,
            summary=title_of(f"{reading.summary}: {output}" if output else reading.summary),
            details={name: said[name] for name in TOLD if said.get(name)} if isinstance(said, dict) else reading.details,
        )
    ]


GUIDE = """
In Uptime.com: **Notifications → Integrations → New Profile → Custom Postback URL (Webhook)**, *Postback URL* `{url}`, and choose the
contact group of the checks that shall page. Leave *Use legacy payload* off (it is read as well).

The event decides: `alert_raised` triggers, `alert_cleared` resolves. A check is known by its number. Severity is the alert's state,
`CRITICAL` or `WARNING`; the legacy payload has none.
"""

EXAMPLE = """{
  "event": "alert_raised",
  "data": {
    "service": {"id": 4200, "name": "Shop", "display_name": "Shop", "monitoring_service_type": "HTTP", "tags": ["shop"],
      "msp_address": "https://shop.example.com/"},
    "account": {"id": 3, "name": "Example"}, "date": "2026-03-01T03:12:00.000Z", "locations": ["US East", "Ireland"],
    "alert": {"id": 770011, "state": "CRITICAL", "short_output": "HTTP 503 in 0.2 s", "is_up": false},
    "links": {"alert_details": "https://uptime.com/alerting/alert-history/770011"}
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.UPTIME_COM,
    name="Uptime.com",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the event `alert_cleared`.",
    guide=GUIDE,
    example=EXAMPLE,
)
