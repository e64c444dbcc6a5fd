"""Rollbar's webhook, https://docs.rollbar.com/docs/webhooks: news of an item, and deploys."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, instant_of, links_of, one_line, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

EVENTS = frozenset({
    "new_item", "occurrence", "exp_repeat_item", "item_velocity", "reactivated_item", "reopened_item", "resolved_item", "deploy", "test",
})  # fmt: skip

FIELDS = Fields(
    title=("data.item.title", "data.message"),
    identity={"rollbar_item_id": ("data.item.id",)},
    state=("event_name",),
    states={"resolved_item": Action.RESOLVE},
    severity=("data.item.level", "data.item.last_occurrence.level", "data.occurrence.level"),
    severities={
        "50": Severity.CRITICAL,
        "40": Severity.ERROR,
        "30": Severity.WARNING,
        "20": Severity.INFO,
        "10": Severity.INFO,
    },
    source=("data.item.last_occurrence.server.host", "data.occurrence.server.host"),
    group=("data.item.environment",),
    class_=("data.item.last_occurrence.language", "data.occurrence.language"),
    links={"data.url": "item in Rollbar", "data.item.url": "item in Rollbar"},
    occurred_at=("data.item.last_occurrence_timestamp", "data.occurrence.timestamp"),
    untitled="item without a title",
)

KEPT = {
    "event": "event_name",
    "counter": "data.item.counter",
    "total occurrences": "data.item.total_occurrences",
    "occurrences": "data.occurrences",
    "trigger": "data.trigger",
    "first occurred at": "data.item.first_occurrence_timestamp",
    "resolved in version": "data.item.resolved_in_version",
    "project id": "data.item.project_id",
}
"""What is kept of an item. Not its occurrences, which hold the project's access token."""


def read(value: object, _: Received) -> list[Reading]:
    """One event; an item's id is its identity, a deploy is a change."""
    said: Mapping[str, object] = value if isinstance(value, dict) else {}
    match said:
        case {"event_name": "deploy", "data": {"deploy": dict(deploy)}}:
            return [_read_deploy(deploy)]
        case {"event_name": _, "data": dict()}:
            return [_read_error(said)]
        case _:
            raise Unreadable("it has no event_name with data")


def _read_error(value: Mapping[str, object]) -> Reading:
    reading = read_fields(value, FIELDS)
    id = text_of(said_at(value, ("data.item.id",)))
    built = links_of([(f"https://rollbar.com/item/{id}", "item in Rollbar")] if id.isdecimal() else [])
    details = {name: said for name, path in KEPT.items() if (said := said_at(value, (path,))) is not None}
    return replace(reading, links=reading.links or built, details=details)


def _read_deploy(deploy: Mapping[str, object]) -> Reading:
    environment = one_line(deploy.get("environment"))
    return Reading(
        Action.CHANGE,
        one_line(f"deploy of {text_of(deploy.get('revision')) or 'a revision'} to {environment or 'an environment'}"),
        group=environment,
        occurred_at=instant_of(deploy.get("finish_time") or deploy.get("start_time")),
        details={"deploy": deploy},
    )


def knows(value: object, _: Received) -> bool:
    """By the name of one of its events, and what such an event is about."""
    if not isinstance(value, dict) or not isinstance(event := value.get("event_name"), str) or event not in EVENTS:
        return False
    inner = value.get("data")
    return isinstance(inner, dict) and ("item" in inner or "deploy" in inner or (event == "test" and "message" in inner))


GUIDE = """
In Rollbar: **Settings → Notifications → Webhook** of the project, URL `{url}`, *Enable Webhook Integration*. Then keep the rules that
shall page: *New Item*, *Item Reactivated*, *Item Reopened*, *High Occurrence Rate*, *10^nth Occurrence*; and keep **Item Resolved**, so
that what is resolved there is resolved here. *Deploy* is recorded as a change and pages nobody.

An item is one alert, by its id; its level is the severity (debug and info count as info). Without *Item Resolved* nothing is ever over.
"""

EXAMPLE = """{
  "event_name": "new_item",
  "data": {"item": {
    "id": 4200, "counter": 42, "project_id": 7, "title": "TimeoutError: payment provider", "level": 40, "status": 1,
    "environment": "production", "total_occurrences": 1, "last_occurrence_timestamp": 1772334720,
    "last_occurrence": {"level": "error", "language": "python", "server": {"host": "shop-1"}}
  }}
}"""

DIALECT = Dialect(
    type=IntegrationType.ROLLBAR,
    name="Rollbar",
    group="Errors and code",
    read=read,
    knows=knows,
    resolves="Sends `resolved_item` if the rule *Item Resolved* is there.",
    guide=GUIDE,
    example=EXAMPLE,
)
