"""Fastly's alert integrations, https://www.fastly.com/documentation/guides/observability/alerts/managing-alert-integrations."""

import re
from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, named_key, read_fields, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("title", "description"),
    state=("triggered",),
    states={"false": Action.RESOLVE},
    source=("service_id",),
    links={"history_ui": "alert", "definition_ui": "definition"},
    occurred_at=("start",),
)
# Only addresses name the definition: …/definitions/ID, …/history/ID, …?definition_id=ID
DEFINITION = re.compile(r"(?:/definitions/|/history/|[?&]definition_id=)(?P<id>[\w-]+)")
ADDRESSES = ("definition_api", "definition_ui", "history_ui", "history_api")


def knows(value: object, _: Received) -> bool:
    """By whether it is triggered, and the address of its definition."""
    return isinstance(value, dict) and "triggered" in value and ("definition_ui" in value or "definition_api" in value)


def read(value: object, _: Received) -> list[Reading]:
    """One event; `triggered` is its state, the alert's definition its identity."""
    if not isinstance(value, dict) or "triggered" not in value:
        raise Unreadable("it does not say whether it is triggered")
    return [replace(read_fields(value, FIELDS), dedup_key=_key(value))]


def _key(value: Mapping[str, object]) -> str | None:
    found = (DEFINITION.search(text_of(value.get(name))) for name in ADDRESSES)
    return next((named_key({"fastly_definition_id": definition["id"]}) for definition in found if definition), None)


GUIDE = """
In the Fastly control panel: **Observability → Alerts → Integrations → Add alert integration → Webhook**, URL `{url}`. Then choose the
integration in each alert definition.

`triggered: true` triggers, `false` resolves. An alert is known by its definition. Fastly has no severity.
"""

EXAMPLE = """{
  "version": "v1", "triggered": true, "title": "[FIRING] Origin errors on shop", "description": "status_5xx above 100",
  "start": "2026-03-01T03:12:00Z", "definition_ui": "https://manage.fastly.com/observability/alerts/definitions/42shop/edit",
  "definition_api": "https://api.fastly.com/alerts/definitions/42shop",
  "history_ui": "https://manage.fastly.com/observability/alerts/history/42shop?id=1"
}"""

DIALECT = Dialect(
    type=IntegrationType.FASTLY,
    name="Fastly",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `triggered: false`.",
    guide=GUIDE,
    example=EXAMPLE,
)
