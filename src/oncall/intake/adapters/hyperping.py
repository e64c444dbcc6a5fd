"""Hyperping's webhook, https://hyperping.com/docs/integrations/webhooks: one check went down or came up."""

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("check.name", "check.url"),
    key=("check.monitorUuid",),
    identity={"hyperping_url": ("check.url",)},
    state=("event",),  # check.down, beside it, has been seen to disagree
    states={"check.up": Action.RESOLVE},
    source=("check.url",),
    links={"check.url": "what is checked"},
    occurred_at=("check.date",),
    untitled="Hyperping check without an address",
)


def knows(value: object, _: Received) -> bool:
    """By an event about a check that has an address and says whether it is down."""
    match value:
        case {"event": str(event), "check": {"url": _, "down": _}}:
            return event.startswith("check.")
        case _:
            return False


def read(value: object, _: Received) -> list[Reading]:
    """One event; older webhooks have no monitorUuid, and their check is known by its address."""
    if not isinstance(value, dict) or not isinstance(value.get("check"), dict) or "event" not in value:
        raise Unreadable("it has no event about a check")
    return [read_fields(value, FIELDS)]


GUIDE = """
In Hyperping: **Integrations → Webhooks → Connect**, and paste `{url}`.

The event decides: `check.down` triggers, `check.up` resolves. A check is known by `monitorUuid`, where there is none by its address.
Hyperping knows no severity. To try it, make a monitor of an address that answers 404.
"""

EXAMPLE = """{
  "event": "check.down",
  "check": {"monitorUuid": "mon_0000000000Shop", "url": "https://shop.example.com/", "status": 503, "down": true, "date": 1772334720000,
    "downtime": 1},
  "pings": [{"original": true, "location": "paris", "status": 503, "statusMessage": "Service Unavailable"}]
}"""

DIALECT = Dialect(
    type=IntegrationType.HYPERPING,
    name="Hyperping",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the event `check.up`.",
    guide=GUIDE,
    example=EXAMPLE,
)
