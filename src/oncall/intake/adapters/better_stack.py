"""Better Stack's outgoing webhooks, https://betterstack.com/docs/uptime/webhooks/: an incident, in the shape of JSON:API.

Those of its Errors, https://betterstack.com/docs/errors/integrations/outgoing-webhooks/, have that shape as well.
"""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, instant_of, read_fields, said_at, text_of, title_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

AT = "data.attributes"
SINCE = {Action.TRIGGER: "started_at", Action.ACKNOWLEDGE: "acknowledged_at", Action.RESOLVE: "resolved_at"}

FIELDS = Fields(
    title=(f"{AT}.name", f"{AT}.pronounceable_name", f"{AT}.cause", f"{AT}.url"),
    identity={"better_stack_incident": ("data.id",)},
    state=("event", f"{AT}.status"),
    # Validating is an incident whose recovery is being watched: not over yet
    states={"acknowledged": Action.ACKNOWLEDGE, "resolved": Action.RESOLVE},
    ignored={"unconfirmed": "the incident is not confirmed yet", "comment": "a comment on an incident is no alert"},
    source=(f"{AT}.url",),
    group=(f"{AT}.team_name",),
    links={
        f"{AT}.origin_url": "Better Stack",
        f"{AT}.url": "what is checked",
        f"{AT}.response_url": "response",
        f"{AT}.screenshot_url": "screenshot",
    },
    untitled="Better Stack incident without a name",
)
ERROR = Fields(
    title=(f"{AT}.error_message", f"{AT}.error_type"),
    identity={"better_stack_error": ("data.id",)},
    state=(f"{AT}.event",),
    # Whoever ignores an error asks not to hear of it
    states={"resolved": Action.RESOLVE, "ignored": Action.RESOLVE},
    component=(f"{AT}.application_name",),
    class_=(f"{AT}.error_type",),
    links={f"{AT}.error_url": "Better Stack"},
    untitled="Better Stack error without a message",
)


def knows(value: object, _: Received) -> bool:
    """By the attributes of an incident, of a monitor that somebody changed, or of an error."""
    attributes = said_at(value, (AT,))
    return isinstance(attributes, dict) and (
        {"cause", "started_at"} <= attributes.keys()
        or "pronounceable_name" in attributes
        or {"application_id", "error_type", "error_message"} <= attributes.keys()
    )


def read(value: object, _: Received) -> list[Reading]:
    """One event; a webhook that is about a monitor's settings or about who is on call is about nothing broken."""
    if not isinstance(value, dict) or not isinstance(said_at(value, (AT,)), dict):
        raise Unreadable("it has no data with attributes")
    kind = word_at(value, ("data.type",))
    if kind in ("error", "release"):
        return [_read_error(value) if kind == "error" else _read_release(value)]
    reading = read_fields(value, FIELDS)
    if kind == "monitor" or kind.startswith("on_call"):
        why = "a monitor was changed" if kind == "monitor" else "somebody else is on call in Better Stack"
        return [replace(reading, action=Action.IGNORE, dedup_key=None, reason=why)]
    name, cause = (text_of(said_at(value, (path,))) for path in (f"{AT}.name", f"{AT}.cause"))
    return [
        replace(
            reading,
            summary=title_of(": ".join(filter(None, (name, cause)))) or reading.summary,
            occurred_at=instant_of(said_at(value, (f"{AT}.{SINCE.get(reading.action, 'started_at')}",))),
        )
    ]


def _read_error(value: Mapping[str, object]) -> Reading:
    reading = read_fields(value, ERROR)
    words = (text_of(said_at(value, (f"{AT}.{name}",))) for name in ("error_type", "error_message"))
    return replace(reading, summary=title_of(": ".join(filter(None, words))) or reading.summary)


def _read_release(value: Mapping[str, object]) -> Reading:
    reading = read_fields(value, ERROR)
    return replace(reading, action=Action.CHANGE, summary=title_of(f"release of {reading.component or 'an application'}"), dedup_key=None)


GUIDE = """
In Better Stack: **Integrations → Exporting data → Outgoing webhooks → Configure**. Choose the type *Incident*, enter `{url}` as the webhook
URL, and leave started, acknowledged and resolved all on.

An incident is known by its number. An acknowledgement in Better Stack acknowledges here too. Better Stack knows no severity. Webhooks of
the other types (monitor, on-call contact) are recorded and page nobody.

For errors: **Errors → Outgoing webhooks → Error webhook → Add**, with the same URL and all events. An error is known by its id; *Resolved*
and *Ignored* resolve, anything else triggers.
"""

EXAMPLE = """{
  "event": "started",
  "data": {
    "id": "770011", "type": "incident",
    "attributes": {"name": "Shop", "url": "https://shop.example.com/", "http_method": "get", "cause": "Status 503", "status": "Started",
      "team_name": "Shop", "started_at": "2026-03-01T03:12:00.000Z", "acknowledged_at": null, "resolved_at": null},
    "relationships": {"monitor": {"data": {"id": "4200", "type": "monitor"}}}
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.BETTER_STACK,
    name="Better Stack",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the event `resolved` for the incident or the error.",
    guide=GUIDE,
    example=EXAMPLE,
)
