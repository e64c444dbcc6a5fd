"""Raygun's webhooks: errors, and what became of them.

https://raygun.com/documentation/product-guides/crash-reporting/integrations/webhooks/
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, named_key, read_fields, said_at, text_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("error.message",),
    state=("state",),
    # Whoever ignores an error asks not to hear of it.
    states=dict.fromkeys(("resolved", "ignored", "permanentlyignored", "permanently ignored"), Action.RESOLVE),
    ignored={"commentadded": "a comment on an error is no alert", "assignedtouser": "the error was assigned to somebody"},
    component=("application.name",),
    labels=("error.instance.tags",),
    links={"error.url": "error in Raygun", "application.url": "application in Raygun"},
    occurred_at=("error.activityDate", "error.lastOccurredOn", "error.firstOccurredOn"),
)

HOST = re.compile(r"(?i)https?://[^/?#]*")
REST = re.compile(r"[?#].*", re.DOTALL)
LEFT_OUT = ("url", "message", "instance")
"""Members of an error that are no details: an instance holds who was affected."""


def read(value: object, _: Received) -> list[Reading]:
    """One event. An error has no id but its address, whose host is not the same in all of Raygun's messages.

    Its status is what became of it only where that is what is told: an error that came back may still be called `Resolved`.
    """
    if not isinstance(value, dict) or not isinstance(error := value.get("error"), dict):
        raise Unreadable("it has no error")
    event = word_at(value, ("eventType",))
    reading = read_fields({**value, "state": word_at(error, ("status",)) if event == "statuschanged" else event}, FIELDS)
    return [
        replace(
            reading,
            summary=reading.summary if word_at(error, ("message",)) else f"error in {reading.component or 'an application'}",
            dedup_key=_key(error),
            details={name: said for name, said in {**_kept(error), "event": value.get("eventType")}.items() if said},
        )
    ]


def _key(error: Mapping[str, object]) -> str | None:
    return named_key({"raygun_error": REST.sub("", HOST.sub("", text_of(said_at(error, ("url",))))).rstrip("/")})


def _kept(error: Mapping[str, object]) -> Mapping[str, object]:
    return {name: said for name, said in error.items() if name not in LEFT_OUT}


def knows(value: object, _: Received) -> bool:
    """By an event and its type about an error of an application."""
    match value:
        case {"event": str(event), "eventType": _, "error": dict(), "application": dict()}:
            return event.startswith("error_")
        case _:
            return False


GUIDE = """
In Raygun: open the application, **Integrations → Webhook**, URL `{url}`, and tick *New error occurred*, *Error reoccurred* and the
follow-ups that shall page, and **Status changed**, so that what is resolved there is resolved here.

`Resolved`, `Ignored` and `PermanentlyIgnored` resolve; `Active`, a new error, one that came back and follow-ups trigger; comments and
assignments are ignored. Raygun has no severity. An error is known by its address.
"""

EXAMPLE = """{
  "event": "error_notification", "eventType": "NewErrorOccurred",
  "error": {
    "url": "https://app.raygun.com/crashreporting/4200/errors/42", "message": "TimeoutError: payment provider", "usersAffected": 3,
    "totalOccurrences": 7, "firstOccurredOn": "2026-03-01T03:12:00Z", "lastOccurredOn": "2026-03-01T03:13:00Z",
    "instance": {"tags": ["checkout"]}
  },
  "application": {"name": "Shop", "url": "https://app.raygun.com/dashboard/4200"}
}"""

DIALECT = Dialect(
    type=IntegrationType.RAYGUN,
    name="Raygun",
    group="Errors and code",
    read=read,
    knows=knows,
    resolves="Sends *Status changed* with `Resolved` or `Ignored`.",
    guide=GUIDE,
    example=EXAMPLE,
)
