"""Insping's webhook, which Freshping, as it is called now, still sends: the state of one check.

https://support.freshping.io
"""

from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

SAYS = "webhook_event_data"

FIELDS = Fields(
    title=(f"{SAYS}.check_name", f"{SAYS}.application_name", f"{SAYS}.request_url"),
    # An application may have several checks: one that is well says nothing of the others
    identity={"insping_application": (f"{SAYS}.application_id",), "insping_check": (f"{SAYS}.check_id",)},
    state=(f"{SAYS}.check_state_name",),
    states={"available": Action.RESOLVE},
    ignored={"paused": "the check is paused"},
    source=(f"{SAYS}.request_url",),
    group=("organization_name",),
    links={f"{SAYS}.request_url": "what is checked"},
    occurred_at=(f"{SAYS}.request_start_time", "webhook_event_created_on"),
    untitled="Insping check without a name",
)


def knows(value: object, _: Received) -> bool:
    """By the state of a check in the data of its event."""
    said = said_at(value, (SAYS,))
    return isinstance(said, dict) and {"check_state_name", "application_id"} <= said.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event; its number is that of the delivery."""
    if not isinstance(value, dict) or not isinstance(value.get(SAYS), dict):
        raise Unreadable("it has no webhook_event_data")
    number = text_of(said_at(value, ("webhook_event_id",)))
    return [replace(read_fields(value, FIELDS), delivery_id=f"insping:{number}" if number else "")]


GUIDE = """
In Freshping (once Insping): **Settings → Integrations → Webhook**, *Callback URL* `{url}`, events *Up* and *Down*, for the checks that
shall page.

A check is known by the numbers of its application and its own; *Available* is well, *Not Responding* and *Reporting Error* are not.
Freshping knows no severity.
"""

EXAMPLE = """{
  "webhook_type": "AL", "webhook_id": 4, "webhook_event_id": 770011, "organization_id": 3, "organization_name": "Example",
  "webhook_event_created_on": "2026-03-01T03:12:01+00:00",
  "webhook_event_data": {"application_id": 42, "application_name": "Shop", "check_id": 4200, "check_state_name": "Not Responding",
    "request_url": "https://shop.example.com/", "request_start_time": "2026-03-01T03:12:00+00:00", "http_status_code": null}
}"""

DIALECT = Dialect(
    type=IntegrationType.INSPING,
    name="Freshping (Insping)",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the state *Available*.",
    guide=GUIDE,
    example=EXAMPLE,
)
