"""Airbrake's webhook, https://docs.airbrake.io/docs/integrations/webhooks/: an error that is new, or came back after it was resolved."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.intake.rules import Fields, read_fields, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("error.error_message",),
    identity={"airbrake_error_id": ("error.id",)},
    component=("error.project.name",),
    group=("error.environment",),
    class_=("error.error_class",),
    links={"airbrake_error_url": "error in Airbrake"},
    occurred_at=("error.last_occurred_at", "error.first_occurred_at"),
)

KEPT = ("file", "line_number", "times_occurred", "first_occurred_at", "error_message")


def read(value: object, _: Received) -> list[Reading]:
    """One event; the error's id is its identity."""
    if not isinstance(value, dict) or not isinstance(error := value.get("error"), dict):
        raise Unreadable("it has no error")
    kept = {name: said for name in KEPT if (said := error.get(name))}
    return [replace(read_fields(value, FIELDS), summary=title_of_error(error, "error_message"), details=kept)]


def title_of_error(error: Mapping[str, object], message: str) -> str:
    """`Class: message`, and the class once where the message begins with it."""
    said, name = text_of(error.get(message)), text_of(error.get("error_class"))
    title = said if said.startswith(name) else f"{name}: {said}".removesuffix(": ")
    return title_of(title) or "error without a message"


def knows(value: object, _: Received) -> bool:
    """By the name of its address."""
    return isinstance(value, dict) and "airbrake_error_url" in value and isinstance(value.get("error"), dict)


GUIDE = """
In Airbrake: **Settings → Integrations → Webhooks** of the project:

* *URL* `{url}`, *Enabled*;
* only the environments that shall page.

Airbrake sends an error once when it is new and once when it comes back after it was resolved. It has no severity, and an error is one
alert by its id. It tells nobody when an error is resolved.
"""

EXAMPLE = """{
  "error": {
    "id": "1234567890123456789", "error_class": "TimeoutError", "error_message": "payment provider", "file": "checkout.py",
    "line_number": 42, "project": {"id": 4200, "name": "Shop"}, "environment": "production", "times_occurred": 1,
    "first_occurred_at": "2026-03-01T03:12:00Z", "last_occurred_at": "2026-03-01T03:12:00Z"
  },
  "airbrake_error_url": "https://example.airbrake.io/projects/4200/groups/1234567890123456789"
}"""

DIALECT = Dialect(
    type=IntegrationType.AIRBRAKE,
    name="Airbrake",
    group="Errors and code",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)
