"""Pingdom's webhook, https://docs.solarwinds.com/pingdom: one check went down or came up."""

from oncall.incidents.values import Action
from oncall.intake.rules import ACTIONS, Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("check_name", "description"),
    identity={"pingdom_check": ("check_id",)},
    state=("current_state",),
    # UP and SUCCESS, which is that of transaction checks, among them
    states={word: action for word, action in ACTIONS.items() if action is not Action.TRIGGER},
    severity=("importance_level",),
    source=("check_params.hostname", "check_params.full_url"),
    class_=("check_type",),
    labels=("tags",),
    links={"check_params.full_url": "what is checked"},
    occurred_at=("state_changed_timestamp", "state_changed_utc_time"),
    untitled="Pingdom check without a name",
)
OWN = frozenset({"check_params", "check_type", "state_changed_timestamp", "first_probe"})
TOLD = ("hostname", "full_url", "port", "ipv6", "basic_auth")
"""What is told of a check's parameters: not `header`, which may hold a password; `basic_auth` is whether there is one."""


def knows(value: object, _: Received) -> bool:
    """By its check and the states before and after, and a name that only Pingdom has."""
    return isinstance(value, dict) and {"check_id", "current_state", "previous_state"} <= value.keys() and not OWN.isdisjoint(value.keys())


def read(value: object, _: Received) -> list[Reading]:
    """One event; the check's id is its identity."""
    if not isinstance(value, dict) or "current_state" not in value:
        raise Unreadable("it has no current_state")
    said = value.get("check_params")
    told = {name: said[name] for name in TOLD if name in said} if isinstance(said, dict) else None
    if told and not isinstance(told.get("basic_auth", False), bool):
        told.pop("basic_auth")
    return [read_fields({**value, "check_params": told}, FIELDS)]


GUIDE = """
In Pingdom: **Integrations → Integrations → Add integration**, type *Webhook*, URL `{url}`. Then tick the integration under *Connect
integrations* of each check that shall page.

`DOWN`, and `FAILING` of a transaction check, trigger. A check is known by its `check_id`; severity is its importance: *high* is an error,
*low* is info, and where Pingdom sends none it is unknown, which pages like an error.
"""

EXAMPLE = """{
  "check_id": 4200, "check_name": "Shop", "check_type": "HTTP", "importance_level": "HIGH", "previous_state": "UP", "current_state": "DOWN",
  "state_changed_timestamp": 1772334720, "description": "HTTP error 503", "tags": ["shop"],
  "check_params": {"hostname": "shop.example.com", "full_url": "https://shop.example.com/"}
}"""

DIALECT = Dialect(
    type=IntegrationType.PINGDOM,
    name="Pingdom",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends `UP` (`SUCCESS` for transaction checks).",
    guide=GUIDE,
    example=EXAMPLE,
)
