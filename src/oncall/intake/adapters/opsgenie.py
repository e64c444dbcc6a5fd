"""Opsgenie's Alert API, https://docs.opsgenie.com/docs/alert-api: alerts are created with a body, everything else is a verb in the path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from oncall.incidents.values import Action
from oncall.intake.adapters import generic
from oncall.intake.rules import bounded_key, cut, labels_of, links_of, one_line, plain, said_at, severity_of, storable, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType


@dataclass(frozen=True, slots=True)
class Verb:
    """What the original calls a verb, and its end; what it does here, or why it does nothing yet."""

    name: str
    done: str
    action: Action
    reason: str = ""


_RECORDED = "it is recorded, and changes nothing here yet"
CREATE = Verb("Create", "Created alert", Action.TRIGGER)
PING = Verb("Ping", "PONG - Heartbeat received", Action.CHECK_IN)
VERBS = {
    "acknowledge": Verb("Acknowledge", "Acknowledged alert", Action.ACKNOWLEDGE),
    "close": Verb("Close", "Closed alert", Action.RESOLVE),
    "notes": Verb("AddNote", "Added note", Action.IGNORE, _RECORDED),
    "snooze": Verb("Snooze", "Snoozed alert", Action.IGNORE, _RECORDED),
    "tags": Verb("AddTags", "Added tags", Action.IGNORE, _RECORDED),
    "details": Verb("AddDetails", "Added details", Action.IGNORE, _RECORDED),
}
EDITS = {
    "message": Verb("UpdateMessage", "Updated message", Action.IGNORE, _RECORDED),
    "description": Verb("UpdateDescription", "Updated description", Action.IGNORE, _RECORDED),
    "priority": Verb("UpdatePriority", "Updated priority", Action.IGNORE, _RECORDED),
}
REMOVALS = {
    "tags": Verb("RemoveTags", "Removed tags", Action.IGNORE, _RECORDED),
    "details": Verb("RemoveDetails", "Removed details", Action.IGNORE, _RECORDED),
}
DELETE = Verb("Delete", "Deleted alert", Action.RESOLVE)
KEPT = ("description", "entity", "tags", "details", "responders", "visibleTo", "actions", "note", "user", "priority")
BY_NAME = {verb.name: verb for verb in (CREATE, PING, DELETE, *VERBS.values(), *EDITS.values(), *REMOVALS.values())}
NOT_OPSGENIE = {"alert", "resolved", "severity", "level", *generic.STATE}
"""A body that says its state is somebody's own: Opsgenie's says only what is to be opened."""
ONLY_OPSGENIE = {"responders", "priority", "teams", "entity", "visibleTo"}
ON_ONE = re.compile(r"/v2/alerts/(?P<alias>.+)/(?P<verb>[a-z]+)/?(?:\?.*)?$")
PINGED = re.compile(r"/v2/heartbeats/(?P<name>[^/]+)/ping/?$")


def knows(value: object, received: Received) -> bool:
    """By the path; a body alone by a message with an alias, responders or a priority of Opsgenie's."""
    if not isinstance(value, dict):
        return False
    if "/v2/alerts" in received.path and "/api/v2/alerts" not in received.path:  # that one is Prometheus'
        return True
    names = value.keys()
    return {"message", "alias"} <= names and not names.isdisjoint(ONLY_OPSGENIE) and _says_no_state(value)


def _says_no_state(value: Mapping[str, object]) -> bool:
    return {plain(name) for name in value}.isdisjoint(NOT_OPSGENIE)


