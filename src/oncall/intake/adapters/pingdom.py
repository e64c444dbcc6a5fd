"""Pingdom's webhook, https://docs.solarwinds.com/pingdom: one check went down or came up."""

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("check_name", "description"),
    identity={"check_id": ("check_id",)},
    state=("current_state",),
    # FAILING and SUCCESS are those of transaction checks
    states={"up": Action.RESOLVE, "success": Action.RESOLVE},
    severity=("importance_level",),
    source=("check_params.hostname", "check_params.full_url"),
    class_=("check_type",),
    labels=("tags",),
    links={"check_params.full_url": "what is checked"},
    occurred_at=("state_changed_timestamp", "state_changed_utc_time"),
)


def knows(value: object, _: Received) -> bool:
    """By its check and the states before and after."""
    return isinstance(value, dict) and {"check_id", "current_state", "previous_state"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event; the check's id is its identity."""
    if not isinstance(value, dict) or "current_state" not in value:
        raise Unreadable("it has no current_state")
    return [read_fields(value, FIELDS)]


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
