"""Apprise's json://, form:// and xml:// notifications, https://github.com/caronc/apprise/wiki/Notify_Custom_JSON."""

import re

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import ACTIONS, Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

TITLE = ("title", "Subject", "message", "Message")
TYPE = ("type", "MessageType")

FIELDS = Fields(
    title=TITLE,
    # What the user adds with `:name=value` to Apprise's address; Apprise itself has no identity.
    key=("dedup_key",),
    state=("status", "state", "action"),
    states={word: action for word, action in ACTIONS.items() if action is not Action.TRIGGER},
    # `success` is a kind of message; it does not say that anything is over.
    severity=TYPE,
    severities={
        "failure": Severity.ERROR,
        "warning": Severity.WARNING,
        "info": Severity.INFO,
        "success": Severity.INFO,
    },
    source=("host", "source"),
    untitled="notification without a title",
)
OF_XML = {"Version", "Subject", "Message", "MessageType"}
OF_JSON = {"version", "title", "message", "type"}
OF_OTHERS = frozenset({"status", "state", "action", "event_type", "event_action", "incident_key", "severity"})
"""Words that Apprise never says: who has them either speaks for himself, or added them to Apprise's address."""
VERSION = re.compile(r"\d\.\d")
TYPES = ("failure", "warning", "info", "success")


def knows(value: object, _: Received) -> bool:
    """By its version, title, message and one of the four types, and nothing that others say; in XML by their names there."""
    if not isinstance(value, dict) or not OF_OTHERS.isdisjoint(value.keys()):
        return False
    version, type = (value["Version"], value["MessageType"]) if value.keys() >= OF_XML else (value.get("version"), value.get("type"))
    named = value.keys() >= OF_XML or value.keys() >= OF_JSON
    return named and isinstance(version, str) and bool(VERSION.fullmatch(version)) and type in TYPES


def read(value: object, _: Received) -> list[Reading]:
    """One event; attachments are left out, they hold whole files."""
    if not isinstance(value, dict) or value.keys().isdisjoint(TITLE):
        raise Unreadable("it has neither a title nor a message")
    body = {name: said for name, said in value.items() if name not in {"attachments", "Attachments", "xsi", "version", "Version"}}
    return [read_fields(body, FIELDS)]


GUIDE = """
Any of these addresses, in whatever uses Apprise (`json://` for plain http, `jsons://` for https; the same for `form` and `xml`):

```sh
apprise --notification-type=failure -t "Disk of db-1 is full" -b "/var is at 99 %" \\
  "jsons://ONCALL_HOST/intake/{key}?:dedup_key=db-1/disk"
```

`ONCALL_HOST` is the name of this server. `failure` is an error, `warning` a warning, `info` and `success` are information: none of them
says that a problem is over. Without a `:dedup_key=` in the address each message is an alert of its own. Whoever knows that it is over
adds `&:status=resolved` to the same address.
"""

EXAMPLE = """{"version": "1.0", "title": "Backup of db-1", "message": "pg_dump left with status 1", "attachments": [], "type": "failure"}"""

DIALECT = Dialect(
    type=IntegrationType.APPRISE,
    name="Apprise",
    group="Your own",
    read=read,
    knows=knows,
    resolves="Says nothing by itself: add `:status=resolved` to the address, or resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
    has_keys=True,
)