def read(value: object, received: Received) -> list[Reading]:
    """One event: a verb on the alert whose alias stands in the path, a check-in, or an alert as it is created."""
    said: Mapping[str, object] = value if isinstance(value, dict) else {}
    if (found := ON_ONE.search(received.path)) and found["verb"] in VERBS:
        return [read_verb(VERBS[found["verb"]], unquote(found["alias"]), said)]
    if pinged := PINGED.search(received.path):
        return [read_ping(unquote(pinged["name"]))]
    if "message" not in said:
        raise Unreadable("it has no message")
    if "/v2/alerts" not in received.path and not _says_no_state(said):
        raise Unreadable("it says a state, which Opsgenie's alerts do not")
    details, tags = labels_of(said.get("details")), said.get("tags")
    return [
        Reading(
            Action.TRIGGER,
            title_of(said.get("message")) or "alert without a message",
            dedup_key=text_of(said.get("alias")) or None,
            severity=severity_of(said.get("priority")),
            source=one_line(said.get("source")),
            component=one_line(said.get("entity")),
            labels=details | labels_of(tags if isinstance(tags, list) else None),
            links=links_of([*((text, name) for name, text in details.items()), (said.get("source"), "source")]),
            details={name: said[name] for name in KEPT if said.get(name)},
        )
    ]


def alias_of(said: str) -> str:
    """An alias as it is kept."""
    return bounded_key(storable(said))


def read_verb(verb: Verb, dedup_key: str | None, body: Mapping[str, object]) -> Reading:
    """What somebody does with the alert that has this key; None: there is none, and no other may be meant."""
    by, note = one_line(said_at(body, ("user", "source"))), one_line(body.get("note"))
    until = one_line(body.get("endTime"))
    said = " ".join(part for part in (verb.name, f"until {until}" if until else "", f"by {by}" if by else "") if part)
    summary = cut(f"{said}: {note}" if note else said, 1024)
    reason = f"{summary}; {verb.reason}" if verb.reason else ""
    return Reading(verb.action, summary, dedup_key=dedup_key, details=dict(body), reason=reason, by=by)


def read_ping(name: str) -> Reading:
    """A heartbeat's check-in."""
    said = one_line(storable(name))
    return Reading(Action.CHECK_IN, f"{PING.name} of heartbeat {said}", dedup_key=f"heartbeat={said}")


def verb_of(action: Action, summary: str) -> Verb:
    """The verb that made an event."""
    if action is Action.TRIGGER:
        return CREATE
    return BY_NAME.get(re.split(r"[ :]", summary, maxsplit=1)[0], CREATE)


GUIDE = """
Change the base URL from `https://api.opsgenie.com` to `{host}`, and the API key to the integration key; nothing else.

```sh
curl -sS {host}/v2/alerts -H 'Authorization: GenieKey {key}' -H 'Content-Type: application/json' \\
  -d '{"message": "Disk of db-1 is full", "alias": "db-1/disk", "priority": "P1"}'
curl -sS -X POST '{host}/v2/alerts/db-1%2Fdisk/close?identifierType=alias' -H 'Authorization: GenieKey {key}' -d '{}'
```

`alias` says which alert; `P1` is critical, `P2` error, `P3` warning, `P4` and `P5` info, and without a priority the severity is unknown,
which pages like an error. (If `P3` shall page as loudly, give the service urgency `high`.) Creating, getting, listing, acknowledging,
closing and the status of a request work as in the original; a list may be filtered by `status`, `alias`, `acknowledged`, `tinyId` and
words. Notes and snoozes are answered as by the original and recorded. The ping of a heartbeat checks in the
[heartbeat](../how-to/heartbeats.md) of that name in the service; where there is none it is recorded.
In Alertmanager: `opsgenie_configs` with `api_url: {host}/` and `api_key: {key}`.
"""

EXAMPLE = """{
  "message": "Disk of db-1 is full", "alias": "db-1/disk", "description": "/var is 97 % full", "priority": "P1", "entity": "db-1",
  "source": "cron", "tags": ["disk"], "details": {"mount": "/var"}, "responders": [{"type": "team", "name": "ops"}]
}"""

DIALECT = Dialect(
    type=IntegrationType.OPSGENIE,
    name="Opsgenie Alert API",
    group="Paging tools",
    read=read,
    knows=knows,
    resolves="`POST /v2/alerts/{alias}/close?identifierType=alias`.",
    guide=GUIDE,
    example=EXAMPLE,
    comes_again=True,
)
